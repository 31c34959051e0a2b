"""Every setting of the stack: its name, type, default and meaning, in one typed, frozen model.

`Pulumi.yaml` repeats keys, types, defaults and descriptions for the Pulumi command line; a test
compares the two. A key is the dotted camel-case path below Settings, as in `backup.storage.path`.
"""

from typing import Annotated

from pydantic import Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

from components.settings import types
from components.settings.conflicts import conflicts
from components.settings.console import ConsoleSettings
from components.settings.startup import StartupSettings
from components.settings.tls import TlsSettings
from components.settings.types import Group, setting

IMAGE = "postgres:16.15-alpine"


class Resources(Group):
    """CPU is requested and not limited: a limit would slow a restore on an idle machine."""

    cpu: types.Cpu = setting("100m", "CPU requested.", allowed="a number of cores", example="250m")
    memory: types.Memory = setting(
        "512Mi",
        "Memory requested, which is also the limit.",
        allowed=types.MEMORY,
        example="512Mi",
    )


class PostgresSettings(Group):
    """The server."""

    image: types.Image = setting(
        IMAGE,
        "Image of server, backup, restore and verification.",
        allowed="an image of PostgreSQL 16, 17 or 18 with a tag or a digest",
        example=IMAGE,
    )
    upgrade_from: types.OptionalImage = setting(
        "",
        "For a change to a newer major version: the image that the data was made with.",
        allowed="an image of an older major version than postgres.image, with a tag",
        example=IMAGE,
    )
    databases: types.Databases = setting(
        ("brewget_auth", "brewget_settings"),
        "Application databases; each is owned by a login role of the same name.",
        allowed="different names of a-z, 0-9 and _, beginning with a letter, up to 50 characters",
        example="--path 'postgres.databases[0]' brewget_auth",
    )
    data_size: types.VolumeSize = setting(
        "1Gi", "Size of the data claim.", allowed=types.VOLUME_SIZE, example="2Gi"
    )
    storage_class: types.OptionalHost = setting(
        "",
        "StorageClass of the data claim; empty takes the cluster's default.",
        allowed="the name of a StorageClass",
        example="standard",
    )
    resources: Resources = Resources()
    password: types.Password = setting(
        SecretStr(""),
        "The superuser's password, set with --secret; empty generates one and keeps it.",
        allowed="a secret of up to 200 printable characters",
        example="--secret postgres.password",
    )
    password_generation: types.Nonce = setting(
        "",
        "A new value makes new passwords for all roles whose password is generated.",
        allowed=types.WORD,
        example="2",
    )
    clients: types.Clients = setting(
        types.Clients.LABELLED,
        "Who may connect: pods labelled brewget.dev/postgres-client=true, the namespace, anyone.",
        allowed="labelled, namespace or anyone",
        example="labelled",
    )
    tls: TlsSettings = TlsSettings()


class StorageSettings(Group):
    """Where backup sets lie. The way to another place is destroy, copy, up."""

    kind: types.StorageKind = setting(
        types.StorageKind.HOST_PATH,
        "What holds the backup sets: hostPath, storageClass, nfs or existingClaim.",
        allowed="hostPath, storageClass, nfs or existingClaim",
        example="hostPath",
    )
    path: types.AbsolutePath = setting(
        "/mnt/data/brewget-postgres-backups",
        "Directory on the node (hostPath) or exported by the server (nfs).",
        allowed="an absolute path without '.', '..' and doubled or closing '/'",
        example="/mnt/data/brewget-postgres-backups",
    )
    size: types.VolumeSize = setting(
        "2Gi", "Size of the backup volume.", allowed=types.VOLUME_SIZE, example="5Gi"
    )
    storage_class: types.OptionalHost = setting(
        "",
        "StorageClass of the backup claim (kind storageClass).",
        allowed="the name of a StorageClass",
        example="standard",
    )
    server: types.OptionalHost = setting(
        "", "The NFS server (kind nfs).", allowed="a host name or address", example="nas.local"
    )
    claim: types.OptionalLabel = setting(
        "",
        "A PersistentVolumeClaim that exists already (kind existingClaim).",
        allowed="the name of a claim",
        example="my-backups",
    )


class BackupSettings(Group):
    """When and how sets are taken, and how many stay."""

    schedule: types.Cron = setting(
        "0 */6 * * *", "When a set is taken.", allowed=types.CRON, example="'0 */6 * * *'"
    )
    time_zone: types.TimeZone = setting(
        "Etc/UTC", "Time zone of both schedules.", allowed="an IANA name", example="Europe/Berlin"
    )
    keep: Annotated[int, Field(ge=1, le=1000)] = setting(
        10, "Verified sets that stay.", allowed="a whole number from 1 to 1000", example="10"
    )
    keep_daily: types.Periods = setting(
        0, "Days whose newest verified set stays as well.", allowed=types.PERIODS, example="7"
    )
    keep_weekly: types.Periods = setting(
        0, "Weeks whose newest verified set stays as well.", allowed=types.PERIODS, example="4"
    )
    keep_monthly: types.Periods = setting(
        0, "Months whose newest verified set stays as well.", allowed=types.PERIODS, example="12"
    )
    format: types.DumpFormat = setting(
        types.DumpFormat.PLAIN,
        "plain (one SQL file a database) or directory (backup.jobs tables at once).",
        allowed="plain or directory",
        example="plain",
    )
    compression: types.Compression = setting(
        "zstd:3",
        "none, gzip or zstd, with or without a level.",
        allowed="none, gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:19",
        example="zstd:3",
    )
    jobs: Annotated[int, Field(ge=1, le=16)] = setting(
        1,
        "Tables dumped, and restored, at once (directory).",
        allowed="a whole number from 1 to 16",
        example="2",
    )
    hashes: types.Hashes = setting(
        types.Hashes.FULL,
        "full compares a restore by rows and content; rows by rows only, which costs less.",
        allowed="full or rows",
        example="rows",
    )
    min_free_bytes: Annotated[int, Field(ge=0, le=2**60)] = setting(
        67_108_864,
        "A backup is refused when fewer bytes are free in the store at its start.",
        allowed="a whole number of bytes",
        example="67108864",
    )
    lock_wait: types.Seconds = setting(
        600, "Seconds to wait for another writer.", allowed=types.SECONDS, example="600"
    )
    timeout: types.Seconds = setting(
        3600,
        "Seconds after which a backup, or a restore by hand, is stopped.",
        allowed=types.SECONDS,
        example="3600",
    )
    on_destroy: types.OnDestroy = setting(
        types.OnDestroy.BACKUP,
        "backup takes a last set before the server is deleted, or stops; nothing takes none.",
        allowed="backup or nothing",
        example="nothing",
    )
    storage: StorageSettings = StorageSettings()


class VerifySettings(Group):
    """When sets are proven by restoring them into a server of their own."""

    schedule: types.Cron = setting(
        "30 */6 * * *",
        "When sets not yet verified are restored and compared.",
        allowed=types.CRON,
        example="'30 */6 * * *'",
    )
    timeout: types.Seconds = setting(
        3600,
        "Seconds after which a verification is stopped.",
        allowed=types.SECONDS,
        example="3600",
    )
    scratch_size: types.VolumeSize = setting(
        "2Gi",
        "Room for the throwaway server; a set that needs more is refused.",
        allowed=types.VOLUME_SIZE,
        example="4Gi",
    )


class Settings(Group):
    """All settings of one stack."""

    kube_context: Annotated[str, Field(min_length=1, max_length=253)] = setting(
        "minikube", "Context of the kubeconfig.", allowed="a context's name", example="minikube"
    )
    namespace: types.Label = setting(
        "brewget", "Namespace of everything.", allowed="a DNS label", example="brewget"
    )
    postgres: PostgresSettings = PostgresSettings()
    backup: BackupSettings = BackupSettings()
    verify: VerifySettings = VerifySettings()
    startup: StartupSettings = StartupSettings()
    console: ConsoleSettings = ConsoleSettings()
    backup_now: types.Nonce = setting(
        "", "A new value takes a set on the next up.", allowed=types.WORD, example='"$(date +%s)"'
    )
    restore_from: types.OptionalRestorable = setting(
        "",
        "A new value restores that set on the next up, into empty databases.",
        allowed="a set's name, latest or latest-verified",
        example="latest",
    )
    restore_replace: bool = setting(
        False,
        "restoreFrom replaces databases that are not empty; the old ones are kept beside.",
        allowed="true or false",
        example="true",
    )

    @model_validator(mode="after")
    def _no_conflicts(self) -> "Settings":
        if found := conflicts(self):
            raise PydanticCustomError("conflicts", "{text}", {"text": "\n".join(found)})
        return self
