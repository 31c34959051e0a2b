"""What a CronJob's schedule says: when it runs next, when it should have run, how often."""

from datetime import UTC, datetime
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_RUNS = 40
"""Looked at for the longest gap: an irregular schedule shows its own within them."""


def next_run(schedule: str, zone: str, now: float) -> float | None:
    """Seconds since 1970; None for a schedule that cannot be read."""
    return _one(schedule, zone, now, reverse=False)


def last_run(schedule: str, zone: str, now: float) -> float | None:
    """When it should have run most recently."""
    return _one(schedule, zone, now, reverse=True)


@lru_cache(maxsize=16)
def _longest_gap(schedule: str, zone: str, day: int) -> float | None:
    try:
        runs = CronSim(_plain(schedule), _moment(zone, day * 86400))
        times = [next(runs).timestamp() for _ in range(_RUNS)]
    except (CronSimError, StopIteration, ValueError, KeyError, OSError):
        return None  # no schedule, or no time zone, that we can read
    return max(later - earlier for earlier, later in pairwise(times))


def longest_gap(schedule: str, zone: str, now: float) -> float | None:
    """The longest time between two of the coming runs, in seconds."""
    return _longest_gap(schedule, zone, int(now // 86400))


def _one(schedule: str, zone: str, now: float, *, reverse: bool) -> float | None:
    try:
        return next(CronSim(_plain(schedule), _moment(zone, now), reverse=reverse)).timestamp()
    except (CronSimError, StopIteration, ValueError, KeyError, OSError):
        return None  # no schedule, or no time zone, that we can read


def _plain(schedule: str) -> str:
    return _MACROS.get(schedule.strip(), schedule)


def _moment(zone: str, seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone or "UTC"))
