"""The drill: a whole archive is proven, and whatever is wrong with one is found before it is needed."""

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.lib.archive import Archive
from tests.lib.archived import (
    REAL,
    damage,
    faulty,
    info,
    pgbackrest,
    position,
    segments,
    switch,
    wait_drained,
)
from tests.lib.disaster import Disaster
from tests.lib.hooks import start_until
from tests.lib.mounts import FULL, fill, volatile
from tests.lib.pod import Attached
from tests.lib.sandbox import Sandbox, processes_below
from tests.lib.scripts import Done, Running, Scripts, scripts_directory
from tests.lib.store import copy_tree
from tests.lib.toolbox import Tools, path_of
from tests.lib.upgrades import Base, pod_of

BROKEN_INDEX = """
create function f(a int) returns int language sql immutable as 'select a';
create table indexed as select generate_series(1, 100) a;
create index on indexed (f(a));
create or replace function f(a int) returns int language sql immutable as 'select -a';
"""
"""As a new C library does it to an index on text: what the index was built by is another now."""
CONTENT = """
create table counted (id serial, word text);
insert into counted (word) select 'word ' || n from generate_series(1, 500) n;
create unlogged table fleeting as select generate_series(1, 10) a;
"""
"""A standby has no unlogged table, and its sequence may be ahead."""


@dataclass(frozen=True)
class Filled:
    """An archive that is not at work any more: a full backup, WAL, an increment, a set, WAL, and a stream."""

    archive: Archive
    set: str = ""
    """Nothing was written while it was taken."""

    def copy(self) -> "Filled":
        """One to spoil."""
        scripts = self.archive.pod.scripts
        root = scripts.box.directory("store")
        root.rmdir()
        copy_tree(scripts.root, root)
        keys, conf = scripts.box.directory("keys"), scripts.box.directory("conf")
        shutil.copytree(self.archive.keys, keys, dirs_exist_ok=True)
        text = (self.archive.conf / "local.conf").read_text()
        (conf / "local.conf").write_text(text.replace(str(scripts.root), str(root)))
        for path in (keys, conf):
            scripts.box.identity.own(path)
        settings = {"ARCHIVE_CONF": str(conf), "ARCHIVE_KEYS": str(keys)}
        pod = replace(self.archive.pod, scripts=scripts.with_(root=root, also=settings))
        return Filled(Archive(pod, conf, keys), self.set)

    @property
    def repository(self) -> Path:
        """Where its bytes are."""
        return self.archive.repository()

    def wal(self) -> list[Path]:
        """Return its segments in the repository, in their order."""
        found = (self.repository / "archive" / "brewget").rglob("*.zst")
        return sorted(found, key=lambda x: x.name)

    @property
    def manifest(self) -> Path:
        """What the set says of itself."""
        return self.archive.pod.scripts.root / self.set / "manifest.json"

    @property
    def taken(self) -> list[str]:
        """Between which times the snapshot of its last database was taken."""
        found: list[str] = json.loads(self.manifest.read_text())["databases"][-1]["taken"]
        return found

    @property
    def scripts(self) -> Scripts:
        """As the drill's pod has them; the archive stands, so its canary is as old as it is."""
        scratch = self.archive.pod.scripts.box.directory("scratch")
        return self.archive.pod.scripts.with_(
            VERIFY_SCRATCH=str(scratch), REPLAY_PATIENCE=1, DRILL_BEHIND=3600
        )

    def drill(self, **settings: str) -> Done:
        """Run one."""
        return self.scripts.with_(also=settings).run("drill")

    @property
    def verdict(self) -> dict[str, Any]:
        """Return what it found."""
        found: dict[str, Any] = json.loads((self.archive.root / "drill-local.json").read_text())
        return found

    def assert_found(self, text: str, **settings: str) -> None:
        """The drill fails, says why in one line, and writes it down."""
        done = self.drill(**settings).expect(65)
        found = self.verdict
        assert (found["ok"], found["from"], found["to"]) == (False, None, None)
        assert text in found["why"], found["why"]
        last = done.stderr.splitlines()[-1]
        assert last.endswith(f"the archive in the repository local is not proven: {found['why']}")
        assert done.stdout == ""


@pytest.fixture(scope="module")
def filled(archivable: Base, box: Sandbox, binaries: Path) -> Filled:
    """Made once; tests copy it."""
    scripts = Scripts(
        box, scripts_directory(box), path_of(Tools.GNU, box, binaries), archivable.root
    )
    archive = Archive.of(pod_of(archivable, scripts, binaries))
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver)
        server.sql(CONTENT)
        for _ in range(3):
            switch(server)
        wait_drained(archive, server, archiver)
        time.sleep(1)
        (archive.root / "backup-now-local").touch()
        archive.wait_backed_up(archiver, times=2)
        name = quiet_set(archive, server, archiver)
        for _ in range(3):
            switch(server)
        wait_drained(archive, server, archiver)
        written = time.time()
        archive.wait_streamed(server, archiver)
        archive.wait("a canary", archiver, lambda: age(archive) > written)
        os.kill(archiver.process.pid, signal.SIGTERM)
        archiver.wait(20)
    return Filled(archive, name)


def quiet_set(archive: Archive, server: Attached, archiver: Running) -> str:
    """Take a set while nobody writes, not even a canary."""
    archive.wait_canary(server, archiver)
    os.killpg(archiver.process.pid, signal.SIGSTOP)
    name = archive.scripts(server).backup("--reason", "quiet")
    os.killpg(archiver.process.pid, signal.SIGCONT)
    return name


def age(archive: Archive) -> float:
    """Of the newest canary."""
    at = time.strptime(position(archive)["canary"] + " UTC", "%Y-%m-%dT%H:%M:%SZ %Z")
    return time.mktime(at) - time.timezone


@pytest.mark.trap(59)
def test_a_whole_archive_is_proven(filled: Filled) -> None:
    """What is in the stream only belongs to it."""
    done = filled.drill().expect(0)

    found = filled.verdict
    first = info(filled.archive)[0]["timestamp"]["stop"]
    assert found["ok"] is True
    assert found["from"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(first))
    assert found["to"] >= position(filled.archive)["canary"]
    assert done.stdout == f"proven local from {found['from']} to {found['to']}\n"
    assert found["why"] == ""
    assert found["sides"] == f"proven at {filled.taken[1]}+00"
    assert found["contents"] == f"compared 1 databases with {filled.set}"


def another_row(manifest: dict[str, Any]) -> None:
    """It had one more."""
    (table,) = [x for x in manifest["databases"][0]["tables"] if x["name"] == "counted"]
    table["rows"] += 1


def spoil_manifest(x: Filled, *spoil: Callable[[dict[str, Any]], None]) -> None:
    """The set, as it would be of another state."""
    found = json.loads(x.manifest.read_text())
    for each in spoil:
        each(found)
    x.manifest.write_text(json.dumps(found))


def test_a_server_that_is_not_as_the_set_of_that_moment_is_found(filled: Filled) -> None:
    """Rows that recovery has lost are in no sum of pgBackRest's."""
    spoiled = filled.copy()
    spoil_manifest(spoiled, another_row)
    said = f"is not as in {filled.set}, and nothing was written meanwhile"
    spoiled.assert_found(said)
    assert "counted" in spoiled.verdict["why"]


def taken(first: str, last: str) -> Callable[[dict[str, Any]], None]:
    """Its one database was read between these times."""
    return lambda manifest: manifest["databases"][0].update(taken=[first, last])


def test_it_is_not_compared_where_somebody_wrote_meanwhile(filled: Filled) -> None:
    """As if the set had been taken from before the last commit on."""
    spoiled = filled.copy()
    spoil_manifest(spoiled, another_row, taken("2020-01-01T00:00:00", filled.taken[1]))
    spoiled.drill().expect(0)
    wrote = f"not compared with {filled.set}: the server was written to meanwhile"
    assert spoiled.verdict["contents"] == wrote
    assert spoiled.verdict["sides"].startswith("proven at ")


def old_format(manifest: dict[str, Any]) -> None:
    """Of scripts before these."""
    for each in manifest["databases"]:
        del each["taken"]


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x["server"].update(system_identifier="7000000000000000000"),
        pytest.param(old_format, marks=pytest.mark.long),
        pytest.param(lambda x: x.update(encrypted="age"), marks=pytest.mark.long),
    ],
    ids=["another server's", "of older scripts", "encrypted"],
)
def test_without_a_set_that_can_be_compared_the_newest_canary_is_the_moment(
    change: Callable[[dict[str, Any]], None], filled: Filled
) -> None:
    spoiled = filled.copy()
    spoil_manifest(spoiled, change)
    spoiled.drill().expect(0)
    found = spoiled.verdict
    assert found["contents"].startswith("not compared: the newest set is none of this server")
    assert found["sides"] == f"proven at {position(filled.archive)['canary'].replace('Z', '+00')}"


def test_a_server_that_does_not_stop_at_the_moment_is_found(filled: Filled) -> None:
    """It stops at the newest canary instead."""
    spoiled = filled.copy()
    later = position(filled.archive)["canary"].replace("Z", "+00")
    told = r"recovery_target_time=\'*+00\'"
    body = f'{REAL} exec pg_ctl "${{@/{told}/recovery_target_time={later}}}"'
    faulty(spoiled.archive, "pg_ctl", body)
    spoiled.assert_found(f"at {filled.taken[1]}+00 it has what was committed later, at ")


def test_a_moment_before_all_backups_is_said(filled: Filled) -> None:
    spoiled = filled.copy()
    spoil_manifest(spoiled, taken("2020-01-01T00:00:00", "2020-01-01T00:00:00"))
    spoiled.drill().expect(0)
    why = "no backup of this timeline is older than 2020-01-01T00:00:00+00"
    assert spoiled.verdict["sides"] == f"not proven: {why}"
    assert spoiled.verdict["contents"] == f"not compared with {filled.set}: {why}"


def lose_newest(x: Filled) -> None:
    """And what waits, as after the loss of the store but for the repository."""
    x.wal()[-1].unlink()
    for path in (x.archive.root / "stream").iterdir():
        path.unlink()


def lose_backup(x: Filled) -> None:
    """One file of it."""
    max((x.repository / "backup").rglob("*/bundle/*"), key=lambda y: y.stat().st_size).unlink()


def spoil_bundle(x: Filled) -> None:
    """One byte of it."""
    damage(max((x.repository / "backup").rglob("*/bundle/*"), key=lambda y: y.stat().st_size))


def spoil_key(x: Filled) -> None:
    """Another one."""
    (x.archive.keys / "local" / "repo1-cipher-pass").write_text("another")


DAMAGES: dict[str, tuple[Callable[[Filled], None], str]] = {
    "the newest segment is missing": (lose_newest, "but WAL up to"),
    "one in the middle is missing": (
        lambda x: x.wal()[-3].unlink(),
        "WAL is missing before the segment",
    ),
    "a byte of the WAL": (lambda x: damage(x.wal()[-2]), "bytes are not what was written"),
    "a byte of a backup": (spoil_bundle, "bytes are not what was written"),
    "a file of a backup is missing": (lose_backup, "bytes are not what was written"),
    "the key": (spoil_key, "it was made with another key"),
    "no backup": (lambda x: shutil.rmtree(x.repository / "backup"), "backup"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_what_is_wrong_is_found(case: str, filled: Filled) -> None:
    spoil, text = DAMAGES[case]
    spoiled = filled.copy()
    spoil(spoiled)
    spoiled.assert_found(text)


def test_verify_says_ok_by_its_status_whatever_it_finds(filled: Filled) -> None:
    """So ours looks at its text; where a later pgBackRest says it by its status, this can go."""
    spoiled = filled.copy()
    damage(spoiled.wal()[-2])
    assert (
        "status: error"
        in pgbackrest(spoiled.archive, None, "local", "verify", "--output=text", "--verbose")
        .expect(0)
        .stdout
    )


def test_a_canary_that_stands_still_is_found(filled: Filled) -> None:
    time.sleep(3)
    filled.copy().assert_found("no commit has reached it since", DRILL_BEHIND="2")


def test_a_gap_before_a_later_backup_ends_the_window_there(filled: Filled) -> None:
    spoiled = filled.copy()
    backups = info(spoiled.archive)
    (lost,) = [x for x in spoiled.wal() if x.name[:24] == segments(spoiled.archive)[2]]
    assert lost.name[:24] < backups[-1]["archive"]["start"]
    lost.unlink()

    done = spoiled.drill().expect(0)

    assert "warning: WAL is missing before the segment" in done.stderr
    stop = backups[-1]["timestamp"]["stop"]
    assert spoiled.verdict["from"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(stop))


def test_an_index_that_does_not_find_its_rows_is_found(
    archivable: Base, box: Sandbox, binaries: Path
) -> None:
    scripts = Scripts(
        box, scripts_directory(box), path_of(Tools.GNU, box, binaries), archivable.root
    )
    archive = Archive.of(pod_of(archivable, scripts, binaries))
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver)
        server.sql(BROKEN_INDEX)
        archive.wait_streamed(server, archiver)
        archive.wait("a canary", archiver, lambda: position(archive).get("canary"))
    Filled(archive).assert_found('heap tuple (0,1) from table "indexed" lacks matching index tuple')


def test_a_full_scratch_disk_is_said_and_is_no_proof(filled: Filled) -> None:
    """The verdict before is not left standing: nothing was proven now."""
    whole = filled.copy()
    with volatile(filled.scripts.box) as full:
        done = whole.drill(VERIFY_SCRATCH=str(full)).expect(73)
        assert [x.name for x in full.iterdir()] == [".verify-lock"]
    (line,) = done.stderr.splitlines()
    assert "the restore from the repository local failed: " in line
    assert FULL.search(line)
    assert (whole.verdict["ok"], whole.verdict["to"]) == (False, None)
    assert line.endswith(whole.verdict["why"])


def test_a_full_store_leaves_the_verdict_before_with_its_time(filled: Filled) -> None:
    """What was found now has nowhere to go: page and alerts see an old one grow older."""
    old = '{"version": 1, "time": "2026-01-01T00:00:00Z", "ok": true}'
    with volatile(filled.scripts.box) as full:
        root = full / "store"
        spoiled = Filled(
            replace(
                filled.archive,
                pod=replace(
                    filled.archive.pod,
                    scripts=filled.scripts.with_(root=root, BACKUP_ALLOW_VOLATILE="1"),
                ),
            )
        )
        (root / "archive").mkdir(parents=True)
        shutil.copy2(filled.archive.pod.scripts.root / ".store.json", root)
        (root / "archive" / "drill-local.json").write_text(old)
        filled.scripts.box.identity.own(root)
        (spoiled.archive.keys / "none").mkdir()
        fill(full)
        done = spoiled.drill(ARCHIVE_KEYS=str(spoiled.archive.keys / "none")).expect(73)
        assert (root / "archive" / "drill-local.json").read_text() == old
    assert done.stderr.splitlines()[-1].endswith(f"cannot write {root}/archive/drill-local.json")


def test_one_that_is_killed_leaves_nothing(filled: Filled) -> None:
    scripts = filled.scripts
    scratch = Path(scripts.settings["VERIFY_SCRATCH"])
    running, _ = start_until(scripts, "replayed", "drill")
    running.kill()
    assert (scratch / "moment").exists()

    scripts.run("drill").expect(0)

    assert not (scratch / "moment").exists()
    assert not processes_below(scratch)


@pytest.mark.long
def test_another_repository_is_proven_by_what_it_has_itself(
    lost_archive: Disaster, bare: Scripts
) -> None:
    """Its newest segments are still in the queue."""
    lost = lost_archive.copy(bare, "local", "offsite")
    scratch = str(bare.box.directory("scratch"))
    scripts = lost.pod.scripts.with_(VERIFY_SCRATCH=scratch, DRILL_BEHIND=7200)
    verdict = lost.archive.root / "drill-offsite.json"
    scripts.run("drill", "offsite").expect(0)
    assert json.loads(verdict.read_text())["ok"] is True
    lost.segments("offsite")[-2].unlink()
    said = scripts.run("drill", "offsite").expect(65).stderr
    found = json.loads(verdict.read_text())
    assert found["ok"] is False
    assert found["why"] in said


def test_what_is_asked_for_must_be_there(filled: Filled) -> None:
    done = filled.scripts.run("drill", "offsite").expect(78)
    assert "there is no repository 'offsite'" in done.stderr
    filled.scripts.run("drill", "a", "b").expect(64)
