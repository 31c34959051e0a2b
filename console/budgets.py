"""The limits that somebody has set, kept or not: what may be lost, how long a recovery may take.

Judged by what was proven alone. What is not known is never called met.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from console import archived
from console.problem import CLOCK_SLACK, Code, Facts, Level, Problem
from console.words import span

CLOSE = 0.8
"""The part of a budget beyond which there is a warning: time is left to do something."""


class Name(StrEnum):
    """Which one, as in its setting."""

    RPO = "rpo"
    """Changes that may be lost, as the time in which they were made."""
    RTO = "rto"
    """Time that a recovery may take."""


class State(StrEnum):
    """Whether it is kept."""

    MET = "met"
    CLOSE = "close"
    """Met, and not for long."""
    MISSED = "missed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Budget:
    """One of them."""

    name: Name
    seconds: float
    measured: float | None
    """None where nothing has been proven."""
    state: State
    why: str

    @property
    def title(self) -> str:
        """For the page."""
        return TITLES[self.name]


CODES = {Name.RPO: Code.RPO, Name.RTO: Code.RTO}
TITLES = {Name.RPO: "Budget of what may be lost", Name.RTO: "Budget of a recovery's time"}


def view(facts: Facts, now: float) -> tuple[Budget, ...]:
    """Those that are set."""
    found = []
    if facts.rpo_seconds:
        found.append(_rpo(facts, now))
    if facts.rto_seconds:
        found.append(_rto(facts))
    return tuple(found)


def problems(facts: Facts, now: float) -> Iterator[Problem]:
    """Missed ones, and those that soon will be. Why one is unknown is a problem of its own."""
    next_ = {
        Name.RPO: "Take and verify a set now, or more often (backup.schedule, verify.schedule), or "
        "have an archive (archive.enabled).",
        Name.RTO: "Drills say how long it takes: more backup.jobs, a faster disk, or less data "
        "make it shorter.",
    }
    for each in view(facts, now):
        if each.state in {State.MISSED, State.CLOSE}:
            yield Problem(CODES[each.name], Level.WARNING, f"{each.why}.", next_[each.name])


def _judged(name: Name, seconds: float, measured: float, expected: float, why: str) -> Budget:
    """`expected` is what it will be if nothing is done; only what was measured is a miss."""
    worst = max(measured, expected)
    state = State.MET
    if measured > seconds:
        state = State.MISSED
    elif worst > CLOSE * seconds:
        state = State.CLOSE
    key = f"recovery.{name} ({span(seconds)})"
    said = {State.MET: "within", State.CLOSE: "close to", State.MISSED: "more than"}[state]
    return Budget(name, seconds, measured, state, f"{why}, {said} {key}")


def _unknown(name: Name, seconds: float, why: str) -> Budget:
    return Budget(name, seconds, None, State.UNKNOWN, why)


def _rpo(facts: Facts, now: float) -> Budget:
    name, budget = Name.RPO, facts.rpo_seconds
    if not facts.store.is_known:
        return _unknown(name, budget, "The store does not say")
    proven = _proven(facts, now)
    if proven is None:
        first = min((x.began for x in facts.store.published), default=now)
        if now - first <= budget:
            return _unknown(name, budget, "Nothing has been proven by a restore yet")
        why = f"Nothing of the last {span(now - first)} is proven"
        return _judged(name, budget, now - first, 0, why)
    lost = now - proven
    if lost < -CLOCK_SLACK:
        return _unknown(name, budget, "A clock is wrong")
    has_archive = _archived(facts, now) is not None
    if not has_archive and lost <= budget and facts.interval > budget:
        why = f"A backup is due every {span(facts.interval)}"
        return Budget(
            name, budget, max(0.0, lost), State.CLOSE,
            f"{why}, so recovery.rpo ({span(budget)}) will be missed before the next one",
        )  # fmt: skip
    why = f"Changes of the last {span(lost)} would be lost now"
    return _judged(name, budget, max(0.0, lost), 0, why)


def _proven(facts: Facts, now: float) -> float | None:
    """The newest moment that a restore is known to bring back."""
    verified = facts.store.newest(verified=True)
    moments = verified.began if verified else None, _archived(facts, now)
    return max((each for each in moments if each is not None), default=None)


def _archived(facts: Facts, now: float) -> float | None:
    """Up to when any second can be had: where a drill has shown it, and nothing is wrong."""
    archive = facts.archive
    if archive is None or not any(each.is_good for each in archive.drills.values()):
        return None
    found = archived.problems(archive, facts.archive_interval, now)
    return None if any(each.code in archived.OF_WINDOW for each in found) else archive.end


def _rto(facts: Facts) -> Budget:
    """The slowest way of those that were tried: which one is needed depends on what is lost."""
    name, budget = Name.RTO, facts.rto_seconds
    if not facts.store.is_known:
        return _unknown(name, budget, "The store does not say")
    verified, newest = facts.store.newest(verified=True), facts.store.newest()
    took = verified.verdict.restore_seconds if verified and verified.verdict else None
    if verified is None or took is None:
        return _unknown(name, budget, "No drill has measured it yet")
    expected = took
    if verified.manifest and newest and newest.manifest and verified.manifest.bytes:
        expected *= newest.manifest.bytes / verified.manifest.bytes
    why = f"A restore of {verified.name} took {span(took)}"
    if expected > took and CLOSE * budget < expected:
        why = f"{why}, and {newest.name if newest else ''} needs some {span(expected)}"
    for repository, seconds in _drilled(facts):
        if seconds > max(took, expected):
            took, expected = seconds, 0.0
            why = f"Coming back from the archive ({repository}) took {span(seconds)}"
    return _judged(name, budget, took, expected, why)


def _drilled(facts: Facts) -> Iterator[tuple[str, float]]:
    for repository, drill in sorted(facts.archive.drills.items() if facts.archive else ()):
        if drill.is_good and drill.seconds is not None:
            yield repository, drill.seconds
