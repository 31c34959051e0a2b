"""What can be set: each group of settings as one typed object, which the components take."""

from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.backup import BackupSettings, StorageSettings, VerifySettings
from components.settings.console import ConsoleSettings
from components.settings.encryption import EncryptionSettings
from components.settings.external import ExternalSettings
from components.settings.postgres import PostgresSettings
from components.settings.startup import StartupSettings
from components.settings.tls import TlsSettings
from components.settings.types import Engine, OffsiteKind, OnDestroy, SslMode, StorageKind

__all__ = [
    "ArchiveSettings",
    "BackupSettings",
    "ConsoleSettings",
    "EncryptionSettings",
    "Engine",
    "ExternalSettings",
    "OffsiteKind",
    "OffsiteSettings",
    "OnDestroy",
    "PostgresSettings",
    "SslMode",
    "StartupSettings",
    "StorageKind",
    "StorageSettings",
    "TlsSettings",
    "VerifySettings",
]
