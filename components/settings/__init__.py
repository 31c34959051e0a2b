"""What can be set: each group of settings as one typed object, which the components take."""

from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.backup import BackupSettings, StorageSettings, VerifySettings
from components.settings.console import ConsoleSettings
from components.settings.encryption import EncryptionSettings
from components.settings.postgres import PostgresSettings
from components.settings.startup import StartupSettings
from components.settings.tls import TlsSettings
from components.settings.types import OffsiteKind, OnDestroy, StorageKind

__all__ = [
    "ArchiveSettings",
    "BackupSettings",
    "ConsoleSettings",
    "EncryptionSettings",
    "OffsiteKind",
    "OffsiteSettings",
    "OnDestroy",
    "PostgresSettings",
    "StartupSettings",
    "StorageKind",
    "StorageSettings",
    "TlsSettings",
    "VerifySettings",
]
