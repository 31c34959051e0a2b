"""One checkout, one cluster, one stack a worker for the tests of this folder; each gets it whole."""

import time
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.lib.project import Done, Project
from tests.lib.world import NAMESPACE, Saved, World


class FirstUp:
    """The first `make up` of a new checkout: what it printed and how long it took."""

    def __init__(self, world: World) -> None:
        """Run it."""
        began = time.monotonic()
        self.done: Done = world.project.run("make up", timeout=1800)
        self.seconds = time.monotonic() - began
        self.sets = world.project.sets()
        self.git_status = world.project.run("git status --porcelain").stdout


@pytest.fixture(scope="session")
def first_up(
    tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[tuple[World, FirstUp]]:
    """A new user's `make up`, and afterwards no cluster left."""
    top = tmp_path_factory.mktemp("user")
    (top / "brewget").mkdir()
    backups = top / "backups"
    project = Project.checkout(top / "brewget", backups, f"test-{worker_id}")
    _settle(project)
    try:
        world = World(project, backups)
        up = FirstUp(world)
        project.enter()
        yield world, up
    finally:
        project.run(f"python3 -m localcluster --profile {project.profile} delete", status=None)


def _settle(project: Project) -> None:
    """Commit a time zone in which it is between one and two: no scheduled run for four hours.

    One that fired during a test would be a set too many; the schedules stay the default ones. And
    no archive, which would bring back what the tests of the sets look for in these: test_archive.py
    lets `make up` switch it on.
    """
    ahead = (1 - datetime.now(UTC).hour) % 6
    zone = f"Etc/GMT-{ahead}"  # whose sign is POSIX's: this is ahead of UTC
    with (project.path / "Pulumi.dev.yaml").open("a") as settings:
        settings.write(f"  brewget:backup:\n    timeZone: {zone}\n")
        settings.write("  brewget:archive:\n    enabled: false\n")
    project.run("git -c user.name=t -c user.email=t@t commit -qam 'A time zone, and no archive'")


@pytest.fixture
def world(first_up: tuple[World, FirstUp], request: pytest.FixtureRequest) -> World:
    """The stack, brought up again where the test before left it down."""
    world = first_up[0]
    request.node.world = world
    world.ensure_up()
    return world


@pytest.fixture
def saved(world: World) -> Saved:
    """The stack up and filled, with a set of exactly what is in it."""
    return world.filled()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[Any]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put the cluster's own words under a failed test."""
    report = yield
    world: World | None = getattr(item, "world", None)
    if report.failed and world is not None:
        report.sections.append(("cluster", evidence(world)))
    return report


def evidence(world: World) -> str:
    """What a person would look at first: pods, events, logs of the pod, the store."""
    looks = [
        f"kubectl -n {NAMESPACE} get all,pvc,pv -o wide",
        f"kubectl -n {NAMESPACE} get events --sort-by=.lastTimestamp | tail -n 40",
        f"kubectl -n {NAMESPACE} logs postgres-0 --all-containers --tail=60",
        f"ls -la {world.mount}",
    ]
    return "\n".join(f"$ {look}\n{world.project.run(look, status=None).output}" for look in looks)


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that no part of the project knows."""
    return tmp_path_factory.mktemp("elsewhere")
