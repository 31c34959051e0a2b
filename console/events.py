"""Which notifications are due: once per event, whatever happens in between.

Pure: a state and what is wrong now give the next state. The state is a small file, so a restart
repeats nothing and a receiver that is down loses nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from console.problem import Code, Level, Problem
from console.words import span

PATIENCE = 2
"""Looks in a row that must agree: a rename in the store takes a moment, and so does an API."""
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


@dataclass(frozen=True, slots=True)
class State:
    """What was announced, and what waits to be delivered, oldest first."""

    open: Mapping[Code, Open] = field(default_factory=dict)
    waiting: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """How many looks in a row found a code there (above zero) or gone (below)."""

    streaks: Mapping[Code, int] = field(default_factory=dict)

    def after(self, present: Iterable[Code], unknown: Iterable[Code] = ()) -> "Seen":
        """With one more look, which says nothing about what is `unknown`."""
        now, streaks = set(present), dict(self.streaks)
        for code in set(Code) - set(unknown):
            was = streaks.get(code, 0)
            streaks[code] = max(was, 0) + 1 if code in now else min(was, 0) - 1
        return Seen(streaks)


def advance(
    state: State, seen: Seen, problems: Iterable[Problem], receivers: tuple[str, ...], now: float
) -> State:
    """The state with an event for each problem that is new and each that is over."""
    found = {problem.code: problem for problem in problems}
    opened, events = dict(state.open), []
    for code in Code:
        streak = seen.streaks.get(code, 0)
        if code in found and code not in opened and streak >= PATIENCE:
            opened[code] = Open(now, found[code].text)
            events.append(_begun(found[code], receivers, now))
        if code in opened and streak <= -PATIENCE:
            events.append(_over(code, opened.pop(code), receivers, now))
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
    return Event(f"{problem.code} {now:.3f} {kind}", kind, problem.text, body, receivers)


def _over(code: Code, problem: Open, receivers: tuple[str, ...], now: float) -> Event:
    body = f"This is over, after {span(now - problem.since)}:\n{problem.text}"
    title = f"Recovered: {problem.text}"
    return Event(f"{code} {now:.3f} over", Kind.RECOVERED, title, body, receivers)


def to_json(state: State) -> str:
    """For the file."""
    opened = {code.value: {"since": o.since, "text": o.text} for code, o in state.open.items()}
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
    return json.dumps({"version": 1, "open": opened, "waiting": waiting}, indent=1) + "\n"


def from_json(text: str) -> State:
    """Out of the file. ValueError where it cannot be read."""
    try:
        found: dict[str, Any] = json.loads(text)
        if found["version"] != 1:
            raise ValueError(f"version {found['version']}")
        return State(
            {Code(k): Open(float(o["since"]), str(o["text"])) for k, o in found["open"].items()},
            tuple(_event(each) for each in found["waiting"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is not as it was written: {error!r}") from error


def _event(found: Mapping[str, Any]) -> Event:
    receivers = tuple(str(receiver) for receiver in found["receivers"])
    title, body = str(found["title"]), str(found["body"])
    return Event(str(found["id"]), Kind(found["kind"]), title, body, receivers)
