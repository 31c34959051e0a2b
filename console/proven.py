"""What proofs lack: objects that did not come back, proofs that are old, a key nobody has tried."""

from collections.abc import Iterator
from math import inf

from console.problem import ESCROW_DAYS, Code, Facts, Level, Problem
from console.sets import Verdict
from console.words import DAY, count, short, span

FIRST_SETS = 4
"""Intervals between backups after which a key that was never tried is a warning; at most a day."""
UNNAMED = "names are in the log of the verification and in findings.age"
"""Of objects that an encrypted set lacks."""
DRILL = "scripts/escrow-drill.sh < IDENTITY_FILE (docs/encryption.md)"


def problems(facts: Facts, now: float) -> Iterator[Problem]:
    """Of the sets that are kept."""
    verified = facts.store.newest(verified=True)
    if verified and verified.verdict and verified.verdict.left_out_count:
        yield _left_out(verified.name, verified.verdict)
    yield from _old(facts, now)
    yield from _escrow(facts, now)


def _left_out(name: str, verdict: Verdict) -> Problem:
    objects = ", ".join(f"{each.kind} {each.name}" for each in verdict.left_out)
    missing = count(verdict.left_out_count, "object")
    return Problem(
        Code.LEFT_OUT,
        Level.WARNING,
        f"All rows of {name} came back, {missing} did not: {short(objects) or UNNAMED}.",
        "Its page has the reason of each." if objects else "The reason of each is there, too.",
    )


def _old(facts: Facts, now: float) -> Iterator[Problem]:
    """Each kept set has its turn by itself, a little in every run of the verification."""
    next_ = "Do its runs end well, and in time (verify.timeout)? Their logs say which set is next."
    restored = facts.store.oldest_restore, facts.repeat_days
    read = facts.store.oldest_reading, facts.scrub_days
    for code, (moment, days), what, setting in (
        (Code.OLD_RESTORE, restored, "A kept backup was last restored", "repeatDays"),
        (Code.OLD_READING, read, "The bytes of a kept backup were last read", "scrubDays"),
    ):
        if moment is not None and 0 < days * DAY < now - moment:
            text = f"{what} {span(now - moment)} ago, not within {days} d (verify.{setting})."
            yield Problem(code, Level.WARNING, text, next_)


def _escrow(facts: Facts, now: float) -> Iterator[Problem]:
    """Jobs try the cluster's own key, which is lost with it. Only a person has the other."""
    age = facts.store.escrow_age(now)
    if age is None:
        return
    if age == inf:
        # Where backups are frequent no set that is kept may ever be a day old.
        patience = min(DAY, FIRST_SETS * facts.interval)
        is_due, text = now - facts.store.encrypted[0].began > patience, "never tried"
    else:
        is_due, text = age > ESCROW_DAYS * DAY, f"not tried for {int(age // DAY)} days"
    if is_due:
        yield Problem(Code.ESCROW, Level.WARNING, f"The escrowed key was {text}.", DRILL)
