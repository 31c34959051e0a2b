"""The page as a person meets it: in Chromium, by keyboard, on a phone, in the dark, to axe."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.console.conftest import ARTEFACTS, Start, end, log_in
from tests.lib.browser import screenshot, violations
from tests.lib.console import TOKEN, Console, change_verdict
from tests.lib.kubeapi import FakeApi, job

PHONE = {"width": 360, "height": 740}


@pytest.fixture
def console(start: Start, api: FakeApi, tmp_path: Path) -> Console:
    api.jobs = [
        job("postgres-backup-verify-2", "postgres-backup-verify", 900, "Complete"),
        job("postgres-backup-2", "postgres-backup", 3600, "Complete"),
    ]
    budgets = {"CONSOLE_RPO_SECONDS": "86400", "CONSOLE_RTO_SECONDS": "3600"}
    return start(KUBECONFIG=api.kubeconfig(tmp_path), **budgets)


def newest(store: Path) -> str:
    return max(store.glob("backup_*")).name


def test_the_overview_says_that_the_data_is_safe(page: Page, store: Path) -> None:
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your data is safe")
    expect(page.get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("img", name="Timeline")).to_be_visible()
    expect(page.locator("rect")).to_have_count(3)
    _read_the_history_by_keyboard(page)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(min(store.glob("backup_*")).name)
    page.goto(f"/sets/{newest(store)}")
    expect(page.get_by_role("heading", name="one")).to_be_visible()
    expect(page.get_by_role("row", name="public.t 100")).to_be_visible()


def _read_the_history_by_keyboard(page: Page) -> None:
    """One stop of Tab a picture, the arrows from value to value; what has the focus is said."""
    page.get_by_role("link", name="History").click()
    sizes = page.get_by_role("group", name="Size").get_by_role("link")
    expect(sizes).to_have_count(3)
    _tab_to(page, "the table")
    page.keyboard.press("Tab")
    expect(sizes.nth(2)).to_be_focused()
    tips = page.locator(".chart .tip:visible")
    expect(tips).to_have_count(1)
    expect(tips).to_contain_text("38 B, verified")
    page.keyboard.press("ArrowLeft")
    expect(sizes.nth(1)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("group", name="Rows").get_by_role("link").nth(2)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Home")
    expect(sizes.nth(0)).to_be_focused()


def test_a_failed_state_is_seen_at_once(page: Page, api: FakeApi, store: Path) -> None:
    api.jobs.append(job("postgres-backup-3", "postgres-backup", 60, "Failed"))
    (store / "failed").mkdir()
    moved = (store / newest(store)).rename(store / "failed" / newest(store))
    reason = {"failed": "2026-01-01T00:00:00Z", "by": "verify.sh", "why": "one.sql: FAILED"}
    (moved / "failed.json").write_text(json.dumps(reason))
    log_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your data is not safe right now.")
    expect(page.get_by_text("did not verify and was set aside")).to_be_visible()
    expect(page.get_by_text("The last backup failed (postgres-backup-3).")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="2026-01-01 00:00 UTC")).to_contain_text(
        "one.sql: FAILED"
    )
    assert violations(page) == []
    screenshot(page, ARTEFACTS, "failed")
    page.get_by_role("link", name=moved.name).first.click()
    expect(page.get_by_text("What was found: one.sql: FAILED")).to_be_visible()
    assert violations(page) == []


def test_what_did_not_come_back_is_read_by_everybody(page: Page, store: Path) -> None:
    lost = {"database": "one", "kind": "index", "name": "public.i", "why": "ERROR: no such type"}
    change_verdict(store / newest(store), left_out=[lost])
    log_in(page)
    expect(page.get_by_text("came back, 1 object did not: index public.i.")).to_be_visible()
    expect(page.get_by_role("row", name=newest(store))).to_contain_text("1 object left out")
    page.goto(f"/sets/{newest(store)}")
    expect(page.get_by_role("row", name="one index public.i ERROR: no such type")).to_be_visible()
    assert violations(page) == []


def test_a_set_is_pinned_and_released_by_its_buttons(page: Page, api: FakeApi, store: Path) -> None:
    name, word = newest(store), store / newest(store) / "pinned.json"
    for button, other, is_pinned in (
        ("Pin", "Remove the pin", True),
        ("Remove the pin", "Pin", False),
    ):
        if is_pinned:
            log_in(page)
        page.goto(f"/sets/{name}")
        assert violations(page) == []
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("running")
        word.write_text(json.dumps({"set": name, "pinned": is_pinned}))  # as pin.sh does
        end(api, "Complete")
        expect(page.get_by_role("status")).to_contain_text("done")
        page.goto(f"/sets/{name}")
        expect(page.get_by_role("button", name=other, exact=True)).to_be_visible()


def test_a_restore_by_keyboard_alone(page: Page, api: FakeApi, store: Path) -> None:
    """From the login on, without a mouse; the job's page follows the job by itself."""
    name = newest(store)
    page.goto("/login")
    expect(page.get_by_label("Token")).to_be_focused()  # by itself, a moment after it is there
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("safe")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    _tab_to(page, name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    _tab_to(page, "Restore…")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Restore {name}")
    _tab_to(page, "Preview")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("running")
    api.pods, api.log = [{"metadata": {"name": "p"}, "status": {}}], "would restore one\n"
    expect(page.get_by_text("would restore one")).to_be_visible()
    end(api, "Complete")
    expect(page.get_by_role("heading", name="Restore for real")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("done")
    assert violations(page) == []
    screenshot(page, ARTEFACTS, "preview")
    page.get_by_label("To confirm").focus()
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Restore of {name}")
    command = api.jobs[-1]["spec"]["template"]["spec"]["containers"][0]["command"]
    assert command[1:] == ["/backup-scripts/restore.sh", name, "--database", "one"]


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the element of this text or label has the focus."""
    for _ in range(60):
        focused = page.evaluate("document.activeElement.textContent.trim()")
        if focused == name:
            visible = page.evaluate("document.activeElement.matches(':focus-visible')")
            assert visible, f"{name} has the focus and does not show it"
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {name}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["desk", "phone"])
def test_axe_finds_nothing_and_nothing_sticks_out(
    browser: Browser, console: Console, store: Path, scheme: str, size: str
) -> None:
    name = newest(store)
    viewport = PHONE if size == "phone" else {"width": 1280, "height": 900}
    context = browser.new_context(
        base_url=console.address,
        viewport=viewport,
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto("/login")
    assert violations(page) == []
    log_in(page)
    pages = {
        "overview": "/",
        "history": "/history",
        "set": f"/sets/{name}",
        "restore": f"/sets/{name}/restore",
        "job": "/jobs/postgres-backup-2",
        "missing": "/none",
    }
    for shown, path in pages.items():
        page.goto(path)
        assert violations(page) == [], path
        overhang = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overhang <= 0, f"{path} is {overhang} px too wide for a {size}"
        screenshot(page, ARTEFACTS, f"{shown}-{size}-{scheme}")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(18, 22, 20)") == (scheme == "dark")
    context.close()


def test_axe_would_find_something(page: Page) -> None:
    page.goto("/login")
    page.evaluate("document.querySelector('label').remove()")
    assert any("label" in line for line in violations(page))


def test_without_a_login_there_is_only_the_login(page: Page, store: Path) -> None:
    page.goto(f"/sets/{newest(store)}")
    assert page.url.endswith("/login")
    page.get_by_label("Token").fill("guess")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That is not the token.")


def test_a_forged_page_elsewhere_can_do_nothing(
    browser: Browser, context: BrowserContext, page: Page, api: FakeApi, console: Console
) -> None:
    """Another origin sends our own form, with the key, from the browser that is logged in."""
    log_in(page)
    key = page.locator("form[action='/backup'] input[name=key]").get_attribute("value")
    before = len(api.jobs)
    other = console.address.replace("127.0.0.1", "localhost")
    page.goto(f"{other}/login")
    forged = (
        "([to, key]) => { const form = document.createElement('form'); form.method = 'post';"
        " form.action = to; const input = document.createElement('input'); input.name = 'key';"
        " input.value = key; form.append(input); document.body.append(form); form.submit(); }"
    )
    # Our own policy would stop this form already: the attacker's page has none.
    bare = context.new_page()
    bare.route(
        f"{other}/evil", lambda route: route.fulfill(body="<p>evil", content_type="text/html")
    )
    bare.goto(f"{other}/evil")
    with bare.expect_navigation():
        bare.evaluate(forged, [f"{console.address}/backup", key])
    expect(bare.get_by_role("alert")).to_contain_text("not sent from this console")
    assert len(api.jobs) == before
    bare.close()


def test_without_scripts_everything_still_works(
    browser: Browser, console: Console, api: FakeApi
) -> None:
    context = browser.new_context(base_url=console.address, java_script_enabled=False)
    page = context.new_page()
    log_in(page)
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_role("status")).to_contain_text("running")
    end(api, "Complete")
    page.get_by_role("link", name="Look again").click()
    expect(page.get_by_role("status")).to_contain_text("done")
    context.close()
