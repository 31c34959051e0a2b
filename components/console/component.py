"""The console: a page, metrics and notifications about the backups. Optional, off by default."""

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import apps, core, meta, networking, rbac

from components.backup.schedule import BackupSchedule
from components.cluster import names
from components.cluster.kubectl import Kubectl
from components.cluster.pods import Source
from components.console import admission, prometheus
from components.console import pod as console_pod
from components.postgres.passwords import stash_password
from components.settings.backup import VerifySettings
from components.settings.console import ConsoleSettings
from components.settings.recovery import RecoverySettings

NOT_ADMITTED = (
    "This cluster has no ValidatingAdmissionPolicy (Kubernetes 1.30 and newer), or does not show "
    "it: who has the token of the console's ServiceAccount can run any pod in its namespace."
)


@dataclass(frozen=True, kw_only=True)
class ConsoleArgs:
    """What a Console is made from."""

    source: Source
    """The database that it shows: a PostgresDatabase or an ExternalDatabase."""
    schedule: BackupSchedule
    """What its buttons run."""
    settings: ConsoleSettings = ConsoleSettings()
    verify: VerifySettings = VerifySettings()
    """Within which time proofs are to be renewed: it warns of older ones."""
    recovery: RecoverySettings = RecoverySettings()
    """How much may be lost, and how long a restore may take: it warns before."""
    min_free_bytes: int = 0
    """Free bytes in the store below which a backup is refused, as it warns before."""
    archive: bool = False
    """Whether the server's archive is shown: its window, its alarms, the restore to a moment."""
    archive_hours: int = 6
    """Within how many hours each repository of it gets a backup: it warns after twice that."""
    state_class: str = ""
    """StorageClass of its own small claim; empty takes the cluster's default."""
    object_name: str = names.CONSOLE
    """Of its Deployment, Service, Secret and role."""


class Console(pulumi.ComponentResource):
    """A page, metrics and notifications: one pod that reads the store and the API.

    It mounts the store read-only and holds no password of the database. What it may change in the
    cluster is to create Jobs, which it makes from the project's own CronJobs alone.

    >>> Console("page", ConsoleArgs(source=database, schedule=schedule))
    """

    def __init__(
        self, name: str, args: ConsoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        inputs = {"image": args.settings.image}
        super().__init__("brewget:index:Console", name, inputs, opts)
        self._args, self._settings, self._pods = args, args.settings, args.source.pods
        self._child = pulumi.ResourceOptions(parent=self)
        account = core.v1.ServiceAccount(
            f"{name}-account",
            metadata=self._meta(),
            automount_service_account_token=False,
            opts=self._child,
        )
        before = [
            account,
            *self._rights(name, account),
            *self._admission(name),
            self._secret(name),
            self._state(name),
            self._network_policy(name),
            self._service(name),
            *args.schedule.cron_jobs,
            *self._pods.mounted,
        ]
        self._deployment(name, before)
        if args.settings.prometheus_operator:
            prometheus.watched(self._pods.context, name, self._meta(), self._child)
        self.register_outputs({"service": args.object_name})

    def _meta(self, name: str = "") -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(
            name=name or self._args.object_name,
            namespace=self._pods.namespace,
            labels=names.PART_OF | names.CONSOLE_LABELS,
        )

    def _rights(self, name: str, account: pulumi.Resource) -> list[pulumi.Resource]:
        """Look at CronJobs, Jobs, pods and logs of the namespace, and create Jobs.

        Anyone who may create Jobs can run any pod here: so a policy says which Jobs those may be.
        """
        rules = [
            ("batch", ["cronjobs"], ["get", "list"]),
            ("batch", ["jobs"], ["get", "list", "create"]),
            ("", ["pods"], ["list"]),
            ("", ["pods/log"], ["get"]),
        ]
        role = rbac.v1.Role(
            f"{name}-role",
            metadata=self._meta(),
            rules=[
                rbac.v1.PolicyRuleArgs(api_groups=[group], resources=what, verbs=verbs)
                for group, what, verbs in rules
            ],
            opts=self._child,
        )
        binding = rbac.v1.RoleBinding(
            f"{name}-binding",
            metadata=self._meta(),
            role_ref=rbac.v1.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="Role", name=self._args.object_name
            ),
            subjects=[
                rbac.v1.SubjectArgs(
                    kind="ServiceAccount",
                    name=self._args.object_name,
                    namespace=self._pods.namespace,
                )
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role, account]),
        )
        return [role, binding]

    def _admission(self, name: str) -> list[pulumi.Resource]:
        if not admission.is_possible(Kubectl(self._pods.context, "default")):
            pulumi.log.warn(NOT_ADMITTED)
            return []
        schedule = self._args.schedule
        return admission.admission(
            name, self._pods.namespace, self._args.object_name, schedule.of_sets, self._child
        )

    def _secret(self, name: str) -> core.v1.Secret:
        settings = self._settings
        urls = settings.notify_urls.get_secret_value().split()
        data: dict[str, pulumi.Input[str]] = {
            "token": stash_password(f"{name}-token", settings.token_generation, self._child)
        }
        if urls:
            data["urls"] = pulumi.Output.secret("\n".join(urls))
        if heartbeat := settings.heartbeat_url.get_secret_value():
            data["heartbeat"] = pulumi.Output.secret(heartbeat)
        return core.v1.Secret(
            f"{name}-secret", metadata=self._meta(), string_data=data, opts=self._child
        )

    def _state(self, name: str) -> core.v1.PersistentVolumeClaim:
        """What was notified already: a few kilobytes that outlive the pod."""
        return core.v1.PersistentVolumeClaim(
            f"{name}-state",
            metadata=self._meta(console_pod.STATE_CLAIM),
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                storage_class_name=self._args.state_class or None,
                access_modes=["ReadWriteOnce"],
                resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": "16Mi"}),
            ),
            # A new class is refused for the data; this one would have gone before the refusal.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["spec.storageClassName"]),
        )

    def _service(self, name: str) -> core.v1.Service:
        metadata = self._meta()
        metadata.annotations = {
            # Nothing waits for the console.
            "pulumi.com/skipAwait": "true",
            "prometheus.io/scrape": "true",
            "prometheus.io/port": str(names.CONSOLE_PORT),
        }
        port = core.v1.ServicePortArgs(
            name="http", port=names.CONSOLE_PORT, target_port=names.CONSOLE_PORT
        )
        return core.v1.Service(
            f"{name}-service",
            metadata=metadata,
            spec=core.v1.ServiceSpecArgs(
                type="ClusterIP", selector=names.CONSOLE_LABELS, ports=[port]
            ),
            opts=self._child,
        )

    def _network_policy(self, name: str) -> networking.v1.NetworkPolicy:
        """Only labelled pods, of any namespace: Prometheus, or the proxy that logs people in."""
        clients = networking.v1.NetworkPolicyPeerArgs(
            namespace_selector=meta.v1.LabelSelectorArgs(),
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=names.CONSOLE_CLIENT_LABELS),
        )
        return networking.v1.NetworkPolicy(
            f"{name}-clients",
            metadata=self._meta("postgres-console-clients"),
            spec=networking.v1.NetworkPolicySpecArgs(
                pod_selector=meta.v1.LabelSelectorArgs(match_labels=names.CONSOLE_LABELS),
                policy_types=["Ingress"],
                ingress=[
                    networking.v1.NetworkPolicyIngressRuleArgs(
                        from_=[clients],
                        ports=[networking.v1.NetworkPolicyPortArgs(port=names.CONSOLE_PORT)],
                    )
                ],
            ),
            opts=self._child,
        )

    def _archive(self) -> dict[str, int]:
        if not self._args.archive:
            return {}
        pods = self._pods.archive
        return {
            "ARCHIVE": 1,
            "ARCHIVE_HOURS": self._args.archive_hours,
            "ARCHIVE_SETS": int(bool(pods and pods.sets_env)),
        }

    def _deployment(self, name: str, before: list[pulumi.Resource]) -> apps.v1.Deployment:
        args = self._args
        metadata = self._meta()
        # An image that is not there, say after the cluster was deleted, must not hold up a restore:
        # its absence is an alert, and `make up` brings it back.
        metadata.annotations = {"pulumi.com/skipAwait": "true"}
        return apps.v1.Deployment(
            f"{name}-deployment",
            metadata=metadata,
            spec=apps.v1.DeploymentSpecArgs(
                replicas=1,
                # Two at once would notify twice, and wait for each other's claim.
                strategy=apps.v1.DeploymentStrategyArgs(type="Recreate"),
                selector=meta.v1.LabelSelectorArgs(match_labels=names.CONSOLE_LABELS),
                template=core.v1.PodTemplateSpecArgs(
                    metadata=meta.v1.ObjectMetaArgs(labels=names.PART_OF | names.CONSOLE_LABELS),
                    spec=console_pod.spec(
                        self._pods,
                        args.settings,
                        args.object_name,
                        {"MIN_FREE_BYTES": args.min_free_bytes}
                        | console_pod.limits(args.verify, args.recovery)
                        | self._archive(),
                    ),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )
