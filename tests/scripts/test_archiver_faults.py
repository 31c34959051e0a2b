"""What becomes of an archive when it is killed or dead, or without its slot or its key."""

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lib.archive import Archive
from tests.lib.archived import (
    REAL,
    assert_whole,
    command,
    faulty,
    pgbackrest,
    pids,
    position,
    processes,
    segments,
    switch,
    wait_drained,
)
from tests.lib.choice import some
from tests.lib.hooks import start_until
from tests.lib.pod import Attached
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Running, Scripts, scripts_directory
from tests.lib.toolbox import Tools, path_of
from tests.lib.upgrades import Base, pod_of
from tests.lib.waiting import wait_for

ENDED = 8.0
"""From TERM to the end, in seconds."""
STEPS = ("slot-made", "enqueued", "pushed", "backed-up", "ticked")


class Bed:
    """One server whose archiver is started and ended, again and again."""

    def __init__(self, archive: Archive, server: Attached) -> None:
        """Nothing is archived yet."""
        self.archive, self.server = archive, server

    @contextmanager
    def archiver(self, **settings: str) -> Iterator[Running]:
        """Run an archiver for a while."""
        running = self.archive.scripts(self.server).with_(also=settings).start("archiver")
        try:
            yield running
        finally:
            running.kill()
            wait_for("the end of all", lambda: not processes(self.archive), ENDED, every=0.05)

    def wait(self, what: str, archiver: Running, done: Callable[[], object]) -> None:
        """Wait for something that the archiver does."""
        self.archive.wait(what, archiver, done)

    def assert_goes_on(self, archiver: Running, *names: str) -> None:
        """What is written now is in each repository, and nothing is missing before it."""
        switch(self.server)
        last = self.server.sql("select pg_walfile_name(pg_current_wal_lsn() - 1)")
        wait_drained(self.archive, self.server, archiver, *(names or ("local",)))
        for name in names or ("local",):
            assert last in segments(self.archive, name)
            assert_whole(self.archive, name)


@contextmanager
def bed_of(base: Base, box: Sandbox, binaries: Path, *names: str) -> Iterator[Bed]:
    """A server of its own."""
    scripts = Scripts(box, scripts_directory(box), path_of(Tools.GNU, box, binaries), base.root)
    archive = Archive.of(pod_of(base, scripts, binaries), *names)
    with archive.pod.running() as server:
        assert isinstance(server, Attached)
        yield Bed(archive, server)


@pytest.fixture(scope="module")
def shared(archivable: Base, box: Sandbox, binaries: Path) -> Iterator[Bed]:
    """One for all tests after which the archive is whole."""
    with bed_of(archivable, box, binaries) as bed:
        yield bed


@pytest.fixture
def bed(archivable: Base, box: Sandbox, binaries: Path) -> Iterator[Bed]:
    """One of this test alone."""
    with bed_of(archivable, box, binaries) as bed:
        yield bed


def errors(archiver: Running) -> list[str]:
    """Return what it has to say that is not good."""
    lines = archiver.errors().splitlines()
    found = [x.partition("Z ")[2] for x in lines]
    assert all(found), f"a line that is none of ours: {lines}"
    return [x for x in found if x.startswith(("error: ", "warning: "))]


@pytest.mark.parametrize("how", some(["kill", "term"]))
def test_it_is_ended_at_each_step_and_nothing_is_missing(how: str, bed: Bed) -> None:
    archive, server = bed.archive, bed.server
    for step in STEPS:
        if step == "backed-up":
            (archive.root / "backup-now-local").touch()
        running, _ = start_until(archive.scripts(server), step, "archiver")
        if how == "term":
            os.kill(running.process.pid, signal.SIGTERM)
            done = running.wait(ENDED)
            assert done.returncode == 143, f"{step}: {done.said}"
            # What it had started hears it too, and may end a moment later.
            wait_for("the end of all", lambda: not processes(archive), ENDED, every=0.05)
            assert not errors(running), step
        else:
            running.kill()
            wait_for("the end of all", lambda: not processes(archive), ENDED, every=0.05)
        switch(server)
    with bed.archiver() as archiver:
        bed.assert_goes_on(archiver)
        bed.wait("the slot", archiver, lambda: position(archive).get("slot") == "reserved")
        bed.wait("backups", archiver, lambda: not (archive.root / "backup-now-local").exists())
        assert not errors(archiver)
    left = {x.name for x in archive.root.iterdir()} - {"position.json.new"}
    assert left <= {"stream", "queue-local", "repo", "systems", "position.json", ".lock"}


READS_SLOWLY = """
[[ "${!#}" == */last.local ]] || %s exec cat "$@"
exec 3<"${!#}"
IFS= read -r -u 3 line
printf '%%s\\n' "$line"
[[ "$line" != 0 ]] || until [[ "$(<"${!#}")" != 0 ]]; do sleep 0.1; done
%s exec cat <&3
"""
"""As `cat`, which of the time of the last backup has the old one's first line, and then what follows."""


def test_a_backup_that_ends_while_its_time_is_read_ends_no_part_of_the_archiver(bed: Bed) -> None:
    """Once it read a 0 and the end of another number."""
    faulty(bed.archive, "cat", READS_SLOWLY % (REAL, REAL))
    with bed.archiver() as archiver:
        bed.archive.wait_backed_up(archiver)
        bed.wait("its time", archiver, lambda: position(bed.archive)["backups"]["local"])
        assert not errors(archiver)


def test_a_repository_that_was_begun_and_not_made_is_begun_anew(bed: Bed) -> None:
    """As a kill in the middle of stanza-create leaves it."""
    archive = bed.archive
    pgbackrest(archive, bed.server, "local", "stanza-create").expect(0)
    shutil.rmtree(archive.repository() / "backup")
    with bed.archiver() as archiver:
        archive.wait_backed_up(archiver)
        assert not errors(archiver)


@pytest.mark.trap(16)
def test_a_dead_archive_does_not_fill_the_servers_disk(bed: Bed) -> None:
    """The slot is lost, which is said; a backup closes the gap, and the newest state comes back."""
    archive, server = bed.archive, bed.server
    with bed.archiver() as archiver:
        archive.wait_backed_up(archiver)
        bed.wait("a position", archiver, lambda: position(archive).get("canary"))
    for name in ("max_wal_size", "max_slot_wal_keep_size"):
        server.sql(f"alter system set {name} = '64MB'")
    server.sql("select pg_reload_conf()")
    for _ in range(9):
        switch(server)
    server.sql("checkpoint")
    assert server.sql("select wal_status from pg_replication_slots") == "lost"
    assert (
        sum(x.stat().st_size for x in (server.data / "pg_wal").iterdir() if x.is_file())
        < 13 * 2**24
    )

    with bed.archiver() as archiver:
        archive.wait_backed_up(archiver)
        assert errors(archiver)[0].startswith(
            "error: the archive has a gap: the slot brewget_archiver is lost"
        )
        rows = server.sql("select count(*) from t")
        archive.wait_streamed(server, archiver)
        bed.wait("the slot", archiver, lambda: position(archive)["slot"] == "reserved")
    server.kill()
    shutil.rmtree(archive.pod.data)
    archive.pod.prepare().expect(0)
    server.start()
    assert server.sql("select count(*) from t") == rows


def test_a_slot_that_somebody_has_dropped_is_said_and_closed(bed: Bed) -> None:
    archive, server = bed.archive, bed.server
    with bed.archiver() as archiver:
        archive.wait_backed_up(archiver)
        bed.wait("a position", archiver, lambda: position(archive).get("canary"))
        assert not errors(archiver)
        (receiver,) = [x for x in pids(archive, "pg_receivewal") if "--slot" in command(x)]
        os.kill(receiver, signal.SIGKILL)
        wait_for(
            "the slot dropped",
            lambda: server.sql("select pg_drop_replication_slot('brewget_archiver')") == "",
            20,
            every=0.01,
        )
        archive.wait_backed_up(archiver, times=2)
        gap = [
            x
            for x in errors(archiver)
            if "the archive has a gap: the slot brewget_archiver is gone" in x
        ]
        assert len(gap) == 1
        bed.wait("the slot", archiver, lambda: position(archive)["slot"] == "reserved")
        wait_drained(archive, server, archiver)


def said(archiver: Running, text: str) -> int:
    """Count the lines with a complaint."""
    return len([x for x in errors(archiver) if text in x])


def snapshot(path: Path) -> dict[str, bytes]:
    """Return all files, byte for byte."""
    return {str(x): x.read_bytes() for x in sorted(path.rglob("*")) if x.is_file()}


KEYS: dict[str, tuple[Callable[[Path], object], str]] = {
    "wrong": (lambda x: x.write_text("another"), "it was made with another key"),
    "missing": (lambda x: x.unlink(), "requires option: repo1-cipher-pass"),
    "empty": (lambda x: x.write_text(""), "'repo1-cipher-pass' must have a value"),
}


@pytest.mark.trap(26)
def test_with_a_wrong_key_nothing_is_written(shared: Bed) -> None:
    archive, server = shared.archive, shared.server
    key = archive.keys / "local" / "repo1-cipher-pass"
    right = key.read_text()
    with shared.archiver() as archiver:
        shared.wait("a position", archiver, lambda: position(archive).get("canary"))
        shared.assert_goes_on(archiver)
    for case, (spoil, text) in KEYS.items():
        before = snapshot(archive.repository())
        spoil(key)
        (archive.root / "backup-now-local").touch()
        with shared.archiver() as archiver:
            switch(server)
            shared.wait(case, archiver, lambda text=text: said(archiver, text) == 2)
            time.sleep(1.5)
            assert len(errors(archiver)) == 2, "once"
        assert snapshot(archive.repository()) == before
        key.write_text(right)
        archive.pod.scripts.box.identity.own(key)
    with shared.archiver() as archiver:
        shared.assert_goes_on(archiver)
