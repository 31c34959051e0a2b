"""restic's words for where copies of sets go: pure functions from the settings to its environment.

Beside the archive's repository, in the same bucket, with the same credentials and passphrase.
"""

from components.backup import pgbackrest
from components.cluster.archive import FILES, Credential
from components.settings.archive import OffsiteSettings
from components.settings.types import UriStyle

PASSWORD = "RESTIC_PASSWORD"  # noqa: S105 (a variable's name)
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "repo1-s3-key",
    "AWS_SECRET_ACCESS_KEY": "repo1-s3-key-secret",
    "AWS_SESSION_TOKEN": "repo1-s3-token",
}
"""As restic calls what the Secret has under pgBackRest's names."""
LOOKUP = {UriStyle.HOST: "dns", UriStyle.PATH: "path"}


def repository(offsite: OffsiteSettings) -> str:
    """Its address, always by TLS."""
    port = f":{offsite.port}" if offsite.port else ""
    return f"s3:https://{offsite.endpoint}{port}/{offsite.bucket}{offsite.path}-sets"


def option(offsite: OffsiteSettings) -> str:
    """What restic takes as -o."""
    return f"s3.bucket-lookup={LOOKUP[offsite.uri_style]}"


def environment(offsite: OffsiteSettings) -> dict[str, str]:
    """Of the job that copies; its secrets are the files of `credentials`."""
    return {
        "RESTIC_REPOSITORY": repository(offsite),
        "AWS_DEFAULT_REGION": offsite.region,
        "OFFSITE_SETS_OPTION": option(offsite),
        "OFFSITE_SETS_KEEP": str(offsite.keep_sets),
        **({"RESTIC_CACERT": f"{FILES}/{pgbackrest.CA}"} if offsite.own_ca else {}),
    }


def credentials(offsite: OffsiteSettings, passphrases: str) -> list[Credential]:
    """What restic reads from its environment, as files; `passphrases` is the archive's Secret."""
    return [
        Credential(secret=passphrases, key="offsite", path=f"sets/{PASSWORD}"),
        *(
            Credential(secret=offsite.secret, key=key, path=f"sets/{name}", is_optional=True)
            for name, key in CREDENTIALS.items()
        ),
    ]
