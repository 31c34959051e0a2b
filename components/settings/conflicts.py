"""Combinations of settings that make no sense, each as one sentence with the way out."""

import json
from collections.abc import Iterator
from itertools import pairwise

from components.settings import engines, recovery, validators
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.backup import StorageSettings
from components.settings.console import conflicts as console_conflicts
from components.settings.fields import leaves, set_command
from components.settings.model import Settings
from components.settings.postgres import PostgresSettings
from components.settings.tls import TlsSettings
from components.settings.types import DumpFormat, Engine, OffsiteKind, StorageKind


def conflicts(settings: Settings) -> list[str]:
    """All of them at once."""
    return [
        *engines.conflicts(settings),
        *_upgrade(settings.postgres),
        *_tls(settings.postgres.tls),
        *_storage(settings.backup.storage),
        *_backup(settings),
        *_restore(settings),
        *_archive(settings),
        *_hours(settings.archive),
        *_offsite(settings.offsite),
        *_encryption(settings),
        *console_conflicts(settings.console),
        *recovery.conflicts(settings.recovery, settings.console),
    ]


def _upgrade(postgres: PostgresSettings) -> Iterator[str]:
    before, after = (
        validators.image_major(postgres.upgrade_from),
        validators.image_major(postgres.image),
    )
    if not postgres.upgrade_from:
        return
    both = (
        f"postgres.upgradeFrom is '{postgres.upgrade_from}', but postgres.image is "
        f"'{postgres.image}' and"
    )
    if before is None or after is None:
        unclear = "upgradeFrom" if before is None else "image"
        yield (
            f"{both} an upgrade needs the versions of both; give postgres.{unclear} a tag, before "
            f"its digest. Example: pulumi config set --path postgres.{unclear} "
            "postgres:17.11-alpine"
        )
    elif before >= after:
        yield (
            f"{both} an upgrade leads to a newer major version. "
            "Example: pulumi config rm --path postgres.upgradeFrom"
        )


def _tls(tls: TlsSettings) -> Iterator[str]:
    if tls.secret_name and tls.generation:
        yield (
            f"postgres.tls.generation is '{tls.generation}', but postgres.tls.secretName is "
            f"'{tls.secret_name}' and that Secret is renewed where it is made. "
            "Example: pulumi config rm --path postgres.tls.generation"
        )


def _storage(storage: StorageSettings) -> Iterator[str]:
    for kind, key, value, example in (
        (StorageKind.STORAGE_CLASS, "storageClass", storage.storage_class, "standard"),
        (StorageKind.NFS, "server", storage.server, "nas.local"),
        (StorageKind.EXISTING_CLAIM, "claim", storage.claim, "my-backups"),
    ):
        key = f"backup.storage.{key}"  # noqa: PLW2901 (the full key is what all sentences name)
        if value and storage.kind is not kind:
            yield (
                f"{key} is '{value}', but backup.storage.kind is '{storage.kind}' and only "
                f"'{kind}' has it. Example: pulumi config rm --path {key}"
            )
        if not value and storage.kind is kind:
            yield (
                f"{key} is not set, but backup.storage.kind is '{kind}' and needs it. "
                f"Example: pulumi config set --path {key} {example}"
            )


def _backup(settings: Settings) -> Iterator[str]:
    backup = settings.backup
    is_ours = settings.postgres.engine is not Engine.EXTERNAL
    wanted = settings.postgres.databases if is_ours else settings.external.databases
    for name in set(backup.skip) & set(wanted):
        yield (
            f"backup.skip has '{name}', but so has {'postgres' if is_ours else 'external'}"
            ".databases, and what an application keeps there would be in no set. "
            "Example: pulumi config rm --path backup.skip"
        )
    if backup.min_free_bytes >= validators.quantity_bytes(backup.storage.size):
        yield (
            f"backup.minFreeBytes is {backup.min_free_bytes}, but backup.storage.size is "
            f"'{backup.storage.size}' and no set would ever fit. "
            "Example: pulumi config set --path backup.minFreeBytes 67108864"
        )


def _restore(settings: Settings) -> Iterator[str]:
    if settings.restore_replace and not (settings.restore_from or settings.restore_to):
        yield (
            "restoreReplace is true, but restoreFrom names no set. "
            "Example: pulumi config set restoreFrom latest"
        )
    if settings.startup.from_set and "fresh-start" in settings.startup.accept.split():
        yield (
            f"startup.fromSet is '{settings.startup.from_set}', but startup.accept has "
            "'fresh-start' and only one can be done. "
            "Example: pulumi config rm --path startup.accept"
        )


def _archive(settings: Settings) -> Iterator[str]:
    archive, startup = settings.archive, settings.startup
    if archive.enabled and not archive.image:
        yield (
            "archive.enabled is true, but archive.image is not set, and postgres.image has no "
            "pgBackRest. Example: pulumi config set --path archive.image "
            "localhost/brewget/tools:16.15"
        )
    for key, value in (
        ("offsite.kind", settings.offsite.kind),
        ("startup.toTime", startup.to_time),
        ("restoreTo", settings.restore_to),
    ):
        # A server of others can have none: that is said with the reason.
        is_ours = settings.postgres.engine is not Engine.EXTERNAL
        if value and is_ours and not archive.enabled:
            yield (
                f"{key} is '{value}', but archive.enabled is false and there is no archive. "
                "Example: pulumi config set --path archive.enabled true"
            )
    if startup.to_time and startup.from_set:
        yield (
            f"startup.toTime is '{startup.to_time}', but startup.fromSet is '{startup.from_set}' "
            "and only one can be done. Example: pulumi config rm --path startup.fromSet"
        )


def _hours(archive: ArchiveSettings) -> Iterator[str]:
    hours = {
        "fullHours": archive.full_hours,
        "diffHours": archive.diff_hours,
        "incrHours": archive.incr_hours,
    }
    for longer, shorter in pairwise(hours):
        if hours[shorter] > hours[longer]:
            yield (
                f"archive.{shorter} is {hours[shorter]}, but archive.{longer} is {hours[longer]} "
                "and the smaller backup would never be due. "
                f"Example: pulumi config set --path archive.{shorter} {hours[longer]}"
            )


_KINDS = {
    "bucket": {OffsiteKind.S3, OffsiteKind.GCS, OffsiteKind.AZURE},
    "endpoint": set(OffsiteKind) - {OffsiteKind.NONE},
    "port": set(OffsiteKind) - {OffsiteKind.NONE},
    "region": {OffsiteKind.S3},
    "uriStyle": {OffsiteKind.S3, OffsiteKind.AZURE},
    "user": {OffsiteKind.SFTP},
    "hostKey": {OffsiteKind.SFTP},
    "secret": set(OffsiteKind) - {OffsiteKind.NONE},
    "ownCa": {OffsiteKind.S3, OffsiteKind.GCS, OffsiteKind.AZURE},
    "sets": {OffsiteKind.S3},
    "keepSets": {OffsiteKind.S3},
}
"""Which kinds of repository have which setting."""
_OPTIONAL = {
    ("endpoint", OffsiteKind.GCS),
    ("endpoint", OffsiteKind.AZURE),
    *((key, kind) for key in ("port", "uriStyle", "ownCa") for kind in OffsiteKind),
    *((key, OffsiteKind.S3) for key in ("sets", "keepSets")),
}


def _offsite(offsite: OffsiteSettings) -> Iterator[str]:
    fields = leaves(OffsiteSettings)
    given = offsite.model_dump(by_alias=True)
    for key, kinds in _KINDS.items():
        is_set = given[key] != fields[key].default
        if is_set and offsite.kind not in kinds:
            which = f"is '{offsite.kind}'" if offsite.kind else "is not set"
            having = ", ".join(f"'{kind}'" for kind in OffsiteKind if kind in kinds)
            value = given[key]
            shown = json.dumps(value) if isinstance(value, bool | int) else f"'{value}'"
            yield (
                f"offsite.{key} is {shown}, but offsite.kind {which} and only "
                f"{having} {'has' if len(kinds) == 1 else 'have'} it. "
                f"Example: pulumi config rm --path offsite.{key}"
            )
        if not is_set and offsite.kind in kinds and (key, offsite.kind) not in _OPTIONAL:
            yield (
                f"offsite.{key} is not set, but offsite.kind is '{offsite.kind}' and needs it. "
                f"Example: {set_command(f'offsite.{key}', fields[key])}"
            )


def _encryption(settings: Settings) -> Iterator[str]:
    encryption, postgres = settings.encryption, settings.postgres
    is_given = bool(encryption.identity.get_secret_value())
    if is_given and encryption.identity_secret:
        yield (
            f"encryption.identitySecret is '{encryption.identity_secret}', but encryption.identity "
            "is set too and only one is read. "
            "Example: pulumi config rm --path encryption.identity"
        )
    if encryption.is_on and not settings.archive.image:
        key = "identity" if is_given else "identitySecret"
        yield (
            f"encryption.{'recipients' if encryption.recipients else key} is set, but "
            "archive.image is not, and postgres.image has no age. "
            "Example: pulumi config set --path archive.image localhost/brewget/tools:16.15"
        )
    if not encryption.recipients:
        return
    if not encryption.can_read:
        yield (
            "encryption.recipients is set, but neither encryption.identity nor "
            "encryption.identitySecret is, and no set could be verified or come back. "
            "Example: pulumi config set --path --secret encryption.identity < key.txt"
        )
    if settings.backup.format is DumpFormat.DIRECTORY:
        yield (
            "encryption.recipients is set, but backup.format is 'directory' and each file of a set "
            "is encrypted as a whole. Example: pulumi config set --path backup.format custom"
        )
    if postgres.upgrade_from:
        yield (
            f"encryption.recipients is set, but postgres.upgradeFrom is '{postgres.upgrade_from}' "
            "and that image has no age for the last set. "
            "Example: pulumi config rm --path encryption.recipients"
        )
