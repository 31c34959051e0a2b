"""What archiver and drill really write is what the console reads: window, slot, queues, backups."""

import time
from pathlib import Path

import pytest

from console.archive import Slot, View
from console.archived import problems
from tests.lib.archive import Archive
from tests.lib.pod import Pod
from tests.lib.scripts import Scripts

HOURS = 6 * 3600.0


@pytest.fixture
def archive(scripts: Scripts, binaries: Path) -> Archive:
    """A pod that is archived, its data directory made."""
    pod = Pod.make(scripts, binaries)
    archive = Archive.of(pod)
    pod.prepare().expect(0)
    return archive


def test_a_living_archive_is_read_and_judged_good_and_one_without_bytes_is_not(
    archive: Archive,
) -> None:
    view = View(archive.pod.scripts.root)
    assert view.look(time.time()).position is None
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver)
        archive.wait(
            "a backup in the position",
            archiver,
            lambda: (found := view.look(time.time()).position) and found.backups.get("local"),
        )
        scratch = archive.pod.scripts.box.directory("scratch")
        drill = archive.scripts(server).with_(also={"VERIFY_SCRATCH": str(scratch)})
        drill.run("drill").expect(0)
        seen = view.look(time.time())
        repository = next(archive.repository().rglob("bundle/*"))
        repository.write_bytes(b"x" + repository.read_bytes()[1:])
        drill.run("drill").expect(65)
        failed = view.look(time.time())
        server.stop()
    assert seen.position
    assert (seen.position.slot, seen.position.is_streaming) == (Slot.RESERVED, True)
    assert (seen.position.waiting, seen.repositories) == ({"local": 0}, ["local"])
    assert seen.drills["local"].is_good
    assert seen.start
    assert seen.end
    assert list(problems(seen, HOURS, time.time())) == []
    assert seen.since <= time.time()
    (problem,) = problems(failed, HOURS, time.time())
    assert "local did not come back in its last drill: bytes are not what" in problem.text
