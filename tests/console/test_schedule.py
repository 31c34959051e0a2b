"""Schedules: the gap that is expected, the run that was due, across clock changes."""

from datetime import UTC, datetime

import pytest

from console.schedule import last_run, longest_gap, next_run

HOUR = 3600


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("schedule", "zone", "gap"),
    [
        ("0 */6 * * *", "UTC", 6 * HOUR),
        ("30 */6 * * *", "Etc/UTC", 6 * HOUR),
        ("0 8-18 * * *", "UTC", 14 * HOUR),
        ("0 3 * * 1-5", "UTC", 72 * HOUR),
        ("@hourly", "UTC", HOUR),
        ("@weekly", "", 7 * 24 * HOUR),
    ],
)
def test_the_longest_gap(schedule: str, zone: str, gap: float) -> None:
    assert longest_gap(schedule, zone, at("2026-11-24 12:00")) == gap


def test_the_run_before_and_the_run_after() -> None:
    now = at("2026-11-24 12:34")
    assert last_run("0 */6 * * *", "UTC", now) == at("2026-11-24 12:00")
    assert next_run("0 */6 * * *", "UTC", now) == at("2026-11-24 18:00")
    assert next_run("0 3 * * *", "Europe/Berlin", now) == at("2026-11-25 02:00")


def test_a_clock_change_makes_no_hole() -> None:
    # Berlin leaves summer time on 2026-10-25 at 03:00.
    assert next_run("0 6 * * *", "Europe/Berlin", at("2026-10-24 12:00")) == at("2026-10-25 05:00")


@pytest.mark.parametrize(
    ("schedule", "zone"), [("never", "UTC"), ("", "UTC"), ("0 * * * *", "Mars/X")]
)
def test_what_cannot_be_read_is_unknown(schedule: str, zone: str) -> None:
    assert next_run(schedule, zone, 0.0) is None
    assert last_run(schedule, zone, 1e9) is None
    assert longest_gap(schedule, zone, 1e9) is None
