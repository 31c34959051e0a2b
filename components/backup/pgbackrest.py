"""pgBackRest's configurations and credentials: pure functions from the settings to its own words.

Each repository has a configuration of its own, in which it is the only one (repo1): one that is
away keeps nothing from the other. None names a server (pg1-*): what is pushed then needs none.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from components.cluster.archive import FILES
from components.cluster.pods import STORE
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.types import OffsiteKind

CIPHER_PASS = "repo1-cipher-pass"  # noqa: S105 (an option's name)
CA = "ca.crt"


@dataclass(frozen=True)
class Kind:
    """What the Secret with the credentials of a kind of repository has, by option."""

    needed: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Options that want a file. The Secret has its contents; all are needed."""


KINDS = {
    OffsiteKind.S3: Kind(("repo1-s3-key", "repo1-s3-key-secret"), ("repo1-s3-token",)),
    OffsiteKind.GCS: Kind(files=("repo1-gcs-key",)),
    OffsiteKind.AZURE: Kind(
        ("repo1-azure-account", "repo1-azure-key"), optional=("repo1-azure-key-type",)
    ),
    OffsiteKind.SFTP: Kind(
        optional=("repo1-sftp-private-key-passphrase",), files=("repo1-sftp-private-key-file",)
    ),
}


def local_conf(archive: ArchiveSettings) -> str:
    """Of the repository in the store."""
    return _conf({"path": f"{STORE}/archive/repo", "retention-full": archive.keep})


def offsite_conf(offsite: OffsiteSettings) -> str:
    """Of the repository off this machine."""
    files = {name.removeprefix("repo1-"): f"{FILES}/{name}" for name in KINDS[offsite.kind].files}
    return _conf(
        {
            "type": offsite.kind.value,
            "path": offsite.path,
            "retention-full": offsite.keep,
            **_place(offsite),
            **files,
            **({"storage-ca-file": f"{FILES}/{CA}"} if offsite.own_ca else {}),
        }
    )


def _place(offsite: OffsiteSettings) -> Mapping[str, str | int]:
    """How its kind says where it is. What is empty has pgBackRest's own default."""
    match offsite.kind:
        case OffsiteKind.SFTP:
            place: dict[str, str | int] = {
                "sftp-host": offsite.endpoint,
                "sftp-host-port": offsite.port,
                "sftp-host-user": offsite.user,
                "sftp-host-key-check-type": "fingerprint",
                "sftp-host-key-hash-type": "sha256",
                "sftp-host-fingerprint": _hexadecimal(offsite.host_key),
            }
        case OffsiteKind.AZURE:
            place = {
                "azure-container": offsite.bucket,
                "azure-endpoint": offsite.endpoint,
                "azure-uri-style": offsite.uri_style.value,
                "storage-port": offsite.port,
            }
        case OffsiteKind.GCS:
            place = {
                "gcs-bucket": offsite.bucket,
                "gcs-endpoint": offsite.endpoint,
                "storage-port": offsite.port,
            }
        case _:
            place = {
                "s3-bucket": offsite.bucket,
                "s3-endpoint": offsite.endpoint,
                "s3-region": offsite.region,
                "s3-uri-style": offsite.uri_style.value,
                "storage-port": offsite.port,
            }
    return {option: value for option, value in place.items() if value}


def _hexadecimal(fingerprint: str) -> str:
    """`SHA256:…` of ssh-keygen as pgBackRest compares it."""
    return base64.b64decode(fingerprint.removeprefix("SHA256:") + "=").hex()


def _conf(repository: Mapping[str, str | int]) -> str:
    options = {
        **{f"repo1-{option}": value for option, value in repository.items()},
        "repo1-cipher-type": "aes-256-cbc",
        # Of a file that has changed, only the blocks that have.
        "repo1-block": "y",
        "repo1-bundle": "y",
        "compress-type": "zst",
        # A backup does not wait for the next checkpoint.
        "start-fast": "y",
        "process-max": 2,
    }
    return "[global]\n" + "".join(f"{option}={value}\n" for option, value in options.items())
