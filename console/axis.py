"""The numbers and dates beside a picture: few, round, and with their unit."""

from bisect import bisect_left
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from math import ceil, floor, log10

from console import words
from console.words import DAY, HOUR, MINUTE

TICKS = 4
"""The most between two ends: more do not fit beside each other on a phone."""
_SIXTIETHS = (1, 2, 5, 10, 20, 30)
_CLOCK = (*_SIXTIETHS, *(MINUTE * n for n in _SIXTIETHS), *(HOUR * n for n in (1, 2, 4, 8, 12)))
_DAYS = (1, 2, 4, 7, 14, 30, 60, 120, 240, 365)
_CALENDAR = (*(HOUR * n for n in (1, 3, 6, 12)), *(DAY * n for n in _DAYS))
# Between them every moment has a date; a set's manifest may say any year.
_FIRST = datetime(1, 1, 2, tzinfo=UTC).timestamp()
_LAST = datetime(9999, 12, 30, tzinfo=UTC).timestamp()
_THOUSANDS = ((10**9, "bn"), (10**6, "M"), (10**3, "k"))


class Unit(StrEnum):
    """What is counted."""

    BYTES = "bytes"
    ROWS = "rows"
    SECONDS = "seconds"


def upright(most: float, unit: Unit) -> list[tuple[float, str]]:
    """From 0 to at least `most`: where, and what is written there."""
    step = _step(max(most, 1.0), unit)
    return [(n * step, _short(n * step, unit)) for n in range(ceil(max(most, 1.0) / step) + 1)]


def said(value: float, unit: Unit) -> str:
    """One value, for a person."""
    say: dict[Unit, Callable[[float], str]] = {
        Unit.BYTES: words.size,
        Unit.ROWS: lambda count: words.count(int(count), "row"),
        Unit.SECONDS: words.span,
    }
    return say[unit](value)


def dates(first: float, last: float) -> list[tuple[float, str]]:
    """Whole hours or days of UTC between two moments."""
    first, last = max(first, _FIRST), min(last, _LAST)
    step = _at_least((last - first) / TICKS, _CALENDAR)
    pattern = "%d %b %H:%M" if step < DAY else "%d %b" if last - first < 300 * DAY else "%b %Y"
    found = range(ceil(first / step), floor(last / step) + 1)
    return [(n * step, datetime.fromtimestamp(n * step, UTC).strftime(pattern)) for n in found]


def _step(most: float, unit: Unit) -> float:
    if unit is Unit.SECONDS and most <= TICKS * _CLOCK[-1]:
        return _at_least(most / TICKS, _CLOCK)
    if unit is Unit.SECONDS:
        return DAY * _round(most / TICKS / DAY)
    if unit is Unit.BYTES:
        whole = 1.0
        while most >= whole * words.KIB:
            whole *= words.KIB
        # Of a unit so that the picture's numbers are round ones: 500 MiB, not 476.8.
        return max(1.0, whole * _round(most / TICKS / whole))
    return max(1.0, _round(most / TICKS))


def _round(value: float) -> float:
    """1, 2 or 5 with zeros, not below `value`."""
    power = 10.0 ** floor(log10(value))
    return next(n * power for n in (1, 2, 5, 10) if n * power >= value * 0.999999)


def _at_least(value: float, steps: tuple[int, ...]) -> float:
    at = bisect_left(steps, value)
    return float(steps[at]) if at < len(steps) else steps[-1] * ceil(value / steps[-1])


def _short(value: float, unit: Unit) -> str:
    if unit is Unit.ROWS:
        return next((f"{value / n:g}{sign}" for n, sign in _THOUSANDS if value >= n), f"{value:g}")
    if not value:
        return "0"
    return words.span(value) if unit is Unit.SECONDS else words.size(value).replace(".0 ", " ")
