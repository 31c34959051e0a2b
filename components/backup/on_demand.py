"""What is done on demand: a backup, a restore.

A request is a setting: `pulumi config set backupNow "$(date +%s)"`, then `pulumi up`. Each value
runs once; a run that failed runs again on the next `up`; removing the setting does nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local

from components.backup.schedule import BackupSchedule
from components.cluster.kubectl import HOST_SCRIPTS, ROOT, relative, script
from components.cluster.pods import Source


@dataclass(frozen=True, kw_only=True)
class OnDemandArgs:
    """What an OnDemand is made from."""

    source: Source
    """The database: a PostgresDatabase or an ExternalDatabase."""
    schedule: BackupSchedule
    """Its jobs are made from the schedule's CronJobs."""
    backup_now: str = ""
    """A new value takes a set on the next `up`."""
    restore_from: str = ""
    """A new value restores that set on the next `up`."""
    restore_to: str = ""
    """A new value restores all databases as they were at that moment (only with an archive)."""
    restore_replace: bool = False
    """Whether databases that are not empty are replaced; the old ones are kept beside."""
    timeout: int = 3600
    """Seconds that a backup may take."""
    restore_timeout: int = 3600
    """Seconds that a restore may take: a Job of what verifies, as it reads sets."""


class OnDemand(pulumi.ComponentResource):
    """Runs what the settings ask for, each through the same script that a person runs.

    >>> OnDemand(
    ...     "requests",
    ...     OnDemandArgs(source=database, schedule=schedule, restore_from="latest-verified"),
    ... )
    """

    last_backup: pulumi.Output[str]
    """Name of the last set taken on demand, or empty."""

    def __init__(
        self, name: str, args: OnDemandArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs = {"backup_now": args.backup_now, "restore_from": args.restore_from}
        # Its name of before: a type that changes, even with an alias, ends `pulumi up --refresh` of
        # a living stack with a panic of the engine (seen with 3.259 and --run-program).
        super().__init__("brewget:index:Operations", name, inputs, opts)
        self._pods = args.source.pods
        # As long as the Job itself may take.
        timeout = ["--timeout", str(args.restore_timeout)]
        there = [args.source.ready, *args.schedule.cron_jobs]
        backup = self._once(
            f"{name}-backup",
            request=args.backup_now,
            command=[
                *("backup-postgres.sh", "--reason", "on-demand"),
                *("--timeout", str(args.timeout)),
            ],
            depends_on=there,
        )
        replace = ["--replace"] if args.restore_replace else []
        restore = self._once(
            f"{name}-restore",
            request=_request(args.restore_from, replace),
            command=["restore-postgres.sh", args.restore_from, *replace, *timeout],
            # A set asked for together with a restore is the state to go back to.
            depends_on=[*there, backup],
            # A new stack has restored its newest set at start-up: what an earlier stack was
            # asked for must not put an old set in its place.
            skips_first=True,
        )
        if self._pods.archive:
            self._once(
                f"{name}-moment",
                request=_request(args.restore_to, replace),
                command=["restore-postgres.sh", "--to-time", args.restore_to, *replace, *timeout],
                depends_on=[*there, backup, restore],
                skips_first=True,
            )
        self.last_backup = backup.stdout.apply(lambda said: said.partition("\n")[2])
        self.register_outputs({"last_backup": self.last_backup})

    def _once(
        self,
        name: str,
        *,
        request: str,
        command: Sequence[str],
        depends_on: Sequence[pulumi.Resource],
        skips_first: bool = False,
    ) -> local.Command:
        runner = relative(HOST_SCRIPTS / "run-once.sh")
        program, *arguments = command
        run = script(
            self._pods.context, self._pods.namespace, ROOT / "scripts" / program, *arguments
        )
        return local.Command(
            name,
            create=run.apply(lambda text: f"{runner} {text}"),
            environment={"REQUEST": request} | ({"SKIP_FIRST": "1"} if skips_first else {}),
            # stdout is the result and what run-once.sh remembers; the job's log is on stderr.
            logging=local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(depends_on)),
        )


def _request(restored: str, options: Sequence[str]) -> str:
    """What run-once.sh tells one request from the next by; empty where nothing is asked for."""
    return " ".join([restored, *(option.removeprefix("--") for option in options)] * bool(restored))
