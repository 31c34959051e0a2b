"""What pods know of the archive: which work with it, what they mount for it, what tells them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes import core

from components.cluster.volumes import READ_ONLY, secret_file
from components.settings.archive import ArchiveSettings

CONF = "/etc/pgbackrest"
"""NAME.conf for each repository, as pgBackRest reads it."""
KEYS = "/run/secrets/archive"
"""NAME/OPTION: each file is an option that must not stand in a configuration."""
FILES = "/run/secrets/archive-files"
"""What an option of a configuration names as a file: a private key, a CA's certificate."""
NAME = "archiver"
"""Of the container, and of what it is to the server: its slot and its synchronous standby."""


@dataclass(frozen=True, kw_only=True)
class Credential:
    """One key of a Secret, as a file."""

    secret: str
    key: str
    path: str
    """Below KEYS or FILES."""
    is_optional: bool = False
    """Whether a pod starts without it. One that is the user's may come later, and must never keep
    the server down."""


@dataclass(frozen=True, kw_only=True)
class ArchivePods:
    """What an Archive hands to all whose pods write it, read it or come back from it."""

    settings: ArchiveSettings
    conf: str
    """The ConfigMap with the configurations."""
    keys: Sequence[Credential]
    files: Sequence[Credential] = ()
    is_offsite: bool = False
    """Whether there is a second repository."""
    sets_env: Mapping[str, str] = field(default_factory=dict)
    """Where the sets are copied to; empty: nowhere."""
    resources: Sequence[pulumi.Resource]
    """What has to be there before a pod mounts it."""

    @property
    def env(self) -> dict[str, pulumi.Input[str]]:
        """Of every container that works with the archive."""
        return {"ARCHIVE_CONF": CONF, "ARCHIVE_KEYS": KEYS}

    @property
    def mounts(self) -> dict[str, str]:
        """Names of the volumes below, by path."""
        files = {FILES: "archive-files"} if self.files else {}
        return {CONF: "archive-conf", KEYS: "archive-keys"} | files

    @property
    def volumes(self) -> list[core.v1.VolumeArgs]:
        """Of every pod with such a container."""
        conf = core.v1.ConfigMapVolumeSourceArgs(name=self.conf, default_mode=READ_ONLY)
        secret = {"archive-keys": self.keys, "archive-files": self.files}
        return [
            core.v1.VolumeArgs(name="archive-conf", config_map=conf),
            *(projected(name, files) for name, files in secret.items() if files),
        ]


def projected(name: str, files: Sequence[Credential]) -> core.v1.VolumeArgs:
    """A volume of files out of Secrets, for the pod's own group alone."""
    return core.v1.VolumeArgs(
        name=name,
        projected=core.v1.ProjectedVolumeSourceArgs(
            default_mode=READ_ONLY,
            sources=[
                secret_file(one.secret, one.key, one.path, is_optional=one.is_optional)
                for one in files
            ],
        ),
    )
