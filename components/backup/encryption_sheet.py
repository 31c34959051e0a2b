"""The sheet that brings encrypted sets back without this project: age, PostgreSQL, the identity."""

import shlex
from pathlib import Path

from components.cluster.encryption import IDENTITY
from components.settings.encryption import EncryptionSettings

TEMPLATE = Path(__file__).with_name("encryption_sheet.md").read_text()


def encryption_sheet(settings: EncryptionSettings) -> str:
    """The whole sheet, in Markdown. It has the identity in the clear where the settings have it."""
    recipients = settings.recipients
    return TEMPLATE.format(
        recipients="\n".join(recipients) or "none: sets are not encrypted any more",
        where=_where(settings),
        usual=_usual(settings),
    )


def _where(settings: EncryptionSettings) -> str:
    if secret := settings.identity_secret:
        return (
            f"The identity is yours, and not on this sheet: it is under the key `{IDENTITY}` of "
            f"the Secret `{secret}` in the namespace of the stack, which is lost with the cluster. "
            "Write here where else it is."
        )
    return (
        f"The identity, `identity.txt`:\n\n```\n{settings.identity.get_secret_value().strip()}\n```"
    )


def _usual(settings: EncryptionSettings) -> str:
    given = (
        f"kubectl create secret generic {settings.identity_secret} --namespace NAMESPACE "
        f"--from-file={IDENTITY}=identity.txt\n"
        f"pulumi config set --path encryption.identitySecret {settings.identity_secret}"
        if settings.identity_secret
        else "pulumi config set --path --secret encryption.identity < identity.txt"
    )
    lines = [
        *given.splitlines(),
        *(
            f"pulumi config set --path 'encryption.recipients[{i}]' {shlex.quote(key)}"
            for i, key in enumerate(settings.recipients)
        ),
        "make up",
    ]
    return "\n".join(["```", *lines, "```"])
