"""The settings of the backup sets: when they are taken, how, where, and when they are verified."""

from typing import Annotated

from pydantic import Field

from components.settings import types
from components.settings.fields import Change, Group, setting


class StorageSettings(Group):
    """Where backup sets lie. The way to another place is destroy, copy, up."""

    kind: types.StorageKind = setting(
        types.StorageKind.HOST_PATH,
        "What holds the backup sets: hostPath, storageClass, nfs or existingClaim.",
        allowed="hostPath, storageClass, nfs or existingClaim",
        example="hostPath",
        change=Change.REFUSED,
    )
    path: types.AbsolutePath = setting(
        "/mnt/data/brewget-postgres-backups",
        "Directory on the node (hostPath) or exported by the server (nfs).",
        allowed="an absolute path without '.', '..' and doubled or closing '/'",
        example="/mnt/data/brewget-postgres-backups",
        change=Change.REFUSED,
    )
    size: types.VolumeSize = setting(
        "2Gi",
        "Size of the backup volume.",
        allowed=types.VOLUME_SIZE,
        example="5Gi",
        change=Change.REFUSED,
    )
    storage_class: types.OptionalHost = setting(
        "",
        "StorageClass of the backup claim (kind storageClass).",
        allowed="the name of a StorageClass",
        example="standard",
        change=Change.REFUSED,
    )
    server: types.OptionalHost = setting(
        "",
        "The NFS server (kind nfs).",
        allowed="a host name or address",
        example="nas.local",
        change=Change.REFUSED,
    )
    claim: types.OptionalLabel = setting(
        "",
        "A PersistentVolumeClaim that exists already (kind existingClaim).",
        allowed="the name of a claim",
        example="my-backups",
        change=Change.REFUSED,
    )
    group: types.GroupId = setting(
        0,
        "Group, by its number, that may read the sets taken from then on; 0: their owner alone.",
        allowed="a whole number from 0 to 65533",
        example='"$(id -g)"',
        change=Change.SERVER,
    )


class BackupSettings(Group):
    """When and how sets are taken, and how many stay."""

    schedule: types.Cron = setting(
        "0 */6 * * *",
        "When a set is taken.",
        allowed=types.CRON,
        example="'0 */6 * * *'",
        change=Change.IN_PLACE,
    )
    time_zone: types.TimeZone = setting(
        "Etc/UTC",
        "Time zone of both schedules.",
        allowed="an IANA name",
        example="Europe/Berlin",
        change=Change.IN_PLACE,
    )
    keep: Annotated[int, Field(ge=1, le=1000)] = setting(
        10,
        "Verified sets that stay.",
        allowed="a whole number from 1 to 1000",
        example="10",
        change=Change.SERVER,
    )
    keep_daily: types.Periods = setting(
        0,
        "Days whose newest verified set stays as well.",
        allowed=types.PERIODS,
        example="7",
        change=Change.SERVER,
    )
    keep_weekly: types.Periods = setting(
        0,
        "Weeks whose newest verified set stays as well.",
        allowed=types.PERIODS,
        example="4",
        change=Change.SERVER,
    )
    keep_monthly: types.Periods = setting(
        0,
        "Months whose newest verified set stays as well.",
        allowed=types.PERIODS,
        example="12",
        change=Change.SERVER,
    )
    format: types.DumpFormat = setting(
        types.DumpFormat.CUSTOM,
        "custom (one archive a database) or directory (backup.jobs tables at once).",
        allowed="custom or directory",
        example="custom",
        change=Change.SERVER,
    )
    compression: types.Compression = setting(
        "zstd:3",
        "none, gzip or zstd, with or without a level.",
        allowed="none, gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:19",
        example="zstd:3",
        change=Change.SERVER,
    )
    jobs: Annotated[int, Field(ge=1, le=16)] = setting(
        2,
        "Tables and indexes restored at once, and tables dumped at once (directory).",
        allowed="a whole number from 1 to 16",
        example="4",
        change=Change.SERVER,
    )
    hashes: types.Hashes = setting(
        types.Hashes.FULL,
        "full compares a restore by rows and content; rows by rows only, which costs less.",
        allowed="full or rows",
        example="rows",
        change=Change.SERVER,
    )
    skip: types.DatabaseNames = setting(
        (),
        "Databases that no set holds: what one of them hinders, the others get all the same.",
        allowed="different names of databases",
        example="--path 'backup.skip[0]' broken",
        change=Change.SERVER,
    )
    min_free_bytes: Annotated[int, Field(ge=0, le=2**60)] = setting(
        67_108_864,
        "A backup is refused when fewer bytes are free in the store at its start.",
        allowed="a whole number of bytes",
        example="67108864",
        change=Change.SERVER,
    )
    lock_wait: types.Seconds = setting(
        600,
        "Seconds to wait for another writer.",
        allowed=types.SECONDS,
        example="600",
        change=Change.SERVER,
    )
    timeout: types.Seconds = setting(
        3600,
        "Seconds after which a backup is stopped.",
        allowed=types.SECONDS,
        example="3600",
        change=Change.IN_PLACE,
    )
    on_destroy: types.OnDestroy = setting(
        types.OnDestroy.BACKUP,
        "backup takes a last set before the server is deleted, or stops; nothing takes none.",
        allowed="backup or nothing",
        example="nothing",
        change=Change.IN_PLACE,
    )
    storage: StorageSettings = StorageSettings()


class VerifySettings(Group):
    """When sets are verified, by restoring them into a server of their own."""

    schedule: types.Cron = setting(
        "30 */6 * * *",
        "When sets not yet verified are restored and compared.",
        allowed=types.CRON,
        example="'30 */6 * * *'",
        change=Change.IN_PLACE,
    )
    timeout: types.Seconds = setting(
        3600,
        "Seconds after which a verification, or a restore by hand, is stopped.",
        allowed=types.SECONDS,
        example="3600",
        change=Change.IN_PLACE,
    )
    scrub_days: Annotated[int, Field(ge=0, le=3650)] = setting(
        7,
        "Days within which the bytes of every kept set are read again; 0: never.",
        allowed="a whole number from 0 to 3650",
        example="7",
        change=Change.CONSOLE,
    )
    repeat_days: Annotated[int, Field(ge=0, le=3650)] = setting(
        35,
        "Days within which every verified set is restored again, one a run; 0: never.",
        allowed="a whole number from 0 to 3650",
        example="35",
        change=Change.CONSOLE,
    )
    scratch_size: types.VolumeSize = setting(
        "2Gi",
        "Room for the throwaway server; a set that needs more is refused.",
        allowed=types.VOLUME_SIZE,
        example="4Gi",
        change=Change.IN_PLACE,
    )
