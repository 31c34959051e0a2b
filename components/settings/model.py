"""Every setting of the stack: its name, type, default and meaning, in one typed, frozen model.

A key is the camel-case path below Settings, as in `backup.storage.path`. `Pulumi.yaml` names the
groups and the settings outside them for the Pulumi command line; a test compares the two.
"""

from typing import Annotated

from pydantic import Field

from components.settings import types
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.backup import BackupSettings, VerifySettings
from components.settings.console import ConsoleSettings
from components.settings.encryption import EncryptionSettings
from components.settings.external import ExternalSettings
from components.settings.fields import Change, Group, setting
from components.settings.postgres import PostgresSettings
from components.settings.recovery import RecoverySettings
from components.settings.startup import StartupSettings


class Settings(Group):
    """All settings of one stack."""

    kube_context: Annotated[str, Field(min_length=1, max_length=253)] = setting(
        "minikube",
        "Context of the kubeconfig.",
        allowed="a context's name",
        example="minikube",
        change=Change.REFUSED,
    )
    namespace: types.Label = setting(
        "brewget",
        "Namespace of everything.",
        allowed="a DNS label",
        example="brewget",
        change=Change.REFUSED,
    )
    postgres: PostgresSettings = PostgresSettings()
    external: ExternalSettings = ExternalSettings()
    backup: BackupSettings = BackupSettings()
    verify: VerifySettings = VerifySettings()
    recovery: RecoverySettings = RecoverySettings()
    startup: StartupSettings = StartupSettings()
    archive: ArchiveSettings = ArchiveSettings()
    offsite: OffsiteSettings = OffsiteSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    console: ConsoleSettings = ConsoleSettings()
    adopt: bool = setting(
        False,
        "Whether objects of this stack that its state does not know are taken over.",
        allowed="true or false",
        example="true",
        change=Change.IN_PLACE,
    )
    backup_now: types.Nonce = setting(
        "",
        "A new value takes a set on the next up.",
        allowed=types.WORD,
        example='"$(date +%s)"',
        change=Change.IN_PLACE,
    )
    restore_from: types.OptionalRestorable = setting(
        "",
        "A new value restores that set on the next up, into empty databases.",
        allowed="a set's name, latest or latest-verified",
        example="latest",
        change=Change.IN_PLACE,
    )
    restore_to: types.OptionalMoment = setting(
        "",
        "A new value restores all databases as they were then, on the next up, from the archive.",
        allowed=types.MOMENT,
        example="'2026-11-22 10:15:00+00'",
        change=Change.IN_PLACE,
    )
    restore_replace: bool = setting(
        False,
        "A restore replaces databases that are not empty; the old ones are kept beside.",
        allowed="true or false",
        example="true",
        change=Change.IN_PLACE,
    )
