"""PostgreSQL that saves and restores itself, as components for any Pulumi program.

docs/components.md has a program of twenty lines with two databases.
"""

from components.backup.archive import Archive, ArchiveArgs
from components.backup.encryption import Encryption, EncryptionArgs
from components.backup.on_demand import OnDemand, OnDemandArgs
from components.backup.schedule import BackupSchedule, BackupScheduleArgs
from components.backup.storage import BackupStorage, BackupStorageArgs
from components.console.component import Console, ConsoleArgs
from components.external.database import ExternalDatabase, ExternalDatabaseArgs
from components.postgres.database import PostgresDatabase, PostgresDatabaseArgs

__all__ = [
    "Archive",
    "ArchiveArgs",
    "BackupSchedule",
    "BackupScheduleArgs",
    "BackupStorage",
    "BackupStorageArgs",
    "Console",
    "ConsoleArgs",
    "Encryption",
    "EncryptionArgs",
    "ExternalDatabase",
    "ExternalDatabaseArgs",
    "OnDemand",
    "OnDemandArgs",
    "PostgresDatabase",
    "PostgresDatabaseArgs",
]
