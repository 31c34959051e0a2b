"""The server: Secrets, Service, StatefulSet, data claim, and who may connect."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local
from pulumi_kubernetes import apps, core, meta

from components.cluster import names
from components.cluster.access import Access
from components.cluster.archive import ArchivePods
from components.cluster.encryption import EncryptionPods
from components.cluster.kubectl import HOST_SCRIPTS, script
from components.cluster.pods import PodContext
from components.cluster.store import Store, together
from components.postgres import server_pod
from components.postgres.clients import network_policy
from components.postgres.credentials import Credentials
from components.postgres.data_claim import data_claim
from components.postgres.last_backup import last_backup
from components.postgres.tls import ServerTls
from components.settings.postgres import PostgresSettings
from components.settings.startup import StartupSettings
from components.settings.types import Clients, OnDestroy


@dataclass(frozen=True, kw_only=True)
class PostgresDatabaseArgs:
    """What a PostgresDatabase is made from."""

    namespace: pulumi.Input[str]
    """Where it runs; its storage has to be in the same."""
    storage: Store
    archive: ArchivePods | None = None
    """Of an Archive of the same namespace, for every change to be kept as it is made."""
    encryption: EncryptionPods | None = None
    """Of an Encryption of the same namespace, for sets to be encrypted, or read."""
    settings: PostgresSettings = PostgresSettings()
    startup: StartupSettings = StartupSettings()
    image: pulumi.Input[str] = ""
    """The settings' one, once something has checked it (PostgresVersion); empty: as it is."""
    on_destroy: OnDestroy = OnDestroy.BACKUP
    """Whether a last set is taken before the server is deleted."""
    backup_timeout: int = 3600
    """Seconds that the last set may take."""
    last_backup: str = ""
    """Name of the hook that takes it; empty: NAME-last-backup."""
    stateful_set: str = names.STATEFUL_SET
    service: str = names.SERVICE
    data_claim: str = names.DATA_CLAIM
    superuser_secret: str = names.SUPERUSER_SECRET


class PostgresDatabase(pulumi.ComponentResource):
    """PostgreSQL as postgres-0 behind the Service db, restored from its newest set where empty.

    It owns the data claim, which goes with it: what lasts are the backup sets. It never touches
    a data directory itself; prepare-data.sh decides at each start what to do with it.

    >>> storage = BackupStorage("sets", BackupStorageArgs(namespace="ales"))
    >>> database = PostgresDatabase(
    ...     "postgres", PostgresDatabaseArgs(namespace="ales", storage=storage)
    ... )
    >>> pulumi.export("uris", database.credentials.uris)
    """

    pods: PodContext
    """What every pod that works with this database is made from."""
    credentials: Credentials
    tls: ServerTls
    host: pulumi.Output[str]
    """The server's name inside the cluster."""
    ready: local.Command
    """Created when the server answers; what talks to it depends on this."""

    def __init__(
        self, name: str, args: PostgresDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs = {"namespace": args.namespace, "image": args.settings.image}
        super().__init__("brewget:index:PostgresDatabase", name, inputs, opts)
        self._args, self._settings = args, args.settings
        self._child = pulumi.ResourceOptions(parent=self)
        self._namespace = together(args.namespace, args.storage)
        self.host = self._namespace.apply(lambda space: names.address(space, args.service))
        self._secrets(name)
        self.pods = self._pod_context()
        claim = data_claim(
            name, self._meta(args.data_claim), self._settings, args.storage.context, self._child
        )
        before = [claim, self._service(name), *self.pods.mounted]
        if self._settings.clients is not Clients.ANYONE:
            policy = self._meta("postgres-clients")
            before.append(network_policy(name, policy, self._settings.clients, self._child))
        server = self._server(name, before)
        self.ready = self._ready(name, server, claim)
        self.register_outputs({"host": self.host, "ca": self.tls.ca})

    def _secrets(self, name: str) -> None:
        self.tls = ServerTls(
            name,
            self._settings.tls,
            namespace=self._namespace,
            service=self._args.service,
            has_archiver=self._args.archive is not None,
            parent=self,
        )
        self.credentials = Credentials(
            name,
            self._settings,
            namespace=self._namespace,
            host=self.host,
            superuser_secret=self._args.superuser_secret,
            ca=self.tls.ca,
            parent=self,
        )

    def _pod_context(self) -> PodContext:
        args, storage = self._args, self._args.storage
        databases = self._settings.databases
        return PodContext(
            namespace=self._namespace,
            context=storage.context,
            image=pulumi.Output.from_input(args.image or self._settings.image),
            resources=self._settings.resources,
            access=Access(host=self.host),
            databases=databases,
            superuser_secret=args.superuser_secret,
            role_secrets={name: names.database_secret(name) for name in databases},
            tls_secret=self.tls.secret,
            store_claim=storage.claim,
            scripts=storage.scripts,
            readers=storage.readers,
            store_env=storage.env,
            mounted=[
                *self.tls.resources,
                *self.credentials.secrets,
                *storage.resources,
                *(args.archive.resources if args.archive else []),
                *(args.encryption.resources if args.encryption else []),
            ],
            archive=args.archive,
            encryption=args.encryption,
        )

    def _meta(self, name: str) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._namespace,
            labels=names.PART_OF | names.SERVER_LABELS,
        )

    def _service(self, name: str) -> core.v1.Service:
        port = core.v1.ServicePortArgs(name="postgres", port=names.PORT, target_port=names.PORT)
        metadata = self._meta(self._args.service)
        # A Service without endpoints is one whose server still restores: that is no reason for
        # Pulumi to wait here, as the server itself is created after it.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        return core.v1.Service(
            f"{name}-service",
            metadata=metadata,
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP",
                selector=names.SERVER_LABELS,
                ports=[port],
                # A pod counts as ready when all its containers are: an archiver that is started
                # anew, or has no image, would take the server from its clients.
                publish_not_ready_addresses=True if self._args.archive else None,
            ),
            opts=self._child,
        )

    def _server(self, name: str, before: Sequence[pulumi.Resource]) -> apps.v1.StatefulSet:
        args = self._args
        metadata = self._meta(args.stateful_set)
        # Pulumi would wait ten minutes for a pod that has refused to start in its first second.
        # `_ready` waits instead: as long as a restore takes, and no longer than a refusal.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        pod = server_pod.spec(
            self.pods,
            args.startup,
            data_claim=args.data_claim,
            data_size=self._settings.data_size,
            upgrade_from=self._settings.upgrade_from,
        )
        template = core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(
                labels=names.PART_OF | names.SERVER_LABELS,
                # A new password or certificate restarts the server, which then takes it over.
                annotations={
                    "brewget.dev/passwords": self.credentials.fingerprint,
                    "brewget.dev/tls": self.tls.fingerprint,
                },
            ),
            spec=pod,
        )
        hook = last_backup(
            args.last_backup or f"{name}-last-backup",
            args.storage.context,
            on_destroy=args.on_destroy,
            timeout=args.backup_timeout,
        )
        return apps.v1.StatefulSet(
            f"{name}-server",
            metadata=metadata,
            spec=apps.v1.StatefulSetSpecArgs(
                service_name=args.service,
                replicas=1,
                # OrderedReady never replaces a pod that is not ready: a start-up that was refused
                # could not be mended by a setting.
                pod_management_policy="Parallel",
                selector=meta.v1.LabelSelectorArgs(match_labels=names.SERVER_LABELS),
                template=template,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=list(before),
                hooks=pulumi.ResourceHookBinding(before_delete=[hook]),
            ),
        )

    def _ready(
        self, name: str, server: apps.v1.StatefulSet, claim: core.v1.PersistentVolumeClaim
    ) -> local.Command:
        args = self._args
        seconds = args.startup.timeout
        return local.Command(
            f"{name}-ready",
            create=script(
                args.storage.context,
                self._namespace,
                HOST_SCRIPTS / "await-server.sh",
                args.stateful_set,
                str(seconds),
            ),
            # Again after each change of the server and each loss of its claim.
            environment={
                "SERVER": server.metadata.apply(lambda of: f"{of.uid}/{of.generation}"),
                "DATA": claim.metadata.apply(lambda of: str(of.uid)),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[server],
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{seconds + 60}s", update=f"{seconds + 60}s"
                ),
            ),
        )
