"""For all suites: what does not run does not pass."""

from collections.abc import Generator
from typing import Any

import pytest

# Each has one node for all its tests: a worker of its own, so that the two run side by side.
NODES = ("localcluster", "cluster")


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in its own
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of one node together, whatever the number of workers."""
    for item in items:
        if item.path.parent.name in NODES:
            item.add_marker(pytest.mark.xdist_group(item.path.parent.name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test has shown nothing, so it fails."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid} was skipped: what a test needs is installed, or is missing"
        )
    return report
