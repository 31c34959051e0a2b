"""Which notifications are due: once per event, whatever happens in between.

Pure: a state and what is wrong now give the next state. The state is a small file, so a restart
repeats nothing and a receiver that is down loses nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from console.problem import Code, Key, Level, Problem
from console.words import span

PATIENCE = 2
"""Looks in a row that must agree: a rename in the store takes a moment, and so does an API."""
VERSION = 2
"""Of the file."""
MOST_TITLE = 100
"""Characters of a title that is cut."""
CUT = "The receiver did not take the whole message. The page has it."
MOST_WAITING = 500
"""Of one receiver that never answers, the oldest go."""


class Kind(StrEnum):
    """What an event says."""

    PROBLEM = "problem"
    WARNING = "warning"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True)
class Event:
    """One message and the receivers that have not taken it."""

    id: str
    kind: Kind
    title: str
    body: str
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """A problem that was announced."""

    since: float
    text: str
    level: Level


@dataclass(frozen=True, slots=True)
class State:
    """What was announced, and what waits to be delivered, oldest first."""

    open: Mapping[Key, Open] = field(default_factory=dict)
    waiting: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """How many looks in a row found a problem there (above zero) or gone (below)."""

    streaks: Mapping[Key, int] = field(default_factory=dict)

    def after(self, present: Iterable[Key], state: State, unknown: Iterable[Code] = ()) -> "Seen":
        """With one more look, which says nothing about what is `unknown`."""
        now, hidden, streaks = set(present), set(unknown), {}
        for key in now | state.open.keys() | self.streaks.keys():
            was = self.streaks.get(key, 0)
            if key.code in hidden:
                streaks[key] = was
            elif key in now:
                streaks[key] = max(was, 0) + 1
            elif key in state.open:
                streaks[key] = min(was, 0) - 1
        return Seen(streaks)


def advance(
    state: State, seen: Seen, problems: Iterable[Problem], receivers: tuple[str, ...], now: float
) -> State:
    """The state with an event for each problem that is new or got worse and each that is over.

    `problems`: the worst first.
    """
    opened, events = dict(state.open), []
    for problem in problems:
        before = opened.get(problem.key)
        if before is None and seen.streaks.get(problem.key, 0) < PATIENCE:
            continue
        if before is None or problem.level > before.level:
            since = before.since if before else now
            opened[problem.key] = Open(since, problem.text, problem.level)
            events.append(_begun(problem, receivers, now))
        else:
            opened[problem.key] = replace(before, level=problem.level)
    gone = [key for key in state.open if seen.streaks.get(key, 0) <= -PATIENCE]
    events += [_over(key, opened.pop(key), receivers, now) for key in gone]
    waiting = (*state.waiting, *events)[-MOST_WAITING:] if receivers else state.waiting
    return State(opened, waiting)


def delivered(state: State, event_id: str, receiver: str) -> State:
    """The state once a receiver has taken an event."""
    left = []
    for each in state.waiting:
        rest = each
        if each.id == event_id:
            rest = replace(each, receivers=tuple(r for r in each.receivers if r != receiver))
        if rest.receivers:
            left.append(rest)
    return State(state.open, tuple(left))


def shortened(event: Event) -> Event:
    """The event for a receiver that may refuse it for its length or for what is quoted in it."""
    title = event.title if len(event.title) <= MOST_TITLE else f"{event.title[:MOST_TITLE]}…"
    return replace(event, title=title.encode("ascii", "replace").decode(), body=CUT)


def only_known(state: State, receivers: Iterable[str]) -> State:
    """Without what waits for receivers that are no longer configured."""
    known = set(receivers)
    kept = (
        replace(each, receivers=tuple(r for r in each.receivers if r in known))
        for each in state.waiting
    )
    return State(state.open, tuple(each for each in kept if each.receivers))


def _begun(problem: Problem, receivers: tuple[str, ...], now: float) -> Event:
    kind = Kind.PROBLEM if problem.level is Level.BAD else Kind.WARNING
    body = f"{problem.text}\n{problem.next}".strip()
    id_ = f"{problem.code} {problem.subject} {now:.3f} {kind}"
    return Event(id_, kind, problem.text, body, receivers)


def _over(key: Key, problem: Open, receivers: tuple[str, ...], now: float) -> Event:
    body = f"This is over, after {span(now - problem.since)}:\n{problem.text}"
    title = f"Recovered: {problem.text}"
    id_ = f"{key.code} {key.subject} {now:.3f} over"
    return Event(id_, Kind.RECOVERED, title, body, receivers)


def to_json(state: State) -> str:
    """For the file."""
    opened = [
        {
            "code": key.code,
            "subject": key.subject,
            "since": o.since,
            "text": o.text,
            "level": o.level,
        }
        for key, o in state.open.items()
    ]
    waiting = [
        {
            "id": e.id,
            "kind": e.kind,
            "title": e.title,
            "body": e.body,
            "receivers": list(e.receivers),
        }
        for e in state.waiting
    ]
    return json.dumps({"version": VERSION, "open": opened, "waiting": waiting}, indent=1) + "\n"


def from_json(text: str) -> State:
    """Out of the file. ValueError where it cannot be read."""
    try:
        found: dict[str, Any] = json.loads(text)
        if found["version"] != VERSION:
            raise ValueError(f"version {found['version']}")
        return State(
            dict(_open(each) for each in found["open"]),
            tuple(_event(each) for each in found["waiting"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is not as it was written: {error!r}") from error


def _open(found: Mapping[str, Any]) -> tuple[Key, Open]:
    key = Key(Code(found["code"]), str(found["subject"]))
    return key, Open(float(found["since"]), str(found["text"]), Level(found["level"]))


def _event(found: Mapping[str, Any]) -> Event:
    receivers = tuple(str(receiver) for receiver in found["receivers"])
    title, body = str(found["title"]), str(found["body"])
    return Event(str(found["id"]), Kind(found["kind"]), title, body, receivers)
