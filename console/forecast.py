"""When a volume will be full, from how its free room went."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from console import views
from console.words import DAY, span

WINDOW = 30 * DAY
"""Older measurements say little of the present rate."""
LEAST_SPAN, LEAST_COUNT = DAY, 4
FAR = 5 * 365 * DAY
_MOST = 60
_TOO_FEW = "the day when it is full is not known yet: too few measurements"


@dataclass(frozen=True, slots=True)
class Sample:
    """Free room at one moment."""

    moment: float
    free: float
    size: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """The day, where there is one, and the sentence about it."""

    moment: float | None
    text: str


def full(samples: Sequence[Sample], floor: float, now: float) -> Forecast:
    """When free room reaches `floor`, as it went while the volume had its present size."""
    used = _of_the_present(samples, now)
    if not used:
        return Forecast(None, "unknown when it is full")
    if used[-1].free <= floor:
        return Forecast(used[-1].moment, "full")
    measured = used[-1].moment - used[0].moment
    if len(used) < LEAST_COUNT or measured < LEAST_SPAN:
        return Forecast(None, _TOO_FEW)
    rate = _rate(used)
    if rate >= 0:
        return Forecast(None, "not filling up")
    moment = used[-1].moment + (used[-1].free - floor) / -rate
    if moment - now > FAR:
        return Forecast(None, "not full within five years")
    moment = max(moment, now)
    day = views.utc(moment).split()[0]
    return Forecast(moment, f"full on {day}, as it went in the last {span(measured)}")


def _of_the_present(samples: Sequence[Sample], now: float) -> list[Sample]:
    """The last ones in a row of one size: another size is another volume, or a larger one."""
    found: list[Sample] = []
    for each in sorted(samples, key=lambda sample: sample.moment, reverse=True):
        if each.moment > now:
            continue  # of a clock that was wrong
        if now - each.moment > WINDOW or (found and each.size != found[-1].size):
            break
        found.append(each)
    return found[::-1]


def _rate(samples: Sequence[Sample]) -> float:
    """Bytes a second: the median of all pairs, so that a backup in the making moves it little."""
    every = max(1, -(-len(samples) // _MOST))
    kept = [*samples[::-1][::every]]
    pairs = [(a, b) for a, b in combinations(kept, 2) if a.moment != b.moment]
    return median((a.free - b.free) / (a.moment - b.moment) for a, b in pairs)
