"""A copy under another name, and a set that only a key opens, in Chromium."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import ARTEFACTS, Start, end, log_in
from tests.lib.browser import screenshot, violations
from tests.lib.console import Console
from tests.lib.fakeencrypted import add_encrypted
from tests.lib.kubeapi import FakeApi

SCRIPT = ["bash", "/backup-scripts/restore.sh"]


@pytest.fixture
def console(start: Start, api: FakeApi, tmp_path: Path) -> Console:
    return start(KUBECONFIG=api.kubeconfig(tmp_path))


def command(api: FakeApi) -> list[str]:
    found: list[str] = api.jobs[-1]["spec"]["template"]["spec"]["containers"][0]["command"]
    return found


def test_yesterday_s_data_beside_today_s_without_scripts(
    browser: Browser, console: Console, api: FakeApi, store: Path
) -> None:
    name = min(store.glob("backup_*")).name
    context = browser.new_context(base_url=console.address, java_script_enabled=False)
    page = context.new_page()
    log_in(page)
    page.goto(f"/sets/{name}")
    page.get_by_label("Database").select_option("one")
    page.get_by_label("Name of the copy").fill("One before")
    page.get_by_role("button", name="Preview the copy").click()
    assert page.url.endswith(f"/sets/{name}"), "the browser itself refuses a name that is none"
    assert api.jobs == []
    page.get_by_label("Name of the copy").fill("one_before")
    page.get_by_role("button", name="Preview the copy").click()
    expect(page.get_by_text("one_before, beside the present one")).to_be_visible()
    end(api, "Complete")
    page.get_by_role("link", name="Look again").click()
    page.get_by_label("To confirm").fill(name)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Restore of {name}")
    assert command(api) == [*SCRIPT, name, "--database", "one", "--as", "one_before"]
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_an_encrypted_set_is_marked_and_numbered(
    page: Page, store: Path, scheme: str, width: int
) -> None:
    name = add_encrypted(store, timedelta(minutes=10))
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    log_in(page)
    expect(page.get_by_role("row", name=name)).to_contain_text("encrypted")
    for at in ("/", f"/sets/{name}", f"/sets/{name}/restore"):
        page.goto(at)
        assert violations(page) == [], at
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, at
        screenshot(page, ARTEFACTS, f"encrypted-{at.count('/')}-{width}-{scheme}")
    page.goto(f"/sets/{name}")
    expect(page.get_by_role("heading", name="Database 2 of 3: names are encrypted")).to_be_visible()
