"""A console on a store of real-format sets; its log under a test that failed."""

from collections.abc import Callable, Generator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.lib.console import Console, add_set, make_store
from tests.lib.kubeapi import FakeApi, cron_job
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
