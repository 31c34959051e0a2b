"""A server that others run, as a source of sets: its Secret, and the check that it can be saved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import pulumi
from pulumi_command import local
from pulumi_kubernetes import core, meta

from components.cluster import names
from components.cluster.access import Access
from components.cluster.encryption import EncryptionPods
from components.cluster.kubectl import HOST_SCRIPTS, Kubectl, script
from components.cluster.pods import PodContext
from components.cluster.store import Store, together
from components.external import check_pod
from components.settings.external import ExternalSettings
from components.settings.postgres import IMAGE, PostgresSettings, Resources


@dataclass(frozen=True, kw_only=True)
class ExternalDatabaseArgs:
    """What an ExternalDatabase is made from."""

    namespace: pulumi.Input[str]
    """Where the jobs run that save it; its storage has to be in the same."""
    storage: Store
    encryption: EncryptionPods | None = None
    """Of an Encryption of the same namespace, for sets to be encrypted, or read."""
    settings: ExternalSettings
    image: pulumi.Input[str] = IMAGE
    """Of the jobs: PostgreSQL of the server's major version."""
    resources: Resources = PostgresSettings().resources
    """Of each job."""
    object_name: str = names.EXTERNAL
    """Of its Secret."""


class ExternalDatabase(pulumi.ComponentResource):
    """A server that others run: saved, verified, shown and restored into like one of our own.

    It owns a Secret with what the settings have of password and CA, and nothing of the server:
    neither `up` nor `destroy` changes a byte there, so no last set is taken.

    >>> settings = ExternalSettings(host="db.example.com", user="admin", secret="server-admin")
    >>> external = ExternalDatabase(
    ...     "external",
    ...     ExternalDatabaseArgs(namespace="ales", storage=storage, settings=settings),
    ... )
    >>> schedule = BackupSchedule("external-schedule", BackupScheduleArgs(source=external))
    """

    pods: PodContext
    """What every pod that works with this server is made from."""
    uris: dict[str, str]
    """By database that is named: how the role connects, without its password."""
    ready: local.Command
    """Created when the server let the role in; no job is made before."""

    def __init__(
        self, name: str, args: ExternalDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        settings = args.settings
        inputs = {"namespace": args.namespace, "host": settings.host}
        super().__init__("brewget:index:ExternalDatabase", name, inputs, opts)
        self._args = args
        context = args.storage.context
        # The image is known once the stack is known to be one for this kind of server: before that
        # nothing is made.
        both = pulumi.Output.all(together(args.namespace, args.storage), args.image)
        self._namespace = both.apply(
            lambda known: with_secret(Kubectl(context, known[0]), settings.secret)
        )
        secrets = self._secret(name) if settings.ca or not settings.secret else []
        self.ready = self._ready(name, secrets)
        self.pods = self._pod_context([*secrets, self.ready])
        self.uris = {one: connection_uri(settings, one) for one in settings.databases}
        self.register_outputs({"host": settings.host})

    @property
    def _access(self) -> Access:
        settings = self._args.settings
        return Access(
            host=settings.host,
            port=settings.port,
            user=settings.user,
            sslmode=settings.sslmode,
            has_ca=bool(settings.ca),
        )

    @property
    def _secrets(self) -> tuple[str, str]:
        """Names of those with the password and with the CA's certificate, if there is one."""
        settings, ours = self._args.settings, self._args.object_name
        return settings.secret or ours, ours if settings.ca else ""

    def _secret(self, name: str) -> list[core.v1.Secret]:
        settings = self._args.settings
        data: dict[str, pulumi.Input[str]] = (
            {"password": _kept(settings)} if not settings.secret else {}
        )
        if settings.ca:
            data["ca.crt"] = settings.ca
        metadata = meta.v1.ObjectMetaArgs(
            name=self._args.object_name, namespace=self._namespace, labels=names.PART_OF
        )
        opts = pulumi.ResourceOptions(parent=self)
        return [core.v1.Secret(f"{name}-secret", metadata=metadata, string_data=data, opts=opts)]

    def _ready(self, name: str, secrets: Sequence[pulumi.Resource]) -> local.Command:
        args, databases = self._args, "\n".join(self._args.settings.databases)
        manifest = pulumi.Output.all(self._namespace, args.image).apply(
            lambda both: json.dumps(
                check_pod.manifest(self._access, self._secrets, databases, *both), sort_keys=True
            )
        )
        return local.Command(
            f"{name}-ready",
            create=script(
                args.storage.context,
                self._namespace,
                HOST_SCRIPTS / "check-server.sh",
                check_pod.POD,
                self._secrets[0],
            ),
            stdin=manifest,
            # Another password or CA is tried, too: neither stands in the pod.
            triggers=[_kept(args.settings), args.settings.ca],
            # What the role may not do is shown as it is found out.
            logging=local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(secrets)),
        )

    def _pod_context(self, before: Sequence[pulumi.Resource]) -> PodContext:
        args, storage = self._args, self._args.storage
        password, ca = self._secrets
        return PodContext(
            namespace=self._namespace,
            context=storage.context,
            image=pulumi.Output.from_input(args.image),
            resources=args.resources,
            access=self._access,
            databases=args.settings.databases,
            superuser_secret=password,
            role_secrets={},
            tls_secret=ca,
            store_claim=storage.claim,
            scripts=storage.scripts,
            readers=storage.readers,
            store_env={
                **storage.env,
                "BACKUP_ROLES_EXCEPT": " ".join(args.settings.roles_except),
            },
            mounted=[
                *before,
                *storage.resources,
                *(args.encryption.resources if args.encryption else []),
            ],
            encryption=args.encryption,
            is_ours=False,
        )


def _kept(settings: ExternalSettings) -> pulumi.Output[str]:
    return pulumi.Output.secret(settings.password.get_secret_value())


def connection_uri(settings: ExternalSettings, database: str) -> str:
    """How its role connects to `database`; libpq asks for the password, or has it in a file."""
    where = f"{settings.host}:{settings.port}/{quote(database, safe='')}"
    return f"postgresql://{quote(settings.user, safe='')}@{where}?sslmode={settings.sslmode}"


def with_secret(kubectl: Kubectl, secret: str) -> str:
    """The namespace, or the end of the preview where the user's own `secret` is not in it."""
    if not secret:
        return kubectl.namespace
    try:
        found = kubectl.get("secret", secret)
        is_new = not found and not kubectl.get("namespace", kubectl.namespace)
    except RuntimeError as error:
        # No reason to stop: without a cluster nothing is made.
        pulumi.log.warn(f"Whether {secret} has the password was not asked. {error}")
        return kubectl.namespace
    if is_new:
        pulumi.log.warn(missing(kubectl.namespace, secret, "is not there yet"))
    elif not found or "password" not in _data(found[0]):
        lacks = "has no key password" if found else "is not there"
        raise pulumi.RunError(missing(kubectl.namespace, secret, lacks))
    return kubectl.namespace


def missing(namespace: str, secret: str, lacks: str) -> str:
    """Why nobody can log in, and the command that helps."""
    return (
        f"external.secret is '{secret}', but that Secret {lacks}. To make it: kubectl create "
        f"secret generic {secret} --namespace {namespace} --from-file=password=FILE"
    )


def _data(secret: dict[str, object]) -> dict[str, str]:
    data = secret.get("data")
    return data if isinstance(data, dict) else {}
