"""Whether what should run by itself does: rules over schedules and jobs."""

import math
from collections.abc import Iterator

from console.jobs import Job, Phase
from console.problem import CLOCK_SLACK, Code, Facts, Level, Problem, is_missed
from console.sets import BackupSet, Picture, State
from console.wishes import BACKUP, VERIFY, Action
from console.words import ago, short


def cron_jobs(facts: Facts, now: float) -> Iterator[Problem]:
    """Schedules that are gone, stand still or did not start a run."""
    for name, what in ((BACKUP, "backups"), (VERIFY, "verifications")):
        found = facts.cluster.cron_job(name)
        if found is None:
            yield Problem(
                Code.SUSPENDED,
                Level.WARNING,
                f"There is no CronJob {name}.",
                "Run: pulumi up",
                name,
            )
            continue
        if found.is_suspended:
            yield Problem(
                Code.SUSPENDED,
                Level.WARNING,
                f"The schedule of {what} is suspended.",
                f'kubectl patch cronjob {name} -p \'{{"spec": {{"suspend": false}}}}\'',
                name,
            )
        due = (facts.due or {}).get(name)
        if (
            due is not None
            and not found.is_suspended
            and is_missed(due, found.last_schedule, found.created, now)
        ):
            yield Problem(
                Code.MISSED,
                Level.WARNING,
                f"The run of {name} that was due {ago(due, now)} did not start.",
                "Was the cluster asleep? The next run comes by itself.",
                name,
            )


def last_runs(facts: Facts) -> Iterator[Problem]:
    """Runs that failed, with none since.

    A verification whose reason is a problem of the store's is not told again: one alarm a cause.
    """
    for action, code in ((Action.BACKUP, Code.FAILED_BACKUP), (Action.VERIFY, Code.FAILED_VERIFY)):
        run = facts.cluster.last_finished(action)
        if run and run.phase is Phase.FAILED:
            found = _tried_by(run, facts.store) if action is Action.VERIFY else None
            if found in [*facts.store.unproven, *facts.store.set_aside]:
                continue
            yield Problem(
                code,
                Level.BAD if action is Action.BACKUP else Level.WARNING,
                f"The last {action} failed ({run.name}){_reason(found)}.",
                "Its log says why.",
            )


def _tried_by(run: Job, store: Picture) -> BackupSet | None:
    """The newest set beside which a run has written why it did not verify."""
    begun, ended = run.created - CLOCK_SLACK, (run.finished or math.inf) + CLOCK_SLACK
    found = [
        each
        for each in store.sets
        if each.why and each.tried and begun <= (each.tried.moment or 0.0) <= ended
    ]
    return max(found, key=lambda each: each.name, default=None)


def _reason(found: BackupSet | None) -> str:
    if found is None:
        return ""
    what = "was set aside" if found.state is State.FAILED else "stays, not verified"
    return f": {found.name} {what}: {short(found.why)}"
