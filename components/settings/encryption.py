"""The settings of the encryption: to whom sets are written, and with what they are read."""

from pydantic import SecretStr

from components.settings import types
from components.settings.fields import Change, Group, setting


class EncryptionSettings(Group):
    """Sets that nobody reads who has the store alone, by age."""

    recipients: types.Recipients = setting(
        (),
        "Public keys to which each new set is encrypted; none: sets are written as they are.",
        allowed="different public keys of age (age1…) or SSH (ssh-ed25519 …, ssh-rsa …)",
        example="--path 'encryption.recipients[0]' "
        "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
        change=Change.SERVER,
    )
    identity: types.Identity = setting(
        SecretStr(""),
        "What encrypted sets are read with, set with --secret: a file of age-keygen, or several.",
        allowed="a secret of lines that begin with AGE-SECRET-KEY-1",
        example="--path --secret encryption.identity < key.txt",
        change=Change.IN_PLACE,
    )
    identity_secret: types.OptionalHost = setting(
        "",
        "In its place: a Secret of yours that has it under the key identity.",
        allowed="the name of a Secret in the namespace",
        example="backup-identity",
        change=Change.SERVER,
    )

    @property
    def is_on(self) -> bool:
        """Whether sets are encrypted, or were and are still read."""
        return bool(self.recipients) or self.can_read

    @property
    def can_read(self) -> bool:
        """Whether encrypted sets can be read."""
        return bool(self.identity.get_secret_value() or self.identity_secret)
