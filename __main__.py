"""PostgreSQL whose data survives: what is built, in the order in which it depends."""

from pathlib import Path

import pulumi

from components.backup.archive import Archive, ArchiveArgs
from components.backup.encryption import Encryption, EncryptionArgs
from components.backup.on_demand import OnDemand, OnDemandArgs
from components.backup.place import directory_of
from components.backup.schedule import BackupSchedule, BackupScheduleArgs
from components.backup.scripts import BackupScripts
from components.backup.storage import BackupStorage, BackupStorageArgs, namespace_home
from components.cluster import names
from components.cluster.kubectl import Kubectl
from components.cluster.namespace import NamespaceLimits, name_of, stack_namespace
from components.cluster.ownership import ownership
from components.cluster.provider import provider
from components.console.component import Console, ConsoleArgs
from components.engine import Beside, database_of
from components.postgres.version import PostgresVersion
from components.settings.load import load_settings
from components.settings.types import Accept

settings = load_settings()
cluster_opts = ownership(
    provider("cluster", settings.kube_context),
    Kubectl(settings.kube_context, settings.namespace),
    adopt=settings.adopt,
    directory=directory_of(settings.backup.storage),
)
home = namespace_home(settings.backup.storage)
namespace = stack_namespace(
    "namespace", settings.namespace, pulumi.ResourceOptions.merge(cluster_opts, home)
)
space = name_of(namespace, settings.namespace)
namespace_opts = pulumi.ResourceOptions.merge(
    cluster_opts, pulumi.ResourceOptions(depends_on=[namespace])
)
NamespaceLimits("limits", space, namespace_opts)
version = PostgresVersion("version", settings.postgres, settings.startup)

storage = BackupStorage(
    "backup",
    BackupStorageArgs(
        namespace=space,
        context=settings.kube_context,
        settings=settings.backup,
        volume=names.backup_volume(settings.namespace),
        scripts=BackupScripts("scripts", space, opts=namespace_opts),
        image=version.image,
        allow_volatile=settings.startup.accepts(Accept.VOLATILE_STORE),
    ),
    namespace_opts,
)
archive = None
if settings.archive.enabled:
    archive = Archive(
        "archive",
        ArchiveArgs(
            namespace=space,
            context=settings.kube_context,
            settings=settings.archive,
            offsite=settings.offsite,
        ),
        namespace_opts,
    )
    pulumi.export("archive_passphrases", archive.passphrases)
    pulumi.export("recovery_sheet", archive.recovery_sheet)
encryption = None
if settings.encryption.is_on:
    encryption = Encryption(
        "encryption",
        EncryptionArgs(
            namespace=space,
            settings=settings.encryption,
            image=settings.archive.image,
            archive_sheet=archive.recovery_sheet if archive else "",
        ),
        namespace_opts,
    )
    pulumi.export("recovery_sheet", encryption.recovery_sheet)
database = database_of(
    settings,
    Beside(
        namespace=space,
        storage=storage,
        image=version.image,
        archive=archive.pods if archive else None,
        encryption=encryption.pods if encryption else None,
    ),
    namespace_opts,
)
version.move_on([database.source.ready])
schedule = BackupSchedule(
    "schedule",
    BackupScheduleArgs(source=database.source, settings=settings.backup, verify=settings.verify),
    namespace_opts,
)
on_demand = OnDemand(
    "operations",
    OnDemandArgs(
        source=database.source,
        schedule=schedule,
        backup_now=settings.backup_now,
        restore_from=settings.restore_from,
        restore_to=settings.restore_to,
        restore_replace=settings.restore_replace,
        timeout=settings.backup.timeout,
        restore_timeout=settings.verify.timeout,
    ),
    namespace_opts,
)
if settings.console.enabled:
    Console(
        "console",
        ConsoleArgs(
            source=database.source,
            schedule=schedule,
            settings=settings.console,
            verify=settings.verify,
            recovery=settings.recovery,
            min_free_bytes=settings.backup.min_free_bytes,
            state_class=settings.postgres.storage_class,
            archive=settings.archive.enabled,
            archive_hours=settings.archive.incr_hours,
        ),
        namespace_opts,
    )

pulumi.export("namespace", space)
pulumi.export("host", database.host)
pulumi.export("port", database.port)
pulumi.export("databases", list(database.databases))
pulumi.export("connection_strings", database.uris)
pulumi.export("ca_certificate", database.ca)
pulumi.export("backup_path", storage.path)
pulumi.export("backup_claim", storage.claim)
pulumi.export("store_id", storage.store_id)
pulumi.export("schedule", settings.backup.schedule)
pulumi.export("time_zone", settings.backup.time_zone)
pulumi.export("last_backup", on_demand.last_backup)
# Pulumi Cloud fills in ${outputs.…} itself; the command line prints what it is given.
readme = database.readme(Path(__file__).with_name("Pulumi.README.md").read_text("utf-8"))
pulumi.export("readme", readme.replace("${outputs.namespace}", settings.namespace))
