"""A console on a store of real-format sets; its log under a test that failed."""

import time
from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.lib import browser as chromium
from tests.lib.console import TOKEN, Console, add_set, make_store
from tests.lib.kubeapi import FakeApi, cron_job, stamp
from tests.lib.receivers import Webhook
from tests.lib.sandbox import REPOSITORY

ARTEFACTS = REPOSITORY / ".tools" / "console-artefacts"
Start = Callable[..., Console]


def three_sets(directory: Path) -> Path:
    """A store with three verified sets, the newest an hour old."""
    made = make_store(directory / "store")
    for hours in (13, 7, 1):
        add_set(made, timedelta(hours=hours))
    return made


def healthy_api() -> FakeApi:
    """An API with both CronJobs and no Job."""
    return FakeApi([cron_job("postgres-backup"), cron_job("postgres-backup-verify")]).start()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store of the test's own."""
    return three_sets(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, FakeApi]]:
    """A console for all tests of a module that leave it as they found it."""
    base = tmp_path_factory.mktemp("shared")
    fake = healthy_api()
    console = Console(base, three_sets(base), {"KUBECONFIG": fake.kubeconfig(base)})
    try:
        yield console.start(), fake
    finally:
        console.stop()
        fake.stop()


@pytest.fixture
def start(tmp_path: Path, store: Path, request: pytest.FixtureRequest) -> Iterator[Start]:
    """`start(CONSOLE_X=…)` starts a console on the store; all are ended afterwards."""
    started: list[Console] = []
    request.node.consoles = started

    def run(**environment: str) -> Console:
        base = tmp_path / f"console-{len(started)}"
        base.mkdir()
        started.append(Console(base, store, environment))
        return started[-1].start()

    yield run
    for console in started:
        console.stop()


@pytest.fixture
def api() -> Iterator[FakeApi]:
    """An API of the test's own."""
    fake = healthy_api()
    yield fake
    fake.stop()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    """A receiver of notifications."""
    made = Webhook().start()
    yield made
    made.stop()


@pytest.fixture
def options(api: FakeApi, tmp_path: Path, webhook: Webhook) -> dict[str, str]:
    """A console's environment with one receiver; it looks five times a second."""
    (tmp_path / "urls").write_text(f"# the team's hook\n{webhook.url}\n")
    (tmp_path / "state").mkdir()
    return {
        "KUBECONFIG": api.kubeconfig(tmp_path),
        "CONSOLE_NOTIFY_FILE": str(tmp_path / "urls"),
        "CONSOLE_STATE": str(tmp_path / "state"),
        "CONSOLE_LOOK_SECONDS": "0.2",
    }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for a module."""
    with chromium.browser() as made:
        yield made


@pytest.fixture
def context(browser: Browser, console: Console) -> Iterator[BrowserContext]:
    """A browser's profile that knows the console's address."""
    made = browser.new_context(base_url=console.address)
    made.set_default_timeout(chromium.PATIENCE_MS)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose every complaint (of the strict policy, say) fails the test."""
    made = context.new_page()
    complaints: list[str] = []
    made.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    made.on("pageerror", lambda error: complaints.append(str(error)))
    yield made
    made.close()
    # Of the browser itself, about answers that tests provoke.
    refusals = ("400", "401", "403", "404")
    assert [c for c in complaints if not any(f"status of {r}" in c for r in refusals)] == []


def log_in(page: Page) -> None:
    """Through the login's page, to the overview."""
    page.goto("/")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def end(api: FakeApi, condition: str) -> None:
    """The newest job comes to its end."""
    ended = {"type": condition, "status": "True", "lastTransitionTime": stamp(time.time())}
    api.jobs[-1]["status"] = {"conditions": [ended]}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the consoles' own words under a failed test."""
    report = yield
    if report.failed:
        for console in getattr(item, "consoles", []):
            report.sections.append(("console", console.said()))
    return report
