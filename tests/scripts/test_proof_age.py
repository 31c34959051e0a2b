"""Proof has an age: the bytes of every kept set are read again, and the oldest proof is repeated."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.lib.content import AUTH
from tests.lib.scripts import Scripts
from tests.lib.store import Store

OLD = "backup_20200101_000000"
DAMAGED = 65


def days_ago(days: float) -> str:
    """Return a moment as the scripts write it."""
    return (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def aged(store: Store, days: float, name: str = OLD) -> Path:
    """Return a copy of the golden set that was verified so long ago."""
    made = store.copy_set(store.names()[-1], name)
    path = made / "verified.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "verified": days_ago(days)}))
    return made


def pending(scripts: Scripts, **settings: object) -> Scripts:
    """The scripts with the usual limits, but for `settings`."""
    return scripts.with_(VERIFY_SCRUB_DAYS=7, VERIFY_REPEAT_DAYS=0).with_(**settings)


def test_the_bytes_of_a_set_are_read_again_before_its_time_is_over(
    both: Scripts, kept: Store
) -> None:
    old = aged(kept, 4)
    done = pending(both).run("verify", "--pending").expect(0)
    assert f"{OLD} was read again" in done.stderr
    note = json.loads((old / "read.json").read_text())
    assert note["set"] == OLD
    assert note["read"] >= days_ago(0.1)

    again = pending(both).run("verify", "--pending").expect(0)
    assert "read again" not in again.stderr, "a little in each run, not all in each"
    listed = json.loads(both.run("list", "--json").expect(0).stdout)
    (found,) = [x for x in listed if x["set"] == OLD]
    assert found["reading_age_seconds"] < 3600
    assert found["proof_age_seconds"] > 3 * 86400


def test_a_byte_that_flipped_in_an_old_set_is_found_and_named(
    scripts: Scripts, kept: Store
) -> None:
    new = kept.names()[-1]
    old = aged(kept, 4)
    dump = old / f"{AUTH}.dump"
    content = bytearray(dump.read_bytes())
    content[len(content) // 2] ^= 1
    dump.write_bytes(content)

    done = pending(scripts).run("verify", "--pending").expect(DAMAGED)

    assert f"{AUTH}.dump" in done.stderr
    assert kept.names() == [new], "it is in failed/, and the good one stays"
    assert (kept.root / "failed" / OLD / "failed.json").is_file()


@pytest.mark.parametrize(("days", "limit"), [(1, 7), (400, 0)])
def test_no_set_is_read_before_it_is_due_or_where_that_is_off(
    scripts: Scripts, kept: Store, days: int, limit: int
) -> None:
    aged(kept, days, f"backup_{datetime.now(UTC):%Y%m%d}_000000")
    done = pending(scripts, VERIFY_SCRUB_DAYS=limit).run("verify", "--pending").expect(0)
    assert "read again" not in done.stderr


def test_the_set_that_was_restored_longest_ago_is_restored_again_one_a_run(
    scripts: Scripts, kept: Store
) -> None:
    other = aged(kept, 30, "backup_20200202_000000")
    oldest = aged(kept, 40)
    limits = {"VERIFY_SCRUB_DAYS": 0, "VERIFY_REPEAT_DAYS": 35}

    done = pending(scripts, **limits).run("verify", "--pending").expect(0)

    assert f"{OLD} good" in done.stdout
    assert json.loads((oldest / "verified.json").read_text())["verified"] >= days_ago(0.1)
    assert json.loads((other / "verified.json").read_text())["verified"] < days_ago(29)


def test_time_that_is_up_leaves_the_old_sets_to_the_next_run(scripts: Scripts, kept: Store) -> None:
    old = aged(kept, 4)
    done = pending(scripts, VERIFY_SECONDS=0).run("verify", "--pending").expect(0)
    assert "time is up" in done.stderr
    assert not (old / "read.json").exists()


def test_a_verdict_from_the_future_proves_nothing(scripts: Scripts, kept: Store) -> None:
    """A clock that was wrong for a day must not keep a set from ever being read again."""
    old = aged(kept, -400)
    pending(scripts).run("verify", "--pending").expect(0)
    assert (old / "read.json").exists()
