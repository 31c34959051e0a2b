"""Which notifications are due: once per event, whatever happens in between.

Pure: a state and what is wrong now give the next state. The state is a small file, so a restart
repeats nothing and a receiver that is down loses nothing.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from console import message
from console.message import Event, Kind, Open
from console.problem import Code, Key, Level, Problem

PATIENCE = 2
"""Looks in a row that must agree: a rename in the store takes a moment, and so does an API."""
VERSION = 2
"""Of the file. What waited is read from version 1 too; what was open there is told once more."""
MOST_WAITING = 500
"""Of one receiver that never answers, the oldest go."""


@dataclass(frozen=True, slots=True)
class State:
    """What was announced, what waits to be delivered, oldest first, and who hears of it."""

    open: Mapping[Key, Open] = field(default_factory=dict)
    waiting: tuple[Event, ...] = ()
    receivers: tuple[str, ...] = ()
    told: tuple[str, ...] | None = None
    """Sets in the store whose verification was told; None before the first look."""
    digest: float | None = None
    """When the last digest that was told of had been due; None before the first look."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the last looks have agreed on."""

    streaks: Mapping[Key, int] = field(default_factory=dict)
    """How many in a row found a problem there (above zero) or gone (below)."""
    levels: Mapping[Key, Level] = field(default_factory=dict)
    """As the last look has them."""
    agreed: Mapping[Key, Level] = field(default_factory=dict)
    """The lesser one of the last two looks."""

    def after(
        self, problems: Iterable[Problem], state: State, unknown: Iterable[Code] = ()
    ) -> "Seen":
        """With one more look, which says nothing about what is `unknown`."""
        now = {problem.key: problem.level for problem in problems}
        hidden, streaks = set(unknown), {}
        for key in now.keys() | state.open.keys() | self.streaks.keys():
            was = self.streaks.get(key, 0)
            if key.code in hidden:
                streaks[key] = was
            elif key in now:
                streaks[key] = max(was, 0) + 1
            elif key in state.open:
                streaks[key] = min(was, 0) - 1
        agreed = {key: min(level, self.levels.get(key, Level.GOOD)) for key, level in now.items()}
        return Seen(streaks, now, agreed)


def advance(
    state: State, seen: Seen, problems: Iterable[Problem], receivers: tuple[str, ...], now: float
) -> State:
    """The state with an event for each problem that is new or got worse and each that is over.

    `problems`: the worst first. A receiver that is new is told what is open as well.
    """
    opened = dict(state.open)
    new = tuple(each for each in receivers if each not in state.receivers)
    gone = [key for key in state.open if seen.streaks.get(key, 0) <= -PATIENCE]
    events = [message.over(key, opened.pop(key), receivers, now) for key in gone]
    if new:
        events += [message.lasting(key, each, new, now) for key, each in opened.items()]
    for problem in problems:
        before, level = opened.get(problem.key), problem.level
        if before is None and seen.streaks.get(problem.key, 0) < PATIENCE:
            continue
        if before is None or seen.agreed.get(problem.key, Level.GOOD) > before.level:
            opened[problem.key] = Open(before.since if before else now, problem.text, level)
            events.append(message.begun(problem, receivers, now))
    return replace(queued(state, events, receivers), open=opened, receivers=receivers)


def queued(state: State, events: list[Event], receivers: tuple[str, ...]) -> State:
    """With these events for the receivers, where there are any.

    Not more than fits in a file that is written at each step; what is new stays.
    """
    if not receivers:
        return state
    fresh = [*message.gathered(events)]
    kept = state.waiting[-max(1, MOST_WAITING - len(fresh)) :]
    return replace(state, waiting=(*kept, *fresh))


def delivered(state: State, event_id: str, receiver: str) -> State:
    """The state once a receiver has taken an event."""
    left = []
    for each in state.waiting:
        rest = each
        if each.id == event_id:
            rest = replace(each, receivers=tuple(r for r in each.receivers if r != receiver))
        if rest.receivers:
            left.append(rest)
    return replace(state, waiting=tuple(left))


def only_known(state: State, receivers: Iterable[str]) -> State:
    """Without what waits for receivers that are no longer configured."""
    known = set(receivers)
    kept = (
        replace(each, receivers=tuple(r for r in each.receivers if r in known))
        for each in state.waiting
    )
    return replace(state, waiting=tuple(each for each in kept if each.receivers))


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
            "about": e.about,
        }
        for e in state.waiting
    ]
    whole = {"version": VERSION, "receivers": state.receivers, "open": opened, "waiting": waiting}
    whole |= {"told": state.told, "digest": state.digest}
    return json.dumps(whole, indent=1) + "\n"


def from_json(text: str) -> State:
    """Out of the file. ValueError where it cannot be read."""
    try:
        found: dict[str, Any] = json.loads(text)
        waiting = tuple(_event(each) for each in found["waiting"])
        if found["version"] == 1:
            return State(waiting=waiting)
        if found["version"] != VERSION:
            raise ValueError(f"version {found['version']}")
        receivers = tuple(str(each) for each in found["receivers"])
        # A console of before kept neither, or one mark for all sets, which says too little.
        told, digest = found.get("told"), found.get("digest")
        return State(
            dict(_open(each) for each in found["open"]),
            waiting,
            receivers,
            None if told is None else tuple(str(each) for each in told),
            None if digest is None else float(digest),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is not as it was written: {error!r}") from error


def _open(found: Mapping[str, Any]) -> tuple[Key, Open]:
    key = Key(Code(found["code"]), str(found["subject"]))
    return key, Open(float(found["since"]), str(found["text"]), Level(found["level"]))


def _event(found: Mapping[str, Any]) -> Event:
    receivers = tuple(str(receiver) for receiver in found["receivers"])
    title, body = str(found["title"]), str(found["body"])
    about = str(found.get("about", ""))
    return Event(str(found["id"]), Kind(found["kind"]), title, body, receivers, about)
