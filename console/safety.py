"""Whether the data is safe, in words: rules over plain facts, with the clock passed in.

What a person reads, what Prometheus alerts on and what is notified all come from here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from console import archived, budgets, proven, runs
from console.problem import (
    CLOCK_SLACK,
    Code,
    Facts,
    Level,
    Problem,
    stale_after,
    started,
    unverified_after,
)
from console.sets import BackupSet, Identity, Picture, State
from console.words import ago, short, size, span


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to "is my data safe?"."""

    level: Level
    headline: str
    problems: tuple[Problem, ...]


def judge(facts: Facts, now: float) -> Verdict:
    """The worst comes first."""
    problems = sorted(_problems(facts, now), key=lambda problem: -problem.level)
    level = problems[0].level if problems else Level.GOOD
    return Verdict(level, _headline(facts, problems, now), tuple(problems))


_OF_STORE = frozenset(
    {
        Code.EMPTY,
        Code.STALE,
        Code.UNVERIFIED,
        Code.UNPROVEN,
        Code.LEFT_OUT,
        Code.OLD_RESTORE,
        Code.OLD_READING,
        Code.ESCROW,
        Code.FAILED_SET,
        Code.DAMAGED,
        Code.SHRINKING,
        Code.FULL,
        Code.NEARLY_FULL,
        Code.CLOCK,
        *archived.CODES,
    }
)
_OF_CLUSTER = frozenset({Code.FAILED_BACKUP, Code.FAILED_VERIFY, Code.SUSPENDED, Code.MISSED})


def unknown(facts: Facts, now: float) -> frozenset[Code]:
    """What cannot be known now: a problem that is not seen may still be there."""
    store = frozenset() if facts.store.is_known else _OF_STORE
    archive = archived.unknown(facts.archive, now) if facts.archive else frozenset()
    cluster = frozenset() if facts.cluster.is_reachable else _OF_CLUSTER
    return store | archive | budgets.unknown(facts, now) | cluster


def _problems(facts: Facts, now: float) -> Iterator[Problem]:
    if facts.store.silent:
        yield Problem(
            Code.STORE,
            Level.BAD,
            f"The store has not answered for {span(facts.store.silent)}.",
            "What is said of it is from before. Is its disk, or the network to it, in order?",
        )
    elif facts.store.identity is not Identity.OK:
        yield Problem(
            Code.STORE,
            Level.BAD,
            f"The store cannot be used: {facts.store.why}.",
            "Is the right volume mounted? Until then backups are refused, and none is lost.",
        )
    else:
        yield from _sets(facts, now)
        yield from _room(facts)
        yield from budgets.problems(facts, now)
        if facts.archive:
            yield from archived.problems(facts.archive, facts.archive_interval, now)
            yield from archived.copies(facts.archive, facts.interval, now)
    if facts.cluster.is_reachable:
        yield from runs.cron_jobs(facts, now)
        yield from runs.last_runs(facts)
    else:
        yield Problem(
            Code.API,
            Level.UNSURE,
            f"The cluster cannot be reached: {facts.cluster.why}.",
            "Schedules and jobs are unknown; what the store says still holds.",
        )


def _sets(facts: Facts, now: float) -> Iterator[Problem]:
    newest, verified = facts.store.newest(), facts.store.newest(verified=True)
    if newest is None:
        yield Problem(Code.EMPTY, Level.BAD, "There is no backup yet.", "Press “Back up now”.")
    else:
        yield from _age(facts, newest, verified, now)
    for each in facts.store.sets:
        if each.state is State.DAMAGED:
            is_last = newest is None or each.name > newest.name
            yield Problem(
                Code.DAMAGED,
                Level.BAD if is_last else Level.WARNING,
                f"{each.name} is damaged: {each.why}.",
                "Look at the disk, then take a new backup and verify it.",
                each.name,
            )
    yield from map(_failed, facts.store.set_aside)
    for unproven in facts.store.unproven:
        yield Problem(
            Code.UNPROVEN,
            Level.WARNING,
            f"{unproven.name} stays, not verified: {short(unproven.why)}.",
            "No file of it was found damaged: the set stays, is not condemned and is tried again.",
            unproven.name,
        )
    yield from proven.problems(facts, now)
    yield from _brake(facts.store)


def _failed(found: BackupSet) -> Problem:
    why = f": {short(found.why)}" if found.why else ""
    where = "Its page has all of it" if found.why else "The log of the verification says why"
    return Problem(
        Code.FAILED_SET,
        Level.BAD,
        f"{found.name} did not verify and was set aside{why}.",
        f"{where}; no set since then has been verified.",
        found.name,
    )


def _age(
    facts: Facts, newest: BackupSet, verified: BackupSet | None, now: float
) -> Iterator[Problem]:
    age = now - started(newest)
    if age < -CLOCK_SLACK:
        yield Problem(
            Code.CLOCK,
            Level.WARNING,
            f"The newest backup is from the future ({span(-age)} ahead): a clock is wrong.",
            "Ages below mean nothing until the clock is right; new sets keep their order.",
            "sets",
        )
    if age > stale_after(facts.interval):
        yield Problem(
            Code.STALE,
            Level.BAD,
            f"The newest backup is {span(age)} old; one is due every {span(facts.interval)}.",
            "Look at the last backup's log, then press “Back up now”.",
        )
    if verified is None:
        # Nobody needs an alarm during a store's first hours.
        if now - started(facts.store.published[0]) > unverified_after(facts.interval):
            yield _unverified("No backup has ever been verified by a restore.")
    elif now - started(verified) > unverified_after(facts.interval):
        yield _unverified(f"The newest verified backup is {span(now - started(verified))} old.")


def _unverified(text: str) -> Problem:
    return Problem(
        Code.UNVERIFIED,
        Level.WARNING,
        text,
        "Look at the last verification's log, or verify a set now.",
    )


def _brake(store: Picture) -> Iterator[Problem]:
    flagged = None
    for each in store.published:
        manifest = each.manifest
        if manifest and manifest.flagged:
            flagged = each
        if manifest and manifest.accepted_shrink:
            flagged = None
    if flagged and flagged.manifest:
        yield Problem(
            Code.SHRINKING,
            Level.WARNING,
            f"{flagged.name} has lost data: {flagged.manifest.flagged}.",
            "No old set is removed until a backup accepts the loss. If it was not meant, restore.",
        )


def _room(facts: Facts) -> Iterator[Problem]:
    free, newest = facts.store.free_bytes, facts.store.newest()
    if free is None:
        return
    wanted = facts.min_free_bytes + 3 * (newest.manifest.bytes if newest and newest.manifest else 0)
    if free < facts.min_free_bytes:
        yield Problem(
            Code.FULL,
            Level.BAD,
            f"The store has {size(free)} free; backups need {size(facts.min_free_bytes)}.",
            "Make room on its volume, or use a larger one; no good set is removed for it.",
        )
    elif free < wanted:
        yield Problem(
            Code.NEARLY_FULL,
            Level.WARNING,
            f"The store has {size(free)} free, which is not enough for three more backups.",
            "Make room on its volume, or lower backup.keep.",
        )


def _headline(facts: Facts, problems: list[Problem], now: float) -> str:
    newest, verified = facts.store.newest(), facts.store.newest(verified=True)
    level = problems[0].level if problems else Level.GOOD
    if level is Level.BAD:
        is_slow = {p.code for p in problems if p.level is level} == {Code.RTO}
        slow = "There are backups, but a recovery takes longer than its budget."
        return slow if is_slow else "Your data is not safe right now."
    if newest is None:
        return "There is no backup yet."
    age = ago(started(verified), now) if verified else ""
    if level is Level.WARNING:
        codes = {p.code for p in problems if p.level is level}
        if verified and codes <= archived.CODES:
            return f"Your data is safe up to the backup from {age}, but {archived.needing(codes)}."
        return "There are backups, but something needs you."
    if verified is None:
        return "There are backups; the first verification is still to come."
    text = f"Your data is safe: verified by a restore of the backup from {age}."
    return text if level is Level.GOOD else f"{text} The cluster does not answer."
