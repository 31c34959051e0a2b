"""A start from the archive: everything that was acknowledged, or a refusal with the ways on."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import Golden
from tests.lib.disaster import Disaster, rows_of
from tests.lib.hooks import start_until
from tests.lib.sandbox import end_processes_below
from tests.lib.scripts import Done, Scripts
from tests.lib.store import Store, copy_tree
from tests.lib.toolbox import Tools, path_of, shim

PREPARED = "restored from the archive (repository local)"
WAY = "STARTUP_SET=backup_"


def refused(lost: Disaster, status: int, *said: str, **settings: str) -> Done:
    """Start, and see it refused with the reason and the way on, and nothing changed."""
    before = lost.snapshot()
    done = lost.pod.prepare(**settings).expect(status)
    for text in said:
        assert text in done.stderr, done.said
    assert not lost.pod.data.exists()
    gone = set(before.items()) - set(lost.snapshot().items())
    # What waits is pushed first, and a push that was killed in the middle done again.
    pushed = ("/queue-", ".pgbackrest.tmp")
    assert not [x for x, _ in gone if not any(y in x for y in pushed)], done.said
    assert lost.pod.started.splitlines()[-1].split(" ", 1)[1].startswith("refused: ")
    return done


def push(lost: Disaster) -> None:
    """Push what waits in the queue, as a start does first."""
    lost.pod.scripts.functions("archiver", "repository_drain local").expect(0)


def test_all_acknowledged_rows_are_back_from_repository_queue_and_stream(
    lost: Disaster, tools: Tools
) -> None:
    assert len(list(lost.archive.root.glob("queue-local/0*"))) == 2
    assert list(lost.archive.root.glob("stream/*.partial"))
    programs = lost.pod.scripts.path.split(":")[0]
    path = path_of(tools, lost.pod.scripts.box, lost.pod.binaries)
    aside = lost.archive.root / "queue-offsite-7640000000000000001.1790000000"
    aside.mkdir()  # of a server before, on a timeline far away
    (aside / "000000090000000500000001").touch()
    lost.pod.scripts.box.identity.own(aside)
    lost.pod.scripts = lost.pod.scripts.with_(path=f"{programs}:{path}")

    done = lost.pod.prepare().expect(0)

    assert PREPARED in done.stderr
    assert lost.rows() == lost.whole


@pytest.mark.long
def test_a_second_disaster_on_the_new_timeline_loses_nothing_either(lost: Disaster) -> None:
    lost.pod.prepare().expect(0)
    with lost.archive.running() as (server, archiver):
        assert rows_of(server) == lost.whole
        lost.add(server, lost.last + 1)
        server.sql("select pg_switch_wal()")
        lost.archive.wait_pushed(server, archiver)
        lost.add(server, lost.last + 1)
        lost.archive.wait_streamed(server, archiver)
        server.kill()
    shutil.rmtree(lost.pod.data)

    assert PREPARED in lost.pod.prepare().expect(0).stderr

    assert lost.rows() == lost.whole


def assert_positions_are_its_own(scripts: Scripts) -> None:
    """Of a server before one may be anywhere: who means such a moment is told how to say so."""
    for lsn, said in (("0/28", "is before that"), ("F/0", "is later")):
        refused = scripts.run("restore-moment", "--to-lsn", lsn, "--dry-run").expect(78)
        way = "a moment of one before it is named by its time (--to-time). Nothing was touched."
        assert f"{lsn} {said}. Positions are the present server's; {way}" in refused.stderr


def test_a_start_from_a_set_gives_the_archive_a_new_server_and_a_third_disaster_is_whole(
    lost: Disaster,
) -> None:
    lost.pod.prepare().expect(0)
    with lost.pod.running() as server:
        chosen = lost.pod.scripts.with_(server=server).backup()
    shutil.rmtree(lost.pod.data)
    lost.pod.prepare(STARTUP_SET=chosen).expect(0)
    with lost.archive.running() as (server, archiver):
        lost.add(server, lost.last + 1)
        lost.archive.wait_backed_up(archiver)
        lost.add(server, lost.last + 1)
        lost.archive.wait_streamed(server, archiver)
        assert_positions_are_its_own(lost.pod.scripts.with_(server=server))
        server.kill()
    assert len((lost.archive.root / "systems").read_text().split()) == 2
    shutil.rmtree(lost.pod.data)

    assert PREPARED in lost.pod.prepare().expect(0).stderr

    assert lost.rows() == lost.whole


def test_a_set_that_was_taken_after_the_archives_end_is_taken(lost: Disaster) -> None:
    lost.pod.prepare().expect(0)
    with lost.pod.running() as server:  # without its archiver
        lost.add(server, lost.last + 1)
        newer = lost.pod.scripts.with_(server=server).backup()
    shutil.rmtree(lost.pod.data)

    done = lost.pod.prepare().expect(0)

    assert f"restored from backup {newer}" in done.stderr
    assert "the last commit in the archive" in done.stderr
    assert lost.rows() == lost.whole


def test_a_set_that_was_taken_in_the_future_is_not_taken_before_the_archive(
    lost: Disaster, golden: Golden
) -> None:
    store = Store(lost.pod.scripts.root)
    copy_tree(golden.root / golden.set, store.root / golden.set)
    future = "backup_20991231_000000"
    store.rename_set(golden.set, future, store=store.identity(), started="2099-12-31T00:00:00Z")

    done = lost.pod.prepare().expect(0)

    assert f"{future} was taken in the future" in done.stderr
    assert lost.rows() == lost.whole


def test_an_archive_without_a_backup_and_no_set_is_no_reason_to_come_up_empty(
    lost: Disaster,
) -> None:
    shutil.rmtree(lost.archive.repository())
    refused(lost, 78, "of a server that was there before", "STARTUP_ACCEPT=fresh-start")
    lost.pod.prepare(STARTUP_ACCEPT="fresh-start").expect(0)


@pytest.mark.parametrize("damage", ["wrong key", "unreadable"])
def test_an_archive_that_cannot_be_read_is_not_passed_over(damage: str, lost: Disaster) -> None:
    key = lost.archive.keys / "local" / "repo1-cipher-pass"
    if damage == "wrong key":
        key.write_text("another")
    elif damage == "no key":
        key.unlink()
    else:
        (lost.archive.repository() / "backup/brewget/backup.info").write_text("nothing")
        (lost.archive.repository() / "backup/brewget/backup.info.copy").write_text("nothing")
    refused(lost, 69, "the repository local cannot be read", WAY)


def _the_newest_segment_is_missing(lost: Disaster) -> None:
    push(lost)
    lost.segments()[-1].unlink()


def _a_segment_in_the_middle_is_missing(lost: Disaster) -> None:
    push(lost)
    lost.segments()[-2].unlink()


def _a_segment_is_missing_that_nobody_wrote_down(lost: Disaster) -> None:
    """The position is an hour old, or gone: the names of the segments after the gap are there."""
    _a_segment_in_the_middle_is_missing(lost)
    position = lost.archive.position()
    segment = int(lost.segments()[-2].name[16:24], 16)
    (lost.archive.root / "position.json").write_text(
        json.dumps({**position, "written": f"0/{segment:X}000028"}).replace('": ', '" : ')
    )


def _a_byte_of_a_segment_is_another(lost: Disaster) -> None:
    push(lost)
    flip(lost.segments()[-1])


def _a_byte_of_a_bundle_is_another(lost: Disaster) -> None:
    bundles = lost.archive.repository().glob("backup/brewget/*/bundle/*")
    flip(max(bundles, key=lambda path: path.stat().st_size))


def _the_partial_segment_is_gone(lost: Disaster) -> None:
    (partial,) = lost.archive.root.glob("stream/*.partial")
    partial.unlink()


def _the_wal_of_another_server_waits(lost: Disaster) -> None:
    (partial,) = lost.archive.root.glob("stream/*.partial")
    data = bytearray(partial.read_bytes())
    data[24] ^= 1  # of the system identifier
    other = lost.archive.root / "queue-local" / "00000001000000000000000F"
    other.write_bytes(data)
    lost.pod.scripts.box.identity.own(other)


def _what_the_archive_says_of_itself_is_damaged(lost: Disaster) -> None:
    for name in ("archive.info", "archive.info.copy"):
        flip(lost.archive.repository() / "archive" / "brewget" / name)


def flip(file: Path) -> None:
    """Change one byte in the middle of a file."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "status", "said"),
    some(
        [
            (_the_newest_segment_is_missing, 65, "but WAL up to"),
            (_a_segment_is_missing_that_nobody_wrote_down, 65, "but WAL up to"),
            (_a_byte_of_a_segment_is_another, 65, "but WAL up to"),
            (_a_byte_of_a_bundle_is_another, 69, "the restore from the repository local failed"),
            (_the_partial_segment_is_gone, 65, "but WAL up to"),
            (_the_wal_of_another_server_waits, 65, "but WAL up to"),
            (_what_the_archive_says_of_itself_is_damaged, 69, "cannot be read"),
        ]
    ),
)
def test_a_damaged_archive_is_refused_and_nothing_is_put_in_place(
    damage: Callable[[Disaster], None], status: int, said: str, lost: Disaster
) -> None:
    damage(lost)
    refused(lost, status, said, "Nothing was put in place", WAY)


def test_what_is_left_is_taken_where_its_shortness_is_accepted_and_the_archive_goes_on(
    lost: Disaster,
) -> None:
    push(lost)
    _a_segment_in_the_middle_is_missing(lost)
    done = lost.pod.prepare(STARTUP_ACCEPT="shorter-wal").expect(0)
    assert "Lost, and accepted by STARTUP_ACCEPT=shorter-wal: the archive ends at" in done.stderr
    with lost.archive.running() as (server, archiver):
        came = rows_of(server)
        assert came[0] == came[1] < lost.last
        lost.marks = {row: mark for row, mark in lost.marks.items() if row <= came[0]}
        lost.add(server, lost.last + 1)
        lost.archive.wait_streamed(server, archiver)
        server.sql("select pg_switch_wal()")
        lost.archive.wait_pushed(server, archiver)
        lost.add(server, lost.last + 1)
        lost.archive.wait_streamed(server, archiver)
        server.kill()
    shutil.rmtree(lost.pod.data)
    assert PREPARED in lost.pod.prepare().expect(0).stderr
    assert lost.rows() == lost.whole


def test_a_replay_that_postgresql_pauses_is_refused_in_its_own_words(lost: Disaster) -> None:
    """It waits for a person where the server had more connections than in its last backup."""
    lost.pod.prepare().expect(0)
    lost.pod.options = (*lost.pod.options, "max_connections=300")
    with lost.archive.running() as (server, archiver):
        lost.add(server, lost.last + 1)
        lost.archive.wait_streamed(server, archiver)
        server.kill()
    shutil.rmtree(lost.pod.data)
    why = "is a lower setting than on the primary server, where its value was 300"
    refused(lost, 65, "but WAL up to", why, WAY)


def failing(lost: Disaster, body: str, command: str = "archive-get") -> Scripts:
    """Put a pgbackrest before the real one whose command fails as the body says."""
    where = lost.pod.scripts.box.directory("shim")
    text = (
        f'HERE={where}\n[[ " $* " != *" {command} "* ]] || {{ {body}; }}\n'
        'PATH="${PATH#*$HERE/bin:}" exec pgbackrest "$@"'
    )
    directory = shim(where / "bin", "pgbackrest", text)
    return lost.pod.scripts.with_(path=f"{directory}:{lost.pod.scripts.path}")


def own_command(lost: Disaster) -> None:
    """Make the configuration name the pgbackrest of the PATH, for restore_command to start it."""
    conf = lost.archive.conf / "local.conf"
    conf.write_text(f"{conf.read_text()}cmd=pgbackrest\n")


def test_a_repository_that_is_away_for_a_moment_is_waited_for(lost: Disaster) -> None:
    own_command(lost)
    body = '[[ $(ls $HERE/at.* 2>/dev/null | wc -l) -ge 4 ]] || { : >"$HERE/at.$$"; echo "ERROR: [103]: away" >&2; exit 103; }'
    lost.pod.scripts = failing(lost, body)
    lost.pod.prepare(REPLAY_PATIENCE="20").expect(0)
    assert lost.rows() == lost.whole


def test_a_start_killed_at_any_step_is_repeated_to_the_whole_content(lost: Disaster) -> None:
    for step in (
        "data-locked",
        "locked",
        "pushed",
        "archive-restored",
        "server",
        "promoted",
        "marked",
        "synced",
        "in-place",
    ):
        running, _ = start_until(lost.pod.in_image(), step, "prepare-data")
        running.kill()
        end_processes_below(lost.pod.volume)
        assert lost.pod.data.exists() == (step == "in-place"), step
    lost.pod.prepare().expect(0)
    assert lost.rows() == lost.whole
    assert not (lost.pod.volume / "pgdata.init").exists()


def test_the_other_repository_is_taken_where_this_disks_is_gone(
    lost_archive: Disaster, bare: Scripts
) -> None:
    lost = lost_archive.copy(bare, "local", "offsite")
    shutil.rmtree(lost.archive.repository())
    done = lost.pod.prepare().expect(0)
    assert "restored from the archive (repository offsite)" in done.stderr
    assert lost.rows() == lost.whole


def test_the_whole_server_goes_back_to_a_moment_and_the_archive_goes_on_from_there(
    lost: Disaster,
) -> None:
    mark = lost.marks[11]  # in the segment that only the stream has, are later rows
    done = lost.pod.prepare(STARTUP_TO_TIME=mark.time).expect(0)
    assert f"as it was at {mark.time}" in done.stderr
    with lost.archive.running() as (server, archiver):
        assert rows_of(server) == (11, 11)
        assert server.sql("show restore_command") == ""
        lost.marks = {row: found for row, found in lost.marks.items() if row <= mark.row}
        lost.add(server, 12)
        server.sql("select pg_switch_wal()")
        lost.archive.wait_pushed(server, archiver)
        lost.add(server, 13)
        lost.archive.wait_streamed(server, archiver)
        server.kill()
    shutil.rmtree(lost.pod.data)
    assert PREPARED in lost.pod.prepare().expect(0).stderr
    assert lost.rows() == lost.whole


def test_a_timeline_whose_history_cannot_be_had_just_now_is_not_left_for_an_older_one(
    lost: Disaster,
) -> None:
    """It goes on beyond the moment that was gone back to, and so does the newest backup: neither is the present."""
    own_command(lost)
    lost.pod.prepare(STARTUP_TO_TIME=lost.marks[5].time).expect(0)
    whole = lost.pod.scripts
    lost.pod.scripts = failing(lost, "exit 103", "backup")
    with lost.archive.running() as (server, archiver):
        lost.marks = {row: found for row, found in lost.marks.items() if row <= rows_of(server)[0]}
        for _ in range(2):
            lost.add(server, lost.last + 1)
            server.sql("select pg_switch_wal()")
        lost.archive.wait_pushed(server, archiver)
        server.kill()
    shutil.rmtree(lost.pod.data)
    (lost.archive.root / "position.json").unlink(missing_ok=True)
    lost.pod.scripts = whole
    lost.pod.scripts = failing(lost, "exit 103", "repo-get")
    refused(lost, 69, "the history of the timeline 00000002 cannot be had")
    lost.pod.scripts = whole
    lost.pod.scripts = failing(lost, '[[ "$*" != *history* ]] || exit 103')
    refused(lost, 69, "recovery target timeline 2 does not exist")
    lost.pod.scripts = whole
    first = next(x for x in lost.segments() if x.name.startswith("00000002"))
    aside = first.rename(lost.archive.root / "aside")
    # Where the older one goes on as far as this one is known to, it is replayed, and seen through.
    said = refused(lost, 65, "Nothing was put in place").stderr
    assert "the timeline 00000002 was left out" in said or "but WAL up to" in said, said
    aside.rename(first)
    lost.pod.prepare().expect(0)
    assert lost.rows() == lost.whole


@pytest.mark.parametrize(
    ("time", "status", "said"),
    [
        ("2020-01-01 00:00:00+00", 78, "the archive begins at"),
        ("2120-01-01 00:00:00+00", 78, "the archive has come to"),
    ],
)
def test_a_start_at_a_moment_outside_the_archive_is_refused(
    time: str, status: int, said: str, lost: Disaster
) -> None:
    push(lost)
    refused(lost, status, said, STARTUP_TO_TIME=time)


def test_a_moment_without_a_zone_is_refused(lost: Disaster) -> None:
    done = lost.pod.prepare(STARTUP_TO_TIME="2026-11-22 10:15:00").expect(64)
    assert "STARTUP_TO_TIME='2026-11-22 10:15:00' is no time with its zone" in done.stderr
    assert not lost.pod.data.exists()


def test_a_set_and_a_moment_are_not_both_taken(lost: Disaster) -> None:
    settings = {"STARTUP_SET": "backup_20260101_000000", "STARTUP_TO_TIME": lost.marks[6].time}
    done = lost.pod.prepare(**settings).expect(64)
    assert "only one of them" in done.stderr
    assert not lost.pod.data.exists()
