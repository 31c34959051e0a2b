"""What pods know of the encryption: to whom sets are written, and who has what reads them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core

from components.cluster.archive import Credential, projected
from components.cluster.volumes import empty_volume
from components.settings.encryption import EncryptionSettings

DIRECTORY = "/run/secrets/encryption"
IDENTITY = "identity"
"""The file there, as well as the Secret's key."""
OPENED = "/opened"
"""What the newest set holds, for a backup to be compared with, in memory."""
VOLUME = "encryption"
NAME = "encryption"
"""Of the container that reads the newest set for a backup."""
OPENED_SIZE = "128Mi"
"""A manifest of 100,000 tables is below 64 MiB."""


@dataclass(frozen=True, kw_only=True)
class EncryptionPods:
    """What an Encryption hands to all whose pods write sets or read them."""

    settings: EncryptionSettings
    image: str
    """One with age in it."""
    secret: str
    """That has the identity."""
    is_ours: bool
    """Whether this program makes it. A user's may come later, and must never keep the server down:
    what is there to be read then says that it cannot be."""
    resources: Sequence[pulumi.Resource] = ()
    """What has to be there before a pod mounts it."""

    @property
    def write_env(self) -> dict[str, pulumi.Input[str]]:
        """Of every container that writes sets. Empty after the encryption was switched off."""
        keys = self.settings.recipients
        return {"ENCRYPTION_RECIPIENTS": "\n".join(keys)} if keys else {}

    @property
    def read_env(self) -> dict[str, pulumi.Input[str]]:
        """Of every container that reads them."""
        return self.write_env | {"ENCRYPTION_IDENTITY": f"{DIRECTORY}/{IDENTITY}"}

    @property
    def opened_env(self) -> dict[str, pulumi.Input[str]]:
        """Of a backup, and of what reads the newest set for it."""
        return {"ENCRYPTION_OPENED": OPENED}

    @property
    def mounts(self) -> dict[str, str]:
        """Of every container that reads sets: names of volumes, by path."""
        return {DIRECTORY: VOLUME}

    @property
    def opened(self) -> dict[str, str]:
        """As `mounts`, of a backup."""
        return {OPENED: "opened"}

    @property
    def volumes(self) -> list[core.v1.VolumeArgs]:
        """Of every pod with a container that reads sets."""
        file = Credential(
            secret=self.secret, key=IDENTITY, path=IDENTITY, is_optional=not self.is_ours
        )
        return [projected(VOLUME, [file])]

    @property
    def opened_volume(self) -> core.v1.VolumeArgs:
        """Of a backup's pod: never on a disk."""
        return empty_volume("opened", size=OPENED_SIZE, medium="Memory")
