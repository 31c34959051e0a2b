"""The limits that somebody has set, kept or not: what may be lost, how long a recovery may take.

Judged by what was proven alone. What is not known is never called met.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from console import archived
from console.jobs import Phase
from console.problem import CLOCK_SLACK, Code, Facts, Level, Problem
from console.sets import State as SetState
from console.wishes import Action
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
LEVELS = {State.CLOSE: Level.WARNING, State.MISSED: Level.BAD}
"""A miss is worse than what announced it: only so is it told once more."""
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
        if level := LEVELS.get(each.state):
            yield Problem(CODES[each.name], level, f"{each.why}.", next_[each.name])


def unknown(facts: Facts, now: float) -> frozenset[Code]:
    """Of which nobody can say that it is kept: one that was missed may still be."""
    found = {each.name: each.state for each in view(facts, now)}
    if found.get(Name.RPO) is State.MET and not facts.cluster.is_reachable:
        # Only the cluster says when the next backup is due: a warning of that is not over.
        found[Name.RPO] = State.UNKNOWN
    return frozenset(CODES[name] for name, state in found.items() if state is State.UNKNOWN)


def off(facts: Facts) -> frozenset[Code]:
    """Those that nobody has set."""
    given = {Code.RPO: facts.rpo_seconds, Code.RTO: facts.rto_seconds}
    return frozenset(code for code, seconds in given.items() if not seconds)


def _judged(name: Name, seconds: float, measured: float, expected: float, why: str) -> Budget:
    """`expected` is what it will be if nothing is done; only what was measured is a miss."""
    worst = max(measured, expected)
    state = State.MET
    if measured > seconds:
        state = State.MISSED
    elif worst > CLOSE * seconds:
        state = State.CLOSE
    key = f"recovery.{name} ({span(seconds)})"
    said = "more than" if worst > seconds else "within" if state is State.MET else "close to"
    return Budget(name, seconds, measured, state, f"{why}, {said} {key}")


def _unknown(name: Name, seconds: float, why: str) -> Budget:
    return Budget(name, seconds, None, State.UNKNOWN, why)


def _rpo(facts: Facts, now: float) -> Budget:
    name, budget = Name.RPO, facts.rpo_seconds
    if not facts.store.is_known:
        return _unknown(name, budget, "The store does not say")
    proven = _proven(facts, now)
    if proven is None:
        # Those that did not verify, too: where each is set aside nothing would ever be missed.
        ours = (x for x in facts.store.sets if x.manifest and x.state is not SetState.FOREIGN)
        first = min((x.began for x in ours), default=now)
        if now - first <= budget:
            return _unknown(name, budget, "Nothing has been proven by a restore yet")
        why = f"Nothing of the last {span(now - first)} is proven"
        return _judged(name, budget, now - first, 0, why)
    lost = now - proven
    if lost < -CLOCK_SLACK:
        return _unknown(name, budget, "A clock is wrong")
    due = facts.next_backup
    has_archive = _archived(facts, now) is not None
    if due and not has_archive and lost <= budget < due - _hoped(facts, proven):
        return Budget(
            name, budget, max(0.0, lost), State.CLOSE,
            f"The next backup is due in {span(due - now)}, so recovery.rpo ({span(budget)}) will "
            "be missed before it",
        )  # fmt: skip
    why = f"Changes of the last {span(lost)} would be lost now"
    return _judged(name, budget, max(0.0, lost), 0, why)


def _proven(facts: Facts, now: float) -> float | None:
    """The newest moment that a restore is known to bring back."""
    verified = facts.store.newest(verified=True)
    moments = verified.began if verified else None, _archived(facts, now)
    return max((each for each in moments if each is not None), default=None)


def _hoped(facts: Facts, proven: float) -> float:
    """What will be proven without a further run: a set may wait for its verification, or be in
    the making. Without them each turn would begin with a warning."""
    sets = (x.began for x in facts.store.published if not x.why)
    runs = (
        x.created for x in facts.cluster.jobs
        if x.action is Action.BACKUP and x.phase is Phase.RUNNING
    )  # fmt: skip
    return max(proven, *sets, *runs)


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
    tries = [*_restored(facts), *_drilled(facts)]
    if not tries:
        return _unknown(name, budget, "No drill has measured it yet")
    took, why = max(tries)
    expected, newest = _expected(facts)
    if expected > max(took, CLOSE * budget):
        why = f"{why}, and {newest} needs some {span(expected)}"
    return _judged(name, budget, took, expected, why)


Tried = tuple[float, str]
"""Seconds, and of what."""


def _restored(facts: Facts) -> Iterator[Tried]:
    verified = facts.store.newest(verified=True)
    if verified and verified.verdict and verified.verdict.restore_seconds is not None:
        took = verified.verdict.restore_seconds
        yield took, f"A restore of {verified.name} took {span(took)}"


def _drilled(facts: Facts) -> Iterator[Tried]:
    for repository, drill in facts.archive.drills.items() if facts.archive else ():
        if drill.is_good and drill.seconds is not None:
            why = f"Coming back from the archive ({repository}) took {span(drill.seconds)}"
            yield drill.seconds, why


def _expected(facts: Facts) -> Tried:
    """How long the newest set needs by the one that was restored: never itself a miss."""
    verified, newest = facts.store.newest(verified=True), facts.store.newest()
    took = verified.verdict.restore_seconds if verified and verified.verdict else None
    if took is None or not (verified and verified.manifest and newest and newest.manifest):
        return 0.0, ""
    if not verified.manifest.bytes:
        return took, newest.name
    # Whole seconds are measured: 0 of a small set says nothing of a large one.
    return max(took, 1.0) * newest.manifest.bytes / verified.manifest.bytes, newest.name
