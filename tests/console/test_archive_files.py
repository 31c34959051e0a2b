"""The archive's files as anybody may have left them: each is read, or said not to be readable."""

import os
import time
from pathlib import Path

import pytest

from console.archive import MOST_BYTES, Archive, Copies, Slot, View
from tests.lib.positions import (
    before,
    begun,
    write_archive,
    write_copies,
    write_drill,
    write_position,
)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path


def look(store: Path) -> Archive:
    return View(store).look(time.time())


def test_what_postgresql_prints_is_read(store: Path) -> None:
    """Byte by byte as json_build_object spaces it."""
    (store / "archive").mkdir()
    (store / "archive" / "position.json").write_text(
        '{"version" : 1, "time" : "2026-11-29T19:20:02Z", "canary" : null, "written" : "0/5000090",'
        ' "behind_bytes" : 7, "slot" : "extended", "streaming" : true,'
        ' "waiting" : {"local": 0, "offsite": 12},'
        ' "backups" : {"local": "2026-11-29T18:00:05Z", "offsite": null}}\n'
    )
    found = look(store).position
    assert found is not None
    assert (found.time, found.canary) == (1795980002.0, None)
    assert (found.slot, found.is_streaming, found.behind_bytes) == (Slot.EXTENDED, True, 7)
    assert found.waiting == {"local": 0, "offsite": 12}
    assert found.backups == {"local": 1795975205.0, "offsite": None}


def test_an_archive_of_which_nothing_is_written_is_no_error(store: Path) -> None:
    found = look(store)
    assert (found.position, found.drills, found.copies) == (None, {}, None)
    assert found.why == "it has not been written yet"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "it is not JSON"),
        ('{"version" : 1, "time" : "2026-11', "it is not JSON"),
        ("[" * 50_000, "it is not JSON"),
        ("[]", "it is not a JSON object"),
        ('{"version": 2}', "its version 2 is newer than this console's (1)"),
        ('{"version": true}', "it has no time"),
        ("{}", "it is of no known version"),
        ('{"version": 1}', "it has no time"),
        ('{"version": 1, "time": "yesterday"}', "it has a time that is none"),
        ('{"version": 1, "time": "2026-11-29T19:20:02"}', "it has a time that is none"),
        ('{"version": 1, "time": "2026-11-29T19:20:02Z", "waiting": {"local": "x"}}', "a count"),
        ('{"version": 1, "time": "2026-11-29T19:20:02Z", "backups": {"local": 5}}', "a time"),
        (" " * (MOST_BYTES + 1), "which is too much"),
    ],
)
def test_a_damaged_or_newer_position_says_what_is_wrong(store: Path, text: str, why: str) -> None:
    write_archive(store)
    (store / "archive" / "position.json").write_text(text)
    found = look(store)
    assert found.position is None
    assert found.why.startswith("position.json cannot be used: ")
    assert why in found.why
    assert sorted(found.drills) == ["local", "offsite"], "what is left still counts"


def test_odd_names_and_words_are_left_aside(store: Path) -> None:
    many = {f"r{n}": 1 for n in range(99)}
    write_position(store, waiting=many | {"../etc": 1, "<b>": 2}, backups=[], slot="new",
                   behind_bytes=-9, written=["x"], streaming="yes")  # fmt: skip
    found = look(store).position
    assert found is not None
    assert len(found.waiting) < 10
    assert (found.slot, found.behind_bytes, found.written) == (None, 0, "")
    assert (found.backups, found.is_streaming) == ({}, False)


def test_a_pipe_or_link_is_not_followed(store: Path) -> None:
    write_archive(store)
    path = store / "archive" / "position.json"
    real = path.rename(store / "elsewhere.json")
    path.symlink_to(real)
    assert look(store).position is None
    path.unlink()
    os.mkfifo(path)
    assert "is not a file" in look(store).why


def test_a_drill_is_read_and_a_damaged_report_of_one_is_a_failure(store: Path) -> None:
    write_position(store)
    write_drill(store, "local", 60, why="")
    write_drill(
        store, "offsite", 60, ok=False, why="it ends\ud800 early", **{"from": None, "to": None}
    )
    found = look(store).drills
    assert (found["local"].is_good, found["local"].seconds) == (True, 12)
    assert found["local"].start is not None
    assert (found["offsite"].is_good, found["offsite"].start) == (False, None)
    assert found["offsite"].why.encode() == b"it ends? early"
    for text in ('{"version": 2, "ok": true}', '{"ok', '{"version": 1, "ok": true, "from": 5}'):
        (store / "archive" / "drill-local.json").write_text(text)
        damaged = look(store).drills["local"]
        assert not damaged.is_good
        assert damaged.why.startswith("drill-local.json cannot be used: ")


def test_only_a_plain_yes_is_one(store: Path) -> None:
    write_position(store)
    write_drill(store, "local", ok="true")
    write_copies(store, ok="true")
    found = look(store)
    assert not found.drills["local"].is_good
    assert found.copies
    assert not found.copies.is_good


def test_what_the_job_writes_of_the_sets_off_this_machine_is_read(store: Path) -> None:
    write_archive(store)
    path = store / "archive" / "offsite-sets.json"
    path.write_text(
        '{"version": 1, "time": "2026-11-30T16:00:00Z", "ok": true, "set": "backup_20261130_120000",'
        ' "sets": 14, "seconds": 12, "why": ""}\n'
    )
    good = Copies(
        is_good=True, time=1796054400.0, newest="backup_20261130_120000",
        begun=1796040000.0, kept=14, seconds=12,
    )  # fmt: skip
    assert look(store).copies == good
    write_copies(
        store, time="2026-11-30T16:00:00Z", ok=False, set=None, sets=None, seconds=None,
        why="it is\ud800 away",
    )  # fmt: skip
    never = Copies(is_good=False, why="it is? away", time=good.time)
    assert look(store).copies == never
    path.unlink()
    assert look(store).copies is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"version": 2}, "its version 2 is newer than this console's (1)"),
        ({"version": "1"}, "it is of no known version"),
        ({"time": None}, "it has no time"),
        ({"time": "yesterday"}, "it has a time that is none"),
        ({"set": "../backup_20261130_120000"}, "it has a time that is none"),
        ({"set": "backup_20261330_120000"}, "it has a time that is none"),
        ({"set": 5}, "it has a time that is none"),
        ({"sets": "14"}, "it has a count that is none"),
        ({"why": "x" * MOST_BYTES}, "which is too much"),
    ],
)
def test_a_report_of_copied_sets_that_cannot_be_used_is_no_good_one(
    store: Path, changes: dict[str, object], why: str
) -> None:
    write_archive(store)
    write_copies(store, **changes)
    found = look(store)
    assert found.copies == Copies(is_good=False, why=found.copies.why if found.copies else "")
    assert found.copies.why.startswith("offsite-sets.json cannot be used: ")
    assert why in found.copies.why
    assert found.position, "what is left still counts"


def test_what_a_job_has_said_that_was_switched_off_says_nothing(store: Path) -> None:
    write_archive(store)
    assert View(store).look(time.time()).copies
    assert View(store, has_copies=False).look(time.time()).copies is None


def test_a_report_of_copied_sets_that_is_cut_short_or_a_link_is_no_good_one(store: Path) -> None:
    write_archive(store)
    path = store / "archive" / "offsite-sets.json"
    real = path.rename(store / "elsewhere.json")
    path.symlink_to(real)
    linked = look(store).copies
    path.unlink()
    path.write_text(real.read_text()[:40])
    cut = look(store).copies
    assert linked
    assert cut
    assert (linked.is_good, cut.is_good) == (False, False)
    assert cut.why == "offsite-sets.json cannot be used: it is not JSON"


def test_a_repository_that_is_not_used_any_more_tells_nothing(store: Path) -> None:
    write_archive(store)
    write_position(store, waiting={"local": 0}, backups={"local": before(60)})
    found = look(store)
    assert (found.repositories, list(found.drills)) == (["local"], ["local"])


def test_since_when_it_is_there_outlives_the_console(store: Path) -> None:
    now = time.time()
    view = View(store)
    assert view.look(now).since == now
    assert view.look(now + 60).since == now, "the first look"
    (store / "archive").mkdir()
    begun(store, 5000)
    assert view.look(now + 60).since == pytest.approx(now - 5000, abs=5)
    assert View(store).look(now).since < now - 4000, "and another console"
