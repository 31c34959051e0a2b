"""Combinations of settings that make no sense, each as one sentence with the way out."""

from collections.abc import Iterator

from components.settings import validators
from components.settings.backup import StorageSettings
from components.settings.model import Settings
from components.settings.postgres import PostgresSettings
from components.settings.tls import TlsSettings
from components.settings.types import StorageKind


def conflicts(settings: Settings) -> list[str]:
    """All of them at once."""
    return [
        *_upgrade(settings.postgres),
        *_tls(settings.postgres.tls),
        *_storage(settings.backup.storage),
        *_backup(settings),
        *_restore(settings),
        *_console(settings),
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
    for name in set(backup.skip) & set(settings.postgres.databases):
        yield (
            f"backup.skip has '{name}', but so has postgres.databases, and what an application "
            "keeps there would be in no set. Example: pulumi config rm --path backup.skip"
        )
    if backup.min_free_bytes >= validators.quantity_bytes(backup.storage.size):
        yield (
            f"backup.minFreeBytes is {backup.min_free_bytes}, but backup.storage.size is "
            f"'{backup.storage.size}' and no set would ever fit. "
            "Example: pulumi config set --path backup.minFreeBytes 67108864"
        )


def _restore(settings: Settings) -> Iterator[str]:
    if settings.restore_replace and not settings.restore_from:
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


def _console(settings: Settings) -> Iterator[str]:
    console = settings.console
    if bool(console.proxy_header) != bool(console.proxy_addresses):
        given, missing, example = (
            ("console.proxyHeader", "console.proxyAddresses", "10.244.3.7")
            if console.proxy_header
            else ("console.proxyAddresses", "console.proxyHeader", "X-Forwarded-Email")
        )
        yield (
            f"{given} is set, but {missing} is not, and a header that anyone may send identifies "
            f"nobody. Example: pulumi config set --path {missing} {example}"
        )
