"""The archiver: what it streams, pushes and saves, and how far it says that it has come."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.lib.archive import Archive
from tests.lib.archived import (
    assert_whole,
    command,
    complete,
    info,
    number,
    pgbackrest,
    pids,
    position,
    processes,
    segments,
    switch,
    wait_drained,
)
from tests.lib.pod import Attached
from tests.lib.sandbox import REPOSITORY, Sandbox
from tests.lib.scripts import Running, Scripts, scripts_directory
from tests.lib.toolbox import Tools, path_of
from tests.lib.upgrades import Base, pod_of

AWK = REPOSITORY / "scripts" / "pod" / "awk"
TABLE, CONTENT = "unmistakable_table_name", "an unmistakable content of a row"


def archive_of(base: Base, box: Sandbox, binaries: Path, *names: str) -> Archive:
    """A pod of its own that is archived."""
    scripts = Scripts(box, scripts_directory(box), path_of(Tools.GNU, box, binaries), base.root)
    pod = pod_of(base, scripts, binaries)
    return Archive.of(pod, *names)


@dataclass
class Living:
    """An archive at work."""

    archive: Archive
    server: Attached
    archiver: Running


@pytest.fixture(scope="module")
def living(archivable: Base, box: Sandbox, binaries: Path) -> Iterator[Living]:
    """One with two repositories and their first backups, for all tests that leave it whole."""
    archive = archive_of(archivable, box, binaries, "local", "offsite")
    with archive.running() as (server, archiver):
        for name in ("local", "offsite"):
            archive.wait_backed_up(archiver, name)
        yield Living(archive, server, archiver)


@pytest.fixture
def archive(archivable: Base, box: Sandbox, binaries: Path) -> Archive:
    """A pod of this test alone that is archived."""
    return archive_of(archivable, box, binaries)


def seconds(moment: str) -> float:
    """Of an instant as it is written down."""
    return datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()


def test_what_was_streamed_comes_back_after_the_loss_of_everything_else(archive: Archive) -> None:
    pod = archive.pod
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver)
        server.sql("create table t as select generate_series(1, 1000) a")
        archive.wait_streamed(server, archiver)
        server.kill()
    shutil.rmtree(pod.data)
    assert "restored from the archive" in pod.prepare().expect(0).stderr
    with pod.running() as server:
        assert server.sql("select count(*) from t") == "1000"
        assert server.sql("select wal_status from pg_replication_slots") == "reserved"


def test_the_position_is_whole_at_every_moment_and_says_what_is(living: Living) -> None:
    archive, server, archiver = living.archive, living.server, living.archiver
    seen: list[dict[str, object]] = []
    inodes = set()
    end = time.monotonic() + 8
    while time.monotonic() < end:
        with (archive.root / "position.json").open() as file:
            inodes.add(os.fstat(file.fileno()).st_ino)
            seen.append(json.load(file))

    canaries = [str(x["canary"]) for x in seen]
    assert canaries == sorted(canaries)
    assert len(set(canaries)) > 1, "one each interval"
    last = seen[-1]
    assert set(last) == {
        *("version", "time", "canary", "written", "behind_bytes"),
        *("timeline", "slot", "streaming", "waiting", "backups"),
    }
    assert (last["version"], last["timeline"], last["slot"]) == (1, "00000001", "reserved")
    assert last["streaming"] is True
    assert set(last["waiting"]) == {"local", "offsite"}  # type: ignore[call-overload]
    for name, stop in position(archive)["backups"].items():
        assert abs(seconds(stop) - info(archive, name)[-1]["timestamp"]["stop"]) <= 5
    assert server.sql(f"select '{last['written']}'::pg_lsn <= pg_current_wal_lsn()") == "t"
    assert archiver.process.poll() is None


def test_a_canary_is_never_later_than_what_is_in_the_stream(living: Living) -> None:
    """The server goes on, and the stream does not: nothing of it is known to be in the archive."""
    archive, server = living.archive, living.server
    (receiver,) = [x for x in pids(archive, "pg_receivewal") if "--slot" in command(x)]
    os.kill(receiver, signal.SIGSTOP)
    try:
        stopped = time.time()
        switch(server)
        archive.wait(
            "two positions",
            living.archiver,
            lambda: seconds(position(archive)["time"]) > stopped + 6,
        )
        found = position(archive)
        assert seconds(found["canary"]) <= stopped
        assert found["behind_bytes"] > 0
    finally:
        os.kill(receiver, signal.SIGCONT)
    archive.wait(
        "a canary", living.archiver, lambda: seconds(position(archive)["canary"]) > stopped + 6
    )


def test_queues_are_drained_and_segments_pushed_in_their_order(living: Living) -> None:
    archive, server = living.archive, living.server
    for _ in range(3):
        switch(server)
    last = server.sql("select pg_walfile_name(pg_current_wal_lsn() - 1)")

    wait_drained(archive, server, living.archiver, "local", "offsite")

    assert complete(archive) == []
    for name in ("local", "offsite"):
        assert_whole(archive, name)
        assert last in segments(archive, name)
        repository = archive.repository(name) / "archive" / "brewget"
        files = [x for x in repository.rglob("*") if len(x.name) > 40]
        written = [x.name[:24] for x in sorted(files, key=lambda x: x.stat().st_mtime_ns)]
        assert written == sorted(written)
    archive.wait(
        "none waits", living.archiver, lambda: not any(position(archive)["waiting"].values())
    )


def test_no_key_is_in_a_command_line_or_a_log(living: Living) -> None:
    archive = living.archive
    seen, words = set(), set()
    done = living.archiver.errors().count("the backup is in the repository")
    for name in ("local", "offsite"):
        (archive.root / f"backup-now-{name}").touch()
    switch(living.server)
    end = time.monotonic() + 60
    while living.archiver.errors().count("the backup is in the repository") < done + 2:
        assert time.monotonic() < end, living.archiver.errors()
        for process in processes(archive):
            words.add(command(process))
    seen = {x for x in words if "pgbackrest" in x}
    assert any(" backup " in x for x in seen)
    assert any(" archive-push " in x for x in seen)
    assert not [x for x in words if "passphrase of" in x]
    assert "passphrase of" not in living.archiver.errors()


def test_a_stolen_repository_says_no_name_and_no_content(living: Living) -> None:
    """The stream and the queues are plain WAL."""
    archive, server = living.archive, living.server
    server.sql(
        f"create table {TABLE} as select '{CONTENT}'::text as a from generate_series(1, 100)"
    )
    done = living.archiver.errors().count("the backup is in the repository")
    for name in ("local", "offsite"):
        (archive.root / f"backup-now-{name}").touch()
    archive.wait(
        "two backups",
        living.archiver,
        lambda: living.archiver.errors().count("the backup is in the repository") >= done + 2,
    )
    wait_drained(archive, server, living.archiver, "local", "offsite")

    stolen = [x for name in ("local", "offsite") for x in archive.repository(name).rglob("*")]
    stolen += [x for x in archive.root.iterdir() if x.is_file()]
    assert len([x for x in stolen if x.is_file()]) > 20
    for path in stolen:
        assert TABLE not in str(path)
        if path.is_file():
            content = path.read_bytes()
            assert TABLE.encode() not in content, path
            assert CONTENT.encode() not in content, path
    stream = b"".join(x.read_bytes() for x in server.data.rglob("pg_wal/0*"))
    assert CONTENT.encode() in stream, "it would be found"


def test_two_at_once_are_one_after_the_other(living: Living) -> None:
    second = living.archive.scripts(living.server).with_(BACKUP_LOCK_WAIT=1)
    before = position(living.archive)["time"]

    done = second.run("archiver").expect(75)

    assert "the archive is in use by the archiver on" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    archive, archiver = living.archive, living.archiver
    archive.wait("the first", archiver, lambda: position(archive)["time"] > before)


SETTINGS = {
    "ARCHIVE_SYNCHRONOUS": ("2", 64, "ARCHIVE_SYNCHRONOUS='2': 0 and 1 are allowed"),
    "ARCHIVE_CANARY_SECONDS": ("0", 64, "ARCHIVE_CANARY_SECONDS='0' makes no sense"),
    "ARCHIVE_FULL_HOURS": ("weekly", 64, "ARCHIVE_FULL_HOURS='weekly' makes no sense"),
    "ARCHIVE_CONF": ("/nonexistent", 64, "there is no repository"),
    "BACKUP_ROOT": ("/nonexistent", 69, "the store /nonexistent is not there"),
    "PGPORT": ("1", 69, "cannot work with the server at"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_that_makes_no_sense_is_refused(name: str, living: Living) -> None:
    value, status, said = SETTINGS[name]
    scripts = living.archive.scripts(living.server).with_(also={name: value}, BACKUP_LOCK_WAIT=0)
    if name == "PGPORT":
        scripts = scripts.with_(BACKUP_ROOT=str(new_store(scripts)))

    done = scripts.run("archiver").expect(status)

    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def new_store(scripts: Scripts) -> Path:
    """Make an empty store."""
    root = scripts.box.directory("store")
    scripts.with_(BACKUP_ROOT=str(root)).run("init-store").expect(0)
    return root


def test_an_unknown_option_is_refused(living: Living) -> None:
    done = living.archive.scripts(living.server).run("archiver", "--what").expect(64)
    assert done.stderr.endswith("error: unknown option '--what'. See: archiver.sh --help\n")
    assert "--await-server-end" in living.archive.pod.scripts.run("archiver", "--help").stdout


@pytest.mark.trap(58)
def test_retention_leaves_each_base_its_wal(living: Living) -> None:
    """And each segment a base: two full backups are kept."""
    archive, server = living.archive, living.server
    for _ in range(2):
        switch(server)
        pgbackrest(archive, server, "local", "backup", "--type=full").expect(0)
    switch(server)
    wait_drained(archive, server, living.archiver)

    backups = info(archive)

    assert [x["type"] for x in backups if x["type"] == "full"] == ["full"] * 2
    assert len(info(archive, "offsite")) > 0
    assert_whole(archive)
    names = segments(archive)
    assert names[0] == backups[0]["archive"]["start"], "nothing older than the oldest base needs"
    for backup in backups:
        assert {backup["archive"]["start"], backup["archive"]["stop"]} <= set(names)


DAY = 86_400
DUE = {
    "none yet": ([], "full 0"),
    "all fresh": ([("full", 9), ("incr", 1)], "- -3600"),
    "an increment": ([("full", 20), ("incr", 6)], "incr -21600"),
    "a differential, as only increments came since": ([("full", 24), ("incr", 1)], "diff -3600"),
    "a full resets the differential": ([("diff", 30), ("full", 2)], "- -7200"),
    "a full": ([("full", 168), ("diff", 1)], "full -3600"),
    "the clock went back a day": ([("full", -24), ("incr", -24)], "- 86400"),
    "the clock went forward a year": ([("full", 8760)], "full -31536000"),
}


@pytest.mark.parametrize("case", DUE)
def test_which_backup_is_due(case: str) -> None:
    """Times are hours before now."""
    backups, expected = DUE[case]
    now = 1_700_000_000
    lines = []
    for index, (kind, hours) in enumerate(backups):
        lines += [f"0.backup.{index}.timestamp.stop\t{now - hours * 3600}"]
        lines += [f'0.backup.{index}.type\t"{kind}"']
    due, last = awk("due", lines, now=now, full=168 * 3600, diff=24 * 3600, incr=6 * 3600).split()
    assert f"{due} {int(last) - now if backups else 0}" == expected


GAPS = {
    "none": ("1:1 1:2 1:3", ""),
    "one": ("1:1 1:3 1:4", "3"),
    "the last of two": ("1:1 1:3 1:4 1:6", "6"),
    "a timeline goes on where the other was left": ("1:1 1:2 2:2 2:3", ""),
    "a timeline goes on earlier, as the other went too far": ("1:1 1:2 1:3 2:2 2:3 2:4", ""),
    "a timeline goes on too late": ("1:1 1:2 2:4", "4"),
    "over the end of the low half": ("1:FE 1:FF 1:100 1:101", ""),
    "at the end of the low half": ("1:FE 1:100", "100"),
    "none at all": ("", ""),
}


@pytest.mark.parametrize("case", GAPS)
def test_a_segment_that_is_missing_is_seen_by_its_name(case: str) -> None:
    names, expected = GAPS[case]
    lines = ["0000000100000000", "00000002.history-0123", "archive.info"]
    lines += [f"{segment(x)}-{'0' * 40}.zst" for x in names.split()]
    found = awk("wal_gaps", [f"{x[:16]}/{x}" for x in sorted(lines)])
    assert found.strip() == (segment(f"1:{expected}")[8:] if expected else "")


def segment(text: str) -> str:
    """Of `timeline:number`."""
    timeline, rest = text.split(":")
    high, low = divmod(int(rest, 16), 256)
    return f"{int(timeline):08X}{high:08X}{low:08X}"


NEWEST = {
    "none": ([], "00000000 0/0"),
    "the newest": ([segment("1:3"), segment("1:5"), segment("1:4")], "00000001 0/05000000"),
    "one under way": ([segment("1:3"), f"{segment('1:5')}.partial"], "00000001 0/05000000"),
    "high": ([segment("1:1FF")], "00000001 1/FF000000"),
    "the newest timeline, not the highest": (
        [segment("1:9"), segment("2:4")],
        "00000002 0/04000000",
    ),
    "a timeline that has only begun": ([segment("1:9"), "00000002.history"], "00000002 0/0"),
    "others": (["archive.info", f"{segment('1:3')}.00000028.backup"], "00000000 0/0"),
}


@pytest.mark.parametrize("case", NEWEST)
def test_the_newest_wal_is_known_by_its_name(case: str) -> None:
    names, expected = NEWEST[case]
    assert awk("newest_wal", [f"/store/{x}" for x in names]).strip() == expected


def backup(label: str, server: int, timeline: int, lsn: str, stop: int) -> list[str]:
    """As info says it, in the order of its keys."""
    texts = {
        "archive.stop": f'"{timeline:08X}0000000000000001"',
        "database.id": f"{server}",
        "label": f'"{label}"',
        "lsn.stop": f'"{lsn}"',
        "timestamp.stop": f"{stop}",
        "type": '"full"',
    }
    return [f"0.backup.{stop}.{key}\t{text}" for key, text in texts.items()]


BRANCHES = {
    "the newest on the way": ({"timeline": "00000002"}, "C A"),
    "of the first": ({"timeline": "00000001"}, "D B A"),
    "before a time": ({"timeline": "00000002", "time": "30"}, "A O -"),
    "before a position": ({"timeline": "00000002", "lsn": "0/B000000"}, "A"),
    "of all": ({"timeline": ""}, "D C B A"),
}


@pytest.mark.parametrize("case", BRANCHES)
def test_which_backups_lead_to_a_timeline(case: str) -> None:
    """It was left at 0/A000000 after A; B and D are of what was left, O is of a server before."""
    wanted, expected = BRANCHES[case]
    lines = ["1\t0/A000000\tno recovery target specified"] if "1" not in wanted["timeline"] else []
    lines += backup("O", 1, 1, "5/1000000", 1) + backup("A", 2, 1, "0/9000000", 10)
    lines += backup("B", 2, 1, "0/B000000", 20) + backup("C", 2, 2, "0/C000000", 30)
    lines += backup("D", 2, 1, "0/D000000", 40)
    assert awk("branch", lines, **wanted).split("\n") == [*expected_lines(expected), ""]


def expected_lines(text: str) -> list[str]:
    """One a backup, the mark beside it."""
    return text.replace(" -", "_-").replace(" ", "\n").replace("_", " ").split("\n")


def awk(program: str, lines: list[str], **variables: int | str) -> str:
    """Run one of the programs, in the order in which the lines are."""
    words = [x for name, value in variables.items() for x in ("-v", f"{name}={value}")]
    done = subprocess.run(
        ["awk", "-F", "\t", *words, "-f", AWK / f"{program}.awk"],
        input="".join(f"{x}\n" for x in lines),
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_the_end_of_the_server_is_in_the_stream(archive: Archive) -> None:
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver)
        archive.wait_streamed(server, archiver)
        waiting = archive.scripts(server).start("archiver", "--await-server-end")
        server.sql("create table t as select 1 a")
        time.sleep(1)
        assert waiting.process.poll() is None

        server.signal(signal.SIGINT)  # fast: a checkpoint at the end

        waiting.wait(10).expect(0)
        control = server_control(server, "Latest checkpoint location")
        high, low = (int(x, 16) for x in control.split("/"))
        name = f"{1:08X}{high:08X}{low >> 24:08X}"
        offset = low & 0xFFFFFF
        last = next((archive.root / "stream").glob(f"{name}*")).read_bytes()
        assert last[: offset + 100] == (server.data / "pg_wal" / name).read_bytes()[: offset + 100]
        assert any(last[offset : offset + 100])
        assert archiver.process.poll() is None
        server.start()
        archive.wait("a canary", archiver, lambda: position(archive).get("streaming"))
        switch(server)
        wait_drained(archive, server, archiver)
        assert_whole(archive)
        warnings = [x for x in archiver.errors().splitlines() if "Z warning: " in x]
        assert len(warnings) == len({x.partition("Z ")[2] for x in warnings}), "each once"


def server_control(server: Attached, line: str) -> str:
    """Return what pg_controldata says of a line."""
    done = subprocess.run(
        [server.binaries / "pg_controldata", server.data],
        env=server.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    (found,) = [x for x in done.stdout.splitlines() if x.startswith(line)]
    return found.rpartition(" ")[2]


def test_synchronous_commits_wait_for_the_stream_and_the_canary_does_not(archive: Archive) -> None:
    archive.pod.options += ("synchronous_standby_names=archiver",)
    with archive.running(ARCHIVE_SYNCHRONOUS="1") as (server, archiver):
        archive.wait_backed_up(archiver)
        server.sql("create table t as select 1 a")
        assert (
            server.sql(
                "select sync_state from pg_stat_replication where application_name = 'archiver'"
            )
            == "sync"
        )
        (receiver,) = [x for x in pids(archive, "pg_receivewal") if "--slot" in command(x)]
        os.kill(receiver, signal.SIGSTOP)
        before = position(archive)["time"]
        hanging = subprocess.Popen(
            [server.binaries / "psql", "-Xqc", "insert into t values (2)"],
            env={**server.environment(), **server.client()},
            **archive.pod.scripts.box.identity.options(),
        )
        try:
            for _ in range(2):
                archive.wait("a tick", archiver, lambda old=before: position(archive)["time"] > old)
                before = position(archive)["time"]
            assert hanging.poll() is None, "it waits for the stream"
        finally:
            os.kill(receiver, signal.SIGCONT)
        assert hanging.wait(30) == 0
        assert number(segments(archive)[0]) > 0


def test_an_archive_that_was_switched_off_keeps_no_wal_on_the_servers_disk(
    archive: Archive,
) -> None:
    slots = "select count(*) from pg_replication_slots"
    with archive.running() as (_, archiver):
        archive.wait_backed_up(archiver)
    archive.pod.prepare().expect(0)
    with archive.pod.running() as server:
        assert server.sql(slots) == "1"
    archive.pod.prepare(ARCHIVE_CONF="").expect(0)
    with archive.pod.running() as server:
        assert server.sql(slots) == "0"
