"""Which server is saved: one of our own, or one that others run. Nothing else knows which."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from components.cluster import names
from components.cluster.archive import ArchivePods
from components.cluster.encryption import EncryptionPods
from components.cluster.pods import Source
from components.cluster.store import Store
from components.external.database import ExternalDatabase, ExternalDatabaseArgs
from components.postgres.database import PostgresDatabase, PostgresDatabaseArgs
from components.postgres.version import same_engine
from components.settings.model import Settings
from components.settings.types import Engine

_OF_OURS = ("postgres-0", "service/db", "connection_strings")
"""What a line of the stack's README has that asks something of a server of our own."""
_LISTED = (
    "- the sets, and which are verified: "
    "`scripts/host/list-sets.sh --namespace ${outputs.namespace}`"
)
LAST_BACKUP = "last-backup"
"""The hook before a server of our own is deleted, as the state of a stack of before names it."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What a database of either kind is made beside."""

    namespace: pulumi.Input[str]
    storage: Store
    image: pulumi.Input[str]
    archive: ArchivePods | None
    encryption: EncryptionPods | None


@dataclass(frozen=True, kw_only=True)
class Database:
    """The source of the sets, and what a stack says of it."""

    source: Source
    host: pulumi.Input[str]
    port: int
    databases: Sequence[str]
    uris: pulumi.Input[dict[str, pulumi.Input[str]]]
    """By database; secret where a password is in them."""
    ca: pulumi.Input[str] | None
    """The CA's certificate, where it is known here."""
    is_ours: bool = True

    def readme(self, text: str) -> str:
        """Of the stack's README what holds for this kind of server."""
        if self.is_ours:
            return text
        lines = [line for line in text.splitlines() if not any(word in line for word in _OF_OURS)]
        return "\n".join([*lines, _LISTED, ""])


def database_of(settings: Settings, beside: Beside, opts: pulumi.ResourceOptions) -> Database:
    """The database that `postgres.engine` asks for."""
    if settings.postgres.engine is Engine.EXTERNAL:
        return _external(settings, beside, opts)
    return _ours(settings, beside, opts)


def _ours(settings: Settings, beside: Beside, opts: pulumi.ResourceOptions) -> Database:
    args = PostgresDatabaseArgs(
        namespace=beside.namespace,
        storage=beside.storage,
        archive=beside.archive,
        encryption=beside.encryption,
        settings=settings.postgres,
        image=beside.image,
        startup=settings.startup,
        on_destroy=settings.backup.on_destroy,
        backup_timeout=settings.backup.timeout,
        last_backup=LAST_BACKUP,
    )
    made = PostgresDatabase("postgres", args, opts)
    return Database(
        source=made,
        host=made.host,
        port=names.PORT,
        databases=settings.postgres.databases,
        uris={**made.credentials.uris},
        ca=made.tls.ca,
    )


def _external(settings: Settings, beside: Beside, opts: pulumi.ResourceOptions) -> Database:
    external = settings.external
    # For a state that does not remember what kind of server it has: its server stays, too.
    pulumi.ResourceHook(LAST_BACKUP, _keep)
    args = ExternalDatabaseArgs(
        namespace=beside.namespace,
        storage=beside.storage,
        encryption=beside.encryption,
        settings=external,
        image=beside.image,
        resources=settings.postgres.resources,
    )
    made = ExternalDatabase("external", args, opts)
    return Database(
        source=made,
        host=external.host,
        port=external.port,
        databases=external.databases,
        uris={**made.uris},
        ca=external.ca or None,
        is_ours=False,
    )


async def _keep(_: pulumi.ResourceHookArgs) -> None:
    same_engine("", Engine.EXTERNAL)
