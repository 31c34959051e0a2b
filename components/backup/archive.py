"""The archive beside the sets: pgBackRest's repositories, their configurations and their keys."""

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core, meta
from pydantic import SecretStr

from components.backup import pgbackrest, restic
from components.backup.recovery_sheet import recovery_sheet
from components.cluster import names
from components.cluster.archive import ArchivePods, Credential
from components.cluster.kubectl import Kubectl
from components.cluster.stash import stash_once
from components.settings.archive import ArchiveSettings, OffsiteSettings

REPOSITORIES = ("local", "offsite")


@dataclass(frozen=True, kw_only=True)
class ArchiveArgs:
    """What an Archive is made from."""

    namespace: pulumi.Input[str]
    """That of the storage and the database."""
    context: str
    """Of the kubeconfig, for kubectl."""
    settings: ArchiveSettings
    offsite: OffsiteSettings = OffsiteSettings()
    object_name: str = names.ARCHIVE


class Archive(pulumi.ComponentResource):
    """What the archiver writes to, and what a start, a drill or a restore reads from.

    It owns configurations and passphrases, and no byte of a repository: those lie in the store and
    off this machine, and stay.

    >>> settings = ArchiveSettings(enabled=True, image="localhost/brewget/tools:16.15")
    >>> archive = Archive(
    ...     "archive", ArchiveArgs(namespace="ales", context="minikube", settings=settings)
    ... )
    >>> database = PostgresDatabase(
    ...     "archived",
    ...     PostgresDatabaseArgs(namespace="ales", storage=storage, archive=archive.pods),
    ... )
    """

    pods: ArchivePods
    """What a PostgresDatabase takes, and hands on."""
    passphrases: pulumi.Output[dict[str, str]]
    """By repository, secret. Without them a repository is of no use to anybody: they belong on a
    sheet outside of the cluster."""
    recovery_sheet: pulumi.Output[str]
    """That sheet, in Markdown, secret."""

    def __init__(
        self, name: str, args: ArchiveArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        offsite = args.offsite
        inputs = {"namespace": args.namespace, "offsite": offsite.kind.value}
        super().__init__("brewget:index:Archive", name, inputs, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._namespace = pulumi.Output.from_input(args.namespace)
        given = {"local": args.settings.passphrase, "offsite": offsite.passphrase}
        # Both, whether there is a second repository or not: one that is taken out of the settings
        # and put back is read with the passphrase that it was made with.
        made = {each: self._passphrase(each, given[each]) for each in REPOSITORIES}
        self.passphrases = pulumi.Output.secret(pulumi.Output.all(**made))
        self.recovery_sheet = self.passphrases.apply(
            lambda texts: recovery_sheet(args.settings, offsite, texts)
        )
        secret, conf = self._secret(made), self._config_map()
        keys, files = self._credentials()
        self.pods = ArchivePods(
            settings=args.settings,
            conf=args.object_name,
            keys=keys,
            files=files,
            is_offsite=bool(offsite.kind),
            sets_env=restic.environment(offsite) if offsite.sets else {},
            resources=[secret, conf],
        )
        self.register_outputs({"secret": args.object_name})

    def _passphrase(self, repository: str, given: SecretStr) -> pulumi.Output[str]:
        """The given one, else the one that was made first.

        After a lost state that is the one in the cluster: a new one would open nothing.
        """
        args = self._args
        first = self._namespace.apply(
            lambda space: (
                living(Kubectl(args.context, space), args.object_name, repository)
                or secrets.token_urlsafe(24)
            )
        )
        kept = stash_once(
            f"{self._name}-{repository}-passphrase", pulumi.Output.secret(first), self._child
        )
        text = given.get_secret_value()
        return pulumi.Output.secret(text if text else kept.apply(str))

    def _meta(self) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(
            name=self._args.object_name, namespace=self._namespace, labels=names.PART_OF
        )

    def _secret(self, passphrases: dict[str, pulumi.Output[str]]) -> core.v1.Secret:
        return core.v1.Secret(
            f"{self._name}-secret",
            metadata=self._meta(),
            string_data=dict(passphrases),
            # An archive that is switched off is still there, and nothing else would open it.
            opts=pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(retain_on_delete=True)
            ),
        )

    def _config_map(self) -> core.v1.ConfigMap:
        args = self._args
        data: dict[str, pulumi.Input[str]] = {
            "local.conf": pgbackrest.local_conf(args.settings),
        }
        if args.offsite.kind:
            data["offsite.conf"] = self._namespace.apply(
                lambda space: possible(Kubectl(args.context, space), args.offsite)
            )
        return core.v1.ConfigMap(
            f"{self._name}-conf", metadata=self._meta(), data=data, opts=self._child
        )

    def _credentials(self) -> tuple[list[Credential], list[Credential]]:
        """Keys and files, of all repositories."""
        offsite = self._args.offsite
        used = REPOSITORIES if offsite.kind else REPOSITORIES[:1]
        keys = [
            Credential(
                secret=self._args.object_name, key=each, path=f"{each}/{pgbackrest.CIPHER_PASS}"
            )
            for each in used
        ]
        if not offsite.kind:
            return keys, []
        kind = pgbackrest.KINDS[offsite.kind]
        keys += [
            Credential(secret=offsite.secret, key=key, path=f"offsite/{key}", is_optional=True)
            for key in (*kind.needed, *kind.optional)
        ]
        if offsite.sets:
            keys += restic.credentials(offsite, self._args.object_name)
        files = [*kind.files, *([pgbackrest.CA] if offsite.own_ca else [])]
        return keys, [
            Credential(secret=offsite.secret, key=key, path=key, is_optional=True) for key in files
        ]


def living(kubectl: Kubectl, secret: str, key: str) -> str:
    """What the cluster's Secret has under `key`; empty where it has none."""
    try:
        found = kubectl.get("secret", secret)
    except RuntimeError as error:
        # No reason to stop: without a cluster nothing is made, and so nothing is made anew.
        pulumi.log.warn(f"Whether there is an archive already was not asked. {error}")
        return ""
    values = [_data(one).get(key, "") for one in found]
    return base64.b64decode(values[0]).decode() if values else ""


def possible(kubectl: Kubectl, offsite: OffsiteSettings) -> str:
    """The configuration, or the end of the preview where the Secret cannot be what is meant."""
    kind = pgbackrest.KINDS[offsite.kind]
    needed = {*kind.needed, *kind.files, *([pgbackrest.CA] if offsite.own_ca else [])}
    try:
        found = kubectl.get("secret", offsite.secret)
        if not found and not kubectl.get("namespace", kubectl.namespace):
            pulumi.log.warn(missing(kubectl.namespace, offsite, needed, "is not there yet"))
        elif absent := needed - _data(found[0] if found else {}).keys():
            lacks = f"has no {', '.join(sorted(absent))}" if found else "is not there"
            raise pulumi.RunError(missing(kubectl.namespace, offsite, needed, lacks))
    except RuntimeError as error:
        pulumi.log.warn(f"Whether {offsite.secret} has the credentials was not asked. {error}")
    return pgbackrest.offsite_conf(offsite)


def missing(namespace: str, offsite: OffsiteSettings, needed: Collection[str], lacks: str) -> str:
    """Why there is no repository off this machine, and the command that helps."""
    from_files = " ".join(f"--from-file={key}=FILE" for key in sorted(needed))
    return (
        f"offsite.secret is '{offsite.secret}', but that Secret {lacks}, and offsite.kind "
        f"'{offsite.kind}' needs {', '.join(sorted(needed))}. To make it: kubectl create secret "
        f"generic {offsite.secret} --namespace {namespace} {from_files}"
    )


def _data(secret: dict[str, object]) -> dict[str, str]:
    data = secret.get("data")
    return data if isinstance(data, dict) else {}
