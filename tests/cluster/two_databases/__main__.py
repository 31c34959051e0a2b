"""Two databases, each in a namespace of its own and with sets of its own."""

import pulumi
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import Namespace

import components as brewget
from components.settings import BackupSettings, PostgresSettings, StorageKind, StorageSettings

config = pulumi.Config()
context, image = config.require("context"), config.require("image")
opts = pulumi.ResourceOptions(
    provider=Provider("cluster", context=context, enable_secret_mutable=True)
)
claim = StorageSettings(kind=StorageKind.STORAGE_CLASS, storage_class="standard")
backup = BackupSettings(schedule="0 3 * * *", storage=claim)

for name in ("ales", "stouts"):
    namespace = Namespace(name, metadata={"name": name}, opts=opts).metadata.name
    storage_args = brewget.BackupStorageArgs(
        namespace=namespace, context=context, settings=backup, image=image
    )
    storage = brewget.BackupStorage(f"{name}-sets", storage_args, opts)
    settings = PostgresSettings(databases=(name,), image=image)
    database_args = brewget.PostgresDatabaseArgs(
        namespace=namespace, storage=storage, settings=settings
    )
    database = brewget.PostgresDatabase(name, database_args, opts)
    schedule_args = brewget.BackupScheduleArgs(source=database, settings=backup)
    brewget.BackupSchedule(f"{name}-schedule", schedule_args, opts)
    pulumi.export(name, database.credentials.uris[name])
