"""Times in the reader's own zone, in Chromium, and in UTC wherever that is what counts."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, expect

from tests.console.conftest import Start, log_in
from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi
from tests.lib.positions import write_archive

BERLIN = "Europe/Berlin"


@pytest.fixture
def console(start: Start, api: FakeApi, tmp_path: Path, store: Path) -> Console:
    write_archive(store)
    return start(KUBECONFIG=api.kubeconfig(tmp_path), CONSOLE_ARCHIVE="1")


def begun(store: Path) -> datetime:
    name = max(store.glob("backup_*")).name
    return datetime.strptime(name, "backup_%Y%m%d_%H%M%S").replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", [BERLIN, "Asia/Kathmandu", "UTC"])
def test_a_time_is_the_reader_s_and_its_title_is_utc(
    browser: Browser, console: Console, store: Path, zone: str
) -> None:
    context = browser.new_context(base_url=console.address, timezone_id=zone)
    page = context.new_page()
    log_in(page)
    shown = page.locator("dt", has_text="Newest backup").first.locator("+ dd time")
    here = begun(store).astimezone(ZoneInfo(zone))
    expect(shown).to_have_text(re.compile(f"^{here:%Y-%m-%d %H:%M} (CES?T|GMT|UTC)"))
    expect(shown).to_have_attribute("title", f"{begun(store):%Y-%m-%d %H:%M} UTC")
    exact = page.locator("dt", has_text="Can be restored from").locator("+ dd time")
    expect(exact).to_have_attribute("title", re.compile(r" \d\d:\d\d:\d\d UTC$"))
    expect(exact).to_have_text(re.compile(r" \d\d:\d\d:\d\d "))
    context.close()


def test_where_a_form_asks_for_utc_the_times_beside_it_are_in_utc(
    browser: Browser, console: Console
) -> None:
    context = browser.new_context(base_url=console.address, timezone_id=BERLIN)
    page = context.new_page()
    log_in(page)
    page.goto("/moment")
    for each in page.locator("time").all():
        expect(each).to_have_text(re.compile(r" UTC$"))
    context.close()


def test_without_scripts_times_are_in_utc(browser: Browser, console: Console, store: Path) -> None:
    context = browser.new_context(
        base_url=console.address, timezone_id=BERLIN, java_script_enabled=False
    )
    page = context.new_page()
    log_in(page)
    expect(page.locator("time").first).to_have_text(f"{begun(store):%Y-%m-%d %H:%M} UTC")
    context.close()
