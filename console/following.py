"""What comes next: runs and removals, each with the command that changes it."""

from dataclasses import dataclass

from console import retention, schedule
from console.jobs import CronJob
from console.problem import Facts
from console.retention import Keep
from console.sets import Picture, State
from console.wishes import BACKUP, VERIFY
from console.words import count

_SET = "pulumi config set --path"


@dataclass(frozen=True, slots=True)
class Run:
    """A schedule in words; `moment` is None where it stands still or cannot be read."""

    what: str
    moment: float | None
    command: str


@dataclass(frozen=True, slots=True)
class Following:
    """For the page."""

    runs: tuple[Run, ...]
    kept: str
    """Empty where it is not known."""
    keep_command: str
    gone: tuple[str, ...]
    """Sets that the next backup removes."""
    why: str
    """In place of them: nothing, or why it is not known."""


def view(facts: Facts, now: float) -> Following:
    """Of the CronJobs as they are, not as somebody has set them."""
    backup, verify = facts.cluster.cron_job(BACKUP), facts.cluster.cron_job(VERIFY)
    keep = retention.read(backup.environment) if backup else None
    gone = retention.next_to_go(facts.store, keep) if keep else None
    return Following(
        (
            _run("Next backup", backup, "backup.schedule", now),
            _run("Next verification", verify, "verify.schedule", now),
        ),
        _kept(keep) if keep else "",
        f"{_SET} backup.keep {keep.newest}" if keep else "",
        tuple(gone or ()),
        _why(facts.store, gone),
    )


def _run(what: str, found: CronJob | None, key: str, now: float) -> Run:
    if found is None:
        return Run(what, None, "")
    moment = schedule.next_run(found.schedule, found.zone, now)
    return Run(what, None if found.is_suspended else moment, f"{_SET} {key} '{found.schedule}'")


def _kept(keep: Keep) -> str:
    periods = (keep.daily, "day"), (keep.weekly, "week"), (keep.monthly, "month")
    older = "".join(f"those of {count(number, what)}, " for number, what in periods if number)
    return f"the {keep.newest} newest verified, {older}pinned ones, and all that are newer"


def _why(store: Picture, gone: list[str] | None) -> str:
    if gone:
        return ""
    if gone is None:
        is_damaged = any(each.state is State.DAMAGED for each in store.sets)
        return "unknown, as a set is damaged" if is_damaged else "unknown"
    return "nothing, until a backup accepts the loss" if _is_braked(store) else "nothing"


def _is_braked(store: Picture) -> bool:
    is_braked = False
    for each in store.published:
        if each.manifest and each.manifest.flagged:
            is_braked = True
        if each.manifest and each.manifest.accepted_shrink:
            is_braked = False
    return is_braked
