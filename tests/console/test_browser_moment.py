"""The archive as a person meets it: in Chromium, by keyboard, on a phone, in the dark, to axe."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.conftest import ARTEFACTS, Start, end, log_in
from tests.lib.browser import screenshot, violations
from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi
from tests.lib.positions import DAY, before, write_archive, write_drill, write_position

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def console(start: Start, api: FakeApi, tmp_path: Path, store: Path) -> Console:
    write_archive(store)
    return start(KUBECONFIG=api.kubeconfig(tmp_path), CONSOLE_ARCHIVE="1")


def type_moment(page: Page, age: float) -> str:
    """Fill in a moment so long ago, and say how it is spelled."""
    moment = time.gmtime(time.time() - age)
    date, clock = time.strftime("%Y-%m-%d", moment), time.strftime("%H:%M:%S", moment)
    page.get_by_label("Date").fill(date)
    page.get_by_label("Time").fill(clock)
    return f"{date} {clock}+00"


def test_one_database_of_a_moment_is_brought_beside_the_present_one(
    page: Page, api: FakeApi
) -> None:
    log_in(page)
    page.get_by_role("link", name="Restore to a moment…").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Restore to a moment")
    moment = type_moment(page, 3 * DAY)
    page.get_by_label("Database").first.select_option("one")
    page.get_by_label("As another name").fill("one_before")
    page.get_by_role("button", name="Preview").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("running")
    api.pods, api.log = [{"metadata": {"name": "p"}, "status": {}}], "would restore one\n"
    expect(page.get_by_text("would restore one")).to_be_visible()
    end(api, "Complete")
    expect(page.get_by_role("heading", name="Restore for real")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("To confirm").fill(moment)
    page.get_by_role("button", name="Restore", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Restore to {moment}")
    command = api.jobs[-1]["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[2:] == ["--to-time", moment, "--database", "one", "--as", "one_before"]


def test_the_form_itself_and_then_the_console_keep_a_moment_within_the_window(
    page: Page, api: FakeApi
) -> None:
    log_in(page)
    page.goto("/moment")
    type_moment(page, 20 * DAY)
    page.get_by_role("button", name="Preview").click()
    assert page.url.endswith("/moment"), "the browser does not send a day before the first"
    type_moment(page, -300)  # of today, so the browser sends it
    page.evaluate("document.querySelector('#date').removeAttribute('max')")  # or of tomorrow
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("alert")).to_contain_text("lies after the newest commit known")
    assert api.jobs == []


def test_an_archive_that_needs_somebody_is_seen_at_once(page: Page, store: Path) -> None:
    write_position(store, canary=before(1200), waiting={"local": 0, "offsite": 70}, slot="extended")
    write_drill(store, "local", ok=False, why="it ends at 0/4000000, 0/5000000 is known to exist")
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("but its archive needs you")
    expect(page.get_by_text("did not come back in its last drill")).to_be_visible()
    expect(page.get_by_role("row", name="local")).to_contain_text("failed 12 h ago: it ends at")
    expect(page.get_by_role("row", name="offsite")).to_contain_text("70 segments")
    assert violations(page) == []
    screenshot(page, ARTEFACTS, "archive-failed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, console: Console, scheme: str, size: str
) -> None:
    context = browser.new_context(
        base_url=console.address,
        viewport=PHONE if size == "phone" else {"width": 1280, "height": 900},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    log_in(page)
    for shown, path in {"archive": "/", "moment": "/moment"}.items():
        page.goto(path)
        assert violations(page) == [], path
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overhang <= 0, f"{path} is {overhang} px too wide for a {size}"
        screenshot(page, ARTEFACTS, f"{shown}-{size}-{scheme}")
    context.close()


def test_without_scripts_it_works_as_well(browser: Browser, console: Console, api: FakeApi) -> None:
    context = browser.new_context(base_url=console.address, java_script_enabled=False)
    page = context.new_page()
    log_in(page)
    page.goto("/moment")
    moment = type_moment(page, DAY)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(f"restore to {moment}")
    assert api.jobs[0]["spec"]["template"]["spec"]["containers"][0]["command"][-1] == "--dry-run"
    context.close()
