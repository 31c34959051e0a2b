"""The CronJobs that take backup sets and verify them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import batch, core, meta

from components.cluster import names
from components.cluster.pods import (
    SCRATCH,
    SCRIPTS,
    SERVER_WAIT,
    Source,
    container,
    empty_volume,
    job_env,
    pod,
)
from components.settings.backup import BackupSettings, VerifySettings
from components.settings.validators import quantity_bytes


@dataclass(frozen=True, kw_only=True)
class BackupScheduleArgs:
    """What a BackupSchedule is made from."""

    source: Source
    """The database to save: a PostgresDatabase."""
    settings: BackupSettings = BackupSettings()
    verify: VerifySettings = VerifySettings()
    backup_job: str = names.BACKUP
    verify_job: str = names.VERIFY


class BackupSchedule(pulumi.ComponentResource):
    """Runs backup.sh and verify.sh on their schedules, one run of each at a time.

    It owns no storage, so removing the schedule cannot touch a backup set. Runs by hand and on
    demand are Jobs made from the same CronJob.

    >>> BackupSchedule(
    ...     "nightly",
    ...     BackupScheduleArgs(source=database, settings=BackupSettings(schedule="0 3 * * *")),
    ... )
    """

    cron_jobs: list[batch.v1.CronJob]

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
        )
        verify = self._cron_job(
            "verify",
            args.verify_job,
            schedule=verify_.schedule,
            timeout=verify_.timeout,
            command=["bash", f"{SCRIPTS}/verify.sh", "--pending"],
            # The kubelet evicts a pod that takes more: the script refuses before it does.
            env={
                "VERIFY_REPEAT_DAYS": str(verify_.repeat_days),
                "VERIFY_SCRATCH": SCRATCH,
                "VERIFY_SCRATCH_BYTES": str(quantity_bytes(verify_.scratch_size)),
                # The set that is begun last has time to end before the job's.
                "VERIFY_SCRUB_DAYS": str(verify_.scrub_days),
                "VERIFY_SECONDS": str(verify_.timeout * 5 // 6),
            },
            mounts={SCRATCH: "scratch", "/var/run/postgresql": "run", "/dev/shm": "shm"},  # noqa: S108 (a mount)
            volumes=[
                empty_volume("scratch", size=verify_.scratch_size),
                empty_volume("run"),
                empty_volume("shm", size="64Mi", medium="Memory"),
            ],
        )
        self.cron_jobs = [backup, verify]
        self.register_outputs({"schedule": settings.schedule})

    def _cron_job(
        self,
        what: str,
        name: str,
        *,
        schedule: str,
        timeout: int,
        command: Sequence[str],
        env: dict[str, pulumi.Input[str]] | None = None,
        mounts: dict[str, str] | None = None,
        volumes: Sequence[core.v1.VolumeArgs] = (),
    ) -> batch.v1.CronJob:
        pods = self._args.source.pods
        worker = container(
            pods,
            name,
            command=command,
            env=job_env(pods) | (env or {}),
            mounts=mounts or {},
        )
        labels = names.PART_OF | names.CLIENT_LABELS | {"app": name}
        template = core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(labels=labels),
            spec=pod(pods, [worker], volumes),
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
