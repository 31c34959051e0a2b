"""What a notification says: of a problem that begins, gets worse, lasts or is over, or of many.

What is told although nothing is wrong is in regular.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby

from console.problem import Key, Level, Problem
from console.words import span

MANY = 5
"""Of one kind in one look; of more there is one message."""
MOST_LISTED = 20
"""Lines of such a message."""
MOST_TITLE = 100
"""Characters of a title that is cut."""
CUT = "The receiver did not take the whole message. The page has it."


class Kind(StrEnum):
    """What an event says."""

    PROBLEM = "problem"
    WARNING = "warning"
    RECOVERED = "recovered"
    SUCCESS = "success"
    DIGEST = "digest"


@dataclass(frozen=True, slots=True)
class Event:
    """One message and the receivers that have not taken it."""

    id: str
    kind: Kind
    title: str
    body: str
    receivers: tuple[str, ...]
    about: str = ""
    """The problem; what is said of one problem is said in its order."""


@dataclass(frozen=True, slots=True)
class Open:
    """A problem that was announced."""

    since: float
    text: str
    level: Level
    """The worst that it has been."""


def begun(problem: Problem, receivers: tuple[str, ...], now: float) -> Event:
    """Of a problem that is new, or worse than before."""
    body = f"{problem.text}\n{problem.next}".strip()
    kind = Kind.PROBLEM if problem.level is Level.BAD else Kind.WARNING
    return _event(problem.key, kind, problem.text, body, to=receivers, at=now)


def lasting(key: Key, problem: Open, receivers: tuple[str, ...], now: float) -> Event:
    """Of a problem that others were told of before."""
    body = f"This has been so for {span(now - problem.since)}:\n{problem.text}"
    kind = Kind.PROBLEM if problem.level is Level.BAD else Kind.WARNING
    return _event(key, kind, problem.text, body, to=receivers, at=now)


def over(key: Key, problem: Open, receivers: tuple[str, ...], now: float) -> Event:
    """Of a problem that is not there any more, be it mended or removed."""
    body = f"This is over, after {span(now - problem.since)}:\n{problem.text}"
    return _event(key, Kind.RECOVERED, f"Over: {problem.text}", body, to=receivers, at=now)


def gathered(events: Sequence[Event]) -> Iterable[Event]:
    """The same with one message for many of a kind: a disk that dies damages every set at once."""
    for (kind, code), group in groupby(events, lambda each: (each.kind, each.about.split()[0])):
        found = [*group]
        if len(found) <= MANY:
            yield from found
            continue
        titles = [each.title for each in found]
        more = [f"and {len(titles) - MOST_LISTED} more"] if len(titles) > MOST_LISTED else []
        yield replace(
            found[0],
            title=f"{len(titles)} at once: {titles[0]}",
            body="\n".join([*titles[:MOST_LISTED], *more]),
            id=f"{found[0].id} and {len(titles) - 1} more",
            about=f"{code} {kind}",
        )


def shortened(event: Event) -> Event:
    """The event for a receiver that may refuse it for its length or for what is quoted in it."""
    title = event.title if len(event.title) <= MOST_TITLE else f"{event.title[:MOST_TITLE]}..."
    return replace(event, title=title.encode("ascii", "replace").decode(), body=CUT)


def _event(key: Key, kind: Kind, title: str, body: str, *, to: tuple[str, ...], at: float) -> Event:
    about = f"{key.code} {key.subject}"
    return Event(f"{about} {at:.3f} {kind}", kind, title, body, to, about)
