"""A picture of values over time as plain numbers; the template only writes them down."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from console import axis, views
from console.axis import Unit
from console.words import HOUR

WIDTH, HEIGHT = 340, 190
"""About a phone's width, so that its letters are as large there as beside it."""
LEFT, RIGHT, TOP, BOTTOM = 52, 328, 40, 166
"""The edges of what is drawn; above it stands what the pointer or the keyboard is at."""
MOST = 60
"""Values in a picture; of more one of each stretch of time is shown."""


@dataclass(frozen=True, slots=True)
class Value:
    """One of them, and of which set it is."""

    moment: float
    value: float
    set: str = ""
    state: str = ""


Keep = Callable[..., Value]
"""`max`, or `min`."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a value lies; `left` and `width` are the strip that leads the pointer to it."""

    x: float
    y: float
    left: float
    width: float
    when: str
    what: str
    set: str
    state: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A word beside an axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All of a picture."""

    key: str
    title: str
    points: tuple[Point, ...]
    line: str
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    of: int
    """Values there are; more than points where not all are shown."""


def draw(
    key: str, title: str, values: Sequence[Value], unit: Unit, keep: Keep = max
) -> Chart | None:
    """None where there is nothing to draw. `keep`: which one of several that fall together."""
    if not values:
        return None
    shown = thin(values, keep)
    first, last = shown[0].moment, shown[-1].moment
    if last - first < HOUR:
        first, last = first - 6 * HOUR, last + 6 * HOUR
    up = axis.upright(max(each.value for each in shown), unit)

    def x(moment: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * (moment - first) / (last - first), 1)

    def y(value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * value / up[-1][0], 1)

    at = [x(each.moment) for each in shown]
    strips = [float(LEFT), *((a + b) / 2 for a, b in pairwise(at)), float(RIGHT)]
    points = [
        Point(
            at[index],
            y(each.value),
            round(strips[index], 1),
            round(strips[index + 1] - strips[index], 1),
            views.utc(each.moment),
            ", ".join(filter(None, (axis.said(each.value, unit), each.state))),
            each.set,
            each.state,
        )
        for index, each in enumerate(shown)
    ]
    return Chart(
        key,
        title,
        tuple(points),
        " ".join(f"{each.x},{each.y}" for each in points),
        tuple(Tick(x(moment), text) for moment, text in axis.dates(first, last)),
        tuple(Tick(y(value), text) for value, text in up),
        len(values),
    )


def thin(values: Sequence[Value], keep: Keep = max, most: int = MOST) -> list[Value]:
    """At most so many, oldest first: of each stretch of time one, and the newest of all."""
    ordered = sorted(values, key=lambda each: each.moment)
    if len(ordered) <= most:
        return ordered
    first, newest = ordered[0].moment, ordered.pop()
    width = (newest.moment - first) / (most - 1) or 1.0
    kept: dict[int, Value] = {}
    for each in ordered:
        stretch = min(int((each.moment - first) / width), most - 2)
        kept[stretch] = keep(kept.get(stretch, each), each, key=lambda value: value.value)
    return [*kept.values(), newest]
