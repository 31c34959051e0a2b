"""The CronJobs that take backup sets and verify them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import batch, core, meta

from components.backup.room import Room, opened_set, reading, throwaway
from components.cluster import names
from components.cluster.pods import SCRIPTS, SERVER_WAIT, Source, container, job_env, pod
from components.settings.backup import BackupSettings, VerifySettings

DRILL_SCHEDULE = "15 3 * * *"
"""Each day, between the backups by default and their verification."""
SETS_SCHEDULE = "45 4 * * *"
"""Each day, after a night's set was verified."""


@dataclass(frozen=True, kw_only=True)
class BackupScheduleArgs:
    """What a BackupSchedule is made from."""

    source: Source
    """The database to save: a PostgresDatabase or an ExternalDatabase."""
    settings: BackupSettings = BackupSettings()
    verify: VerifySettings = VerifySettings()
    backup_job: str = names.BACKUP
    verify_job: str = names.VERIFY
    drill_job: str = names.DRILL
    sets_job: str = names.OFFSITE_SETS


class BackupSchedule(pulumi.ComponentResource):
    """Runs backup.sh and verify.sh, of an archive drill.sh and offsite-sets.sh, one run of each.

    It owns no storage, so removing the schedule cannot touch a backup set. Runs by hand and on
    demand are Jobs made from the same CronJob.

    >>> BackupSchedule(
    ...     "nightly",
    ...     BackupScheduleArgs(source=database, settings=BackupSettings(schedule="0 3 * * *")),
    ... )
    """

    cron_jobs: list[batch.v1.CronJob]
    of_sets: tuple[str, str]
    """Names of those that take sets, and that read them."""

    def __init__(
        self, name: str, args: BackupScheduleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings, verify_ = args.settings, args.verify
        inputs = {"schedule": settings.schedule, "verify": verify_.schedule}
        super().__init__("brewget:index:BackupSchedule", name, inputs, opts)
        self._args, self._name = args, name
        backup = self._cron_job(
            "backup",
            args.backup_job,
            schedule=settings.schedule,
            timeout=settings.timeout,
            command=["bash", f"{SCRIPTS}/backup.sh", "--reason", "scheduled"],
            env={"BACKUP_SERVER_WAIT": str(SERVER_WAIT)},
            room=opened_set(args.source.pods),
        )
        room = throwaway(args.source.pods, verify_)
        verify = self._cron_job(
            "verify",
            args.verify_job,
            schedule=verify_.schedule,
            timeout=verify_.timeout,
            command=["bash", f"{SCRIPTS}/verify.sh", "--pending"],
            # For restores, of a set or to a moment: Jobs of it, as this pod alone reads all sets.
            env={"BACKUP_SERVER_WAIT": str(SERVER_WAIT)},
            room=reading(args.source.pods, room),
        )
        self.cron_jobs = [backup, verify]
        self.of_sets = args.backup_job, args.verify_job
        self.cron_jobs += self._of_archive(room)
        self.register_outputs({"schedule": settings.schedule})

    def _of_archive(self, room: Room) -> list[batch.v1.CronJob]:
        args, archive = self._args, self._args.source.pods.archive
        if not archive:
            return []
        drill = self._cron_job(
            "drill",
            args.drill_job,
            schedule=DRILL_SCHEDULE,
            timeout=args.verify.timeout,
            command=["bash", f"{SCRIPTS}/drill.sh", "--due"],
            room=room,
        )
        if not archive.sets_env:
            return [drill]
        seconds = {"OFFSITE_SETS_SECONDS": str(args.verify.timeout * 5 // 6)}
        sets = self._cron_job(
            "sets",
            args.sets_job,
            schedule=SETS_SCHEDULE,
            timeout=args.verify.timeout,
            command=["bash", f"{SCRIPTS}/offsite-sets.sh", "--copy"],
            env={**archive.sets_env, **seconds},
            room=room,
        )
        return [drill, sets]

    def _cron_job(
        self,
        what: str,
        name: str,
        *,
        schedule: str,
        timeout: int,
        command: Sequence[str],
        env: dict[str, pulumi.Input[str]] | None = None,
        room: Room | None = None,
    ) -> batch.v1.CronJob:
        pods = self._args.source.pods
        worker = container(
            pods,
            name,
            command=command,
            env=job_env(pods) | (env or {}) | (room.env if room else {}),
            mounts=room.mounts if room else {},
            image=room.image if room else None,
            read_only=room.read_only if room else (),
        )
        labels = names.PART_OF | names.CLIENT_LABELS | {"app": name}
        template = core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(labels=labels),
            spec=pod(
                pods,
                [worker],
                room.volumes if room else [],
                init_containers=room.first if room else (),
            ),
        )
        # The one of our own program has always had the object's name for its logical one.
        logical = name if self._name == "schedule" else f"{self._name}-{what}"
        return batch.v1.CronJob(
            logical,
            metadata=meta.v1.ObjectMetaArgs(
                name=name, namespace=pods.namespace, labels=names.PART_OF
            ),
            spec=batch.v1.CronJobSpecArgs(
                schedule=schedule,
                time_zone=self._args.settings.time_zone,
                # Two writers would wait for the store's lock until one gives up with 75:
                # skipping the late run says the same without a failed job.
                concurrency_policy="Forbid",
                # Without it, more than 100 missed runs (a laptop's long sleep) stop the
                # schedule for good (kubernetes/kubernetes#42649).
                starting_deadline_seconds=600,
                successful_jobs_history_limit=3,
                failed_jobs_history_limit=3,
                job_template=batch.v1.JobTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels=labels),
                    spec=batch.v1.JobSpecArgs(
                        # The scripts wait for what may come; what fails twice needs a person.
                        backoff_limit=1,
                        # One that hangs would keep out every later run
                        # (cloudnative-pg/cloudnative-pg#10385).
                        active_deadline_seconds=timeout,
                        template=template,
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=pods.mounted),
        )
