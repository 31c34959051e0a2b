"""The encryption of sets: the identity that reads them, where the settings have it."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta

from components.backup.encryption_sheet import encryption_sheet
from components.cluster import names
from components.cluster.encryption import IDENTITY, EncryptionPods
from components.settings.encryption import EncryptionSettings


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """What an Encryption is made from."""

    namespace: pulumi.Input[str]
    """That of the storage and the database."""
    settings: EncryptionSettings
    image: str
    """One with age in it, for what writes sets and what reads them."""
    archive_sheet: pulumi.Input[str] = ""
    """The recovery sheet of an Archive, which stands before that of the sets."""
    object_name: str = names.ENCRYPTION


class Encryption(pulumi.ComponentResource):
    """To whom sets are encrypted, and what reads them again.

    It owns the Secret with the identity, unless that is the user's own, and makes no key: what
    alone opens the sets is to be somewhere else before the first one is written.

    >>> recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
    >>> settings = EncryptionSettings(recipients=(recipient,), identity_secret="backup-identity")
    >>> encryption = Encryption(
    ...     "encryption",
    ...     EncryptionArgs(namespace="ales", settings=settings, image="localhost/brewget/tools:1"),
    ... )
    >>> database = PostgresDatabase(
    ...     "encrypted",
    ...     PostgresDatabaseArgs(namespace="ales", storage=storage, encryption=encryption.pods),
    ... )
    """

    pods: EncryptionPods
    """What a PostgresDatabase takes, and hands on."""
    recovery_sheet: pulumi.Output[str]
    """What opens the sets by hand, in Markdown, secret. It belongs outside of the cluster."""

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings = args.settings
        inputs = {"namespace": args.namespace, "recipients": list(settings.recipients)}
        super().__init__("brewget:index:Encryption", name, inputs, opts)
        secrets = [] if settings.identity_secret else [self._secret(name, args)]
        self.pods = EncryptionPods(
            settings=settings,
            image=args.image,
            secret=settings.identity_secret or args.object_name,
            is_ours=bool(secrets),
            resources=secrets,
        )
        sheet = encryption_sheet(settings)
        self.recovery_sheet = pulumi.Output.secret(
            pulumi.Output.from_input(args.archive_sheet).apply(
                lambda before: "\n".join(filter(None, (before, sheet)))
            )
        )
        self.register_outputs({"secret": self.pods.secret})

    def _secret(self, name: str, args: EncryptionArgs) -> core.v1.Secret:
        identity = pulumi.Output.secret(args.settings.identity.get_secret_value())
        return core.v1.Secret(
            f"{name}-secret",
            metadata=meta.v1.ObjectMetaArgs(
                name=args.object_name, namespace=args.namespace, labels=names.PART_OF
            ),
            string_data={IDENTITY: identity},
            # The sets stay when the encryption is switched off, or the stack goes, and nothing
            # else would open them.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )
