"""Two pods on one data directory: a pod that is deleted by force is forgotten, and its server runs on."""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lib.waiting import POD_READY, wait_for
from tests.lib.world import NAMESPACE, Saved, World, assert_back

ROWS = 1000


@pytest.mark.trap(47)
def test_the_successor_of_a_pod_deleted_by_force_waits_and_all_writes_are_there(
    world: World, saved: Saved
) -> None:
    before = pod_uid(world)
    with world.logins() as logins, logins["brewget_settings"].connect() as session:
        session.execute("CREATE TABLE late (id integer PRIMARY KEY)")
        with disobedient(shim(world)):
            world.project.kubectl(f"-n {NAMESPACE} delete pod postgres-0 --force --grace-period=0")
            wait_for("the successor's word", lambda: "is in use by" in said(world), POD_READY)
            for number in range(ROWS):
                session.execute("INSERT INTO late VALUES (%s)", (number,))
            assert pod_uid(world) != before
            assert not world.pod_ready()
    assert "is in use by the server on postgres-0, process 1, since 20" in said(world)

    world.wait_ready()

    assert world.psql("SELECT count(*) FROM late; DROP TABLE late", "brewget_settings") == f"{ROWS}"
    assert world.system_identifier() == saved.system_identifier
    assert_back(world, saved)


def pod_uid(world: World) -> str:
    """Which pod it is that has the name now."""
    uid: str = world.project.get(f"-n {NAMESPACE} pod postgres-0")["metadata"]["uid"]
    return uid


def said(world: World) -> str:
    """What the start of the pod that has the name now has said."""
    return world.project.kubectl(f"-n {NAMESPACE} logs postgres-0 -c prepare-data")


def shim(world: World) -> int:
    """The process that starts and ends the containers of postgres-0, as this machine numbers it."""
    mark = f"/tmp/{uuid.uuid4()}"  # noqa: S108 (in the container)
    world.project.kubectl(f"-n {NAMESPACE} exec postgres-0 -c postgres -- touch {mark}")
    (found,) = {
        parent
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (parent := _parent_of_first(entry, mark))
    }
    return found


def _parent_of_first(process: Path, mark: str) -> int | None:
    """The parent of a container's first process, if that container has this file."""
    try:
        status = dict(
            line.split(":", 1) for line in (process / "status").read_text().splitlines() if line
        )
        is_first = status["NSpid"].split()[-1] == "1"
        return int(status["PPid"]) if is_first and (process / f"root{mark}").exists() else None
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None  # it ended while we looked, or is not ours


@contextmanager
def disobedient(process: int) -> Iterator[None]:
    """Have it end no container, as on a node that nobody reaches: the server goes on."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)
