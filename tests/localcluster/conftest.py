"""One cluster for all tests of a file that only use one, started by whichever comes first."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from localcluster import binary, recipes
from tests.localcluster.handle import Handle


@dataclass(frozen=True)
class Started:
    """A cluster, and what its first start said and took."""

    cluster: Handle
    seconds: float
    said: str


@pytest.fixture(scope="session")
def _built() -> None:
    """Building is bootstrap's and has tests of its own: no start here has to do it."""
    binary.build_node()
    recipes.build_missing()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory, _built: None) -> Iterator[Started]:
    """The first start of a new cluster."""
    handle = Handle("lctest", tmp_path_factory.mktemp("homes"))
    began = time.monotonic()
    try:
        done = handle.run("start")
        yield Started(handle, time.monotonic() - began, done.stderr)
    finally:
        handle.run("delete")


@pytest.fixture
def cluster(started: Started) -> Handle:
    """A running cluster, whatever the test before did to it."""
    started.cluster.run("start")
    return started.cluster


@pytest.fixture
def second(tmp_path: Path, _built: None) -> Iterator[Handle]:
    """Another profile, not started, in a folder with a long name: sockets must not mind."""
    handle = Handle("lctest-second", tmp_path / ("a-rather-long-name-" * 6))
    try:
        yield handle
    finally:
        handle.run("delete")
