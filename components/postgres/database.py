"""The server: Secrets, Service, StatefulSet, data claim, and who may connect."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local
from pulumi_kubernetes import apps, core, meta, networking

from components.cluster import names
from components.cluster.kubectl import HOST_SCRIPTS, Kubectl
from components.cluster.pods import PodArgs
from components.cluster.stash import unchanged
from components.postgres import server_pod
from components.postgres.credentials import Credentials
from components.postgres.tls import ServerTls
from components.settings.types import Clients


@dataclass(frozen=True, kw_only=True)
class PostgresDatabaseArgs:
    """What PostgresDatabase needs from its neighbours."""

    pod: PodArgs
    before_delete: pulumi.ResourceHook
    """Runs while the server still answers; its failure keeps the server."""
    after: Sequence[pulumi.Resource] = ()
    """What start-up and the hook need, so what must outlive the server."""


class PostgresDatabase(pulumi.ComponentResource):
    """PostgreSQL as postgres-0 behind the Service db.

    It owns the data claim, which goes with it: what lasts are the backup sets. It never touches
    a data directory itself; prepare-data.sh decides at each start what to do with it.
    """

    credentials: Credentials
    tls: ServerTls
    ready: local.Command
    """Created when the server answers; what talks to it depends on this."""

    def __init__(
        self, name: str, args: PostgresDatabaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("brewget:index:PostgresDatabase", name, None, opts)
        self._settings = args.pod.settings
        self._child = pulumi.ResourceOptions(parent=self)
        self.tls = ServerTls(name, self._settings, parent=self)
        self.credentials = Credentials(name, self._settings, ca=self.tls.ca, parent=self)
        claim = self._data_claim(name)
        secrets = [*self.tls.resources, *self.credentials.secrets]
        before = [claim, self._service(name), *secrets, *args.after]
        if self._settings.postgres.clients is not Clients.ANYONE:
            before.append(self._network_policy(name))
        server = self._server(name, args, before)
        self.ready = self._ready(name, server, claim)
        self.register_outputs({"host": names.address(self._settings.namespace)})

    def _meta(self, name: str) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(
            name=name,
            namespace=self._settings.namespace,
            labels=names.PART_OF | names.SERVER_LABELS,
        )

    def _data_claim(self, name: str) -> core.v1.PersistentVolumeClaim:
        postgres = self._settings.postgres
        metadata = self._meta(names.DATA_CLAIM)
        # The check comes before anything happens to the claim.
        metadata.annotations = {
            "brewget.dev/storage-class": unchanged(
                f"{name}-data-class",
                postgres.storage_class,
                lambda then: other_class(then, postgres.storage_class),
                self._child,
            )
        }
        return core.v1.PersistentVolumeClaim(
            f"{name}-data",
            metadata=metadata,
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                storage_class_name=postgres.storage_class or None,
                access_modes=["ReadWriteOnce"],
                resources=core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": postgres.data_size}
                ),
            ),
            opts=self._child,
        )

    def _service(self, name: str) -> core.v1.Service:
        port = core.v1.ServicePortArgs(name="postgres", port=names.PORT, target_port=names.PORT)
        return core.v1.Service(
            f"{name}-service",
            metadata=self._service_meta(),
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP", selector=names.SERVER_LABELS, ports=[port]
            ),
            opts=self._child,
        )

    def _service_meta(self) -> meta.v1.ObjectMetaArgs:
        # A Service without endpoints is one whose server still restores: that is no reason for
        # Pulumi to wait here, as the server itself is created after it.
        service = self._meta(names.SERVICE)
        service.annotations = {"pulumi.com/skipAwait": "true"}
        return service

    def _network_policy(self, name: str) -> networking.v1.NetworkPolicy:
        """Only labelled pods (of any namespace), or those of the namespace, reach the port.

        A port-forward comes from the node, which no policy keeps out. Whether policies are
        enforced at all is up to the cluster's network plugin.
        """
        everywhere = meta.v1.LabelSelectorArgs()
        peers = {
            Clients.LABELLED: networking.v1.NetworkPolicyPeerArgs(
                namespace_selector=everywhere,
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=names.CLIENT_LABELS),
            ),
            Clients.NAMESPACE: networking.v1.NetworkPolicyPeerArgs(pod_selector=everywhere),
        }
        return networking.v1.NetworkPolicy(
            f"{name}-clients",
            metadata=self._meta("postgres-clients"),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=names.SERVER_LABELS),
                policy_types=["Ingress"],
                ingress=[
                    networking.v1.NetworkPolicyIngressRuleArgs(
                        from_=[peers[self._settings.postgres.clients]],
                        ports=[networking.v1.NetworkPolicyPortArgs(port=names.PORT)],
                    )
                ],
            ),
            opts=self._child,
        )

    def _server(
        self, name: str, args: PostgresDatabaseArgs, before: Sequence[pulumi.Resource]
    ) -> apps.v1.StatefulSet:
        metadata = self._meta(names.STATEFUL_SET)
        # Pulumi would wait ten minutes for a pod that has refused to start in its first second.
        # `_ready` waits instead: as long as a restore takes, and no longer than a refusal.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        template = core.v1.PodTemplateSpecArgs(
            metadata=meta.v1.ObjectMetaArgs(
                labels=names.PART_OF | names.SERVER_LABELS,
                # A new password or certificate restarts the server, which then takes it over.
                annotations={
                    "brewget.dev/passwords": self.credentials.fingerprint,
                    "brewget.dev/tls": self.tls.fingerprint,
                },
            ),
            spec=server_pod.spec(args.pod),
        )
        return apps.v1.StatefulSet(
            f"{name}-server",
            metadata=metadata,
            spec=apps.v1.StatefulSetSpecArgs(
                service_name=names.SERVICE,
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
                hooks=pulumi.ResourceHookBinding(before_delete=[args.before_delete]),
            ),
        )

    def _ready(
        self, name: str, server: apps.v1.StatefulSet, claim: core.v1.PersistentVolumeClaim
    ) -> local.Command:
        settings = self._settings
        seconds = settings.startup.timeout
        kubectl = Kubectl(settings.kube_context, settings.namespace)
        return local.Command(
            f"{name}-ready",
            create=kubectl.script(
                HOST_SCRIPTS / "await-server.sh", names.STATEFUL_SET, str(seconds)
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


def other_class(then: str, now: str) -> str:
    """Why the class of the data claim stays: another one would replace the claim."""
    return (
        f"postgres.storageClass is now '{now}', but the data claim was made with '{then}' and "
        "would be deleted with its data. To move: pulumi destroy --run-program (takes a last "
        "set), then pulumi up, which restores it. To stay: pulumi config set "
        f"postgres.storageClass '{then}'"
    )
