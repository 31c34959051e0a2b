"""Whether what should run by itself does: rules over schedules and jobs."""

from collections.abc import Iterator

from console.jobs import Phase
from console.problem import Code, Facts, Level, Problem, is_missed
from console.wishes import BACKUP, VERIFY, Action
from console.words import ago


def cron_jobs(facts: Facts, now: float) -> Iterator[Problem]:
    """Schedules that are gone, stand still or did not start a run."""
    for name, what in ((BACKUP, "backups"), (VERIFY, "verifications")):
        found = facts.cluster.cron_job(name)
        if found is None:
            yield Problem(
                Code.SUSPENDED, Level.WARNING, f"There is no CronJob {name}.", "Run: pulumi up"
            )
            continue
        if found.is_suspended:
            yield Problem(
                Code.SUSPENDED,
                Level.WARNING,
                f"The schedule of {what} is suspended.",
                f'kubectl patch cronjob {name} -p \'{{"spec": {{"suspend": false}}}}\'',
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
            )


def last_runs(facts: Facts) -> Iterator[Problem]:
    """Runs that failed, with none since."""
    for action, code in ((Action.BACKUP, Code.FAILED_BACKUP), (Action.VERIFY, Code.FAILED_VERIFY)):
        run = facts.cluster.last_finished(action)
        if run and run.phase is Phase.FAILED:
            yield Problem(
                code,
                Level.BAD if action is Action.BACKUP else Level.WARNING,
                f"The last {action} failed ({run.name}).",
                "Its log says why.",
            )
