"""PostgreSQL whose data survives: what is built, in the order in which it depends."""

import pulumi
from pulumi_kubernetes import core, meta

from components.backup import monitoring
from components.backup.on_demand import Operations, OperationsArgs, last_backup_hook
from components.backup.schedule import BackupSchedule, BackupScheduleArgs
from components.backup.scripts import BackupScripts
from components.backup.storage import BackupStorage, BackupStorageArgs, home
from components.cluster import names
from components.cluster.namespace import POD_SECURITY, NamespaceLimits
from components.cluster.ownership import ownership
from components.cluster.pods import PodArgs
from components.cluster.provider import provider
from components.console.component import ConsoleArgs, console
from components.postgres.database import PostgresDatabase, PostgresDatabaseArgs
from components.postgres.version import PostgresVersion
from components.settings.load import load_settings

settings = load_settings()
version = PostgresVersion("version", settings)
cluster = ownership(settings, provider("cluster", settings.kube_context))

namespace = core.v1.Namespace(
    "namespace",
    metadata=meta.v1.ObjectMetaArgs(name=settings.namespace, labels=names.PART_OF | POD_SECURITY),
    opts=pulumi.ResourceOptions.merge(cluster, home(settings)),
)
inside = pulumi.ResourceOptions.merge(cluster, pulumi.ResourceOptions(depends_on=[namespace]))
NamespaceLimits("limits", settings, inside)
scripts = BackupScripts("scripts", settings.namespace, inside)
storage = BackupStorage("backup", BackupStorageArgs(settings=settings, after=[scripts]), inside)
pods = PodArgs(
    settings=settings, image=version.image, backup_claim=storage.claim, store_id=storage.store_id
)
schedule = BackupSchedule("schedule", BackupScheduleArgs(pod=pods, after=storage.resources), inside)
before = [*storage.resources, *schedule.cron_jobs]
goes = last_backup_hook("last-backup", settings)
database = PostgresDatabase(
    "postgres", PostgresDatabaseArgs(pod=pods, before_delete=goes, after=before), inside
)
version.reached(database.ready)
operations = Operations("operations", OperationsArgs(settings=settings, after=[database]), inside)
console("console", ConsoleArgs(pod=pods, after=before), inside)

pulumi.export("namespace", settings.namespace)
pulumi.export("host", names.address(settings.namespace))
pulumi.export("port", names.PORT)
pulumi.export("databases", list(settings.postgres.databases))
pulumi.export("connection_strings", database.credentials.uris)
pulumi.export("ca_certificate", database.tls.ca)
pulumi.export("backup_path", storage.path)
pulumi.export("backup_claim", storage.claim)
pulumi.export("store_id", storage.store_id)
pulumi.export("schedule", settings.backup.schedule)
pulumi.export("time_zone", settings.backup.time_zone)
pulumi.export("last_backup", operations.last_backup)
pulumi.export("monitoring", monitoring.commands(settings.namespace))
pulumi.export("connect", monitoring.connect(settings.namespace))
