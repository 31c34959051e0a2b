"""The stack's namespace, and what the cluster itself enforces in it."""

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster import names

# baseline is refused, restricted is warned of: the one pod that is not restricted is the one
# that gives a root-owned directory to PostgreSQL, once.
POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
}


def stack_namespace(name: str, wanted: str, opts: pulumi.ResourceOptions) -> core.v1.Namespace:
    """The namespace `wanted`, or the one that the stack has already: `name_of` compares the two.

    Pulumi would delete the living namespace to make the other, with the server and its claim in it.
    """
    return core.v1.Namespace(
        name,
        metadata=meta.v1.ObjectMetaArgs(name=wanted, labels=names.PART_OF | POD_SECURITY),
        opts=pulumi.ResourceOptions.merge(
            opts, pulumi.ResourceOptions(ignore_changes=["metadata.name"])
        ),
    )


def name_of(namespace: core.v1.Namespace, wanted: str) -> pulumi.Output[str]:
    """The namespace's name for all that goes into it. Ends the preview when another is wanted."""
    return namespace.metadata.apply(lambda found: _unmoved(str(found.name), wanted))


def _unmoved(then: str, now: str) -> str:
    if then != now:
        raise pulumi.RunError(other_namespace(then, now))
    return now


def other_namespace(then: str, now: str) -> str:
    """Why the stack stays in its namespace: the server and its newest rows would be deleted."""
    return (
        f"namespace is now '{now}', but the stack lives in '{then}', which would be deleted with "
        f"its server and all that was written since the newest set. To move: pulumi config set "
        f"namespace {then}, pulumi destroy --run-program (takes a last set and keeps all sets), "
        f"pulumi config set namespace {now}, pulumi up (restores it). To stay: pulumi config set "
        f"namespace {then}. For a second server: pulumi stack init NAME"
    )


class NamespaceLimits(pulumi.ComponentResource):
    """Keeps the namespace from starving the node, whatever else is deployed there.

    It owns a LimitRange. Our own pods name all their limits, so it changes nothing for them. There
    is no ResourceQuota: one that others fill up would refuse the pod of a backup, or the server's.
    """

    def __init__(
        self,
        name: str,
        namespace: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("brewget:index:NamespaceLimits", name, {"namespace": namespace}, opts)
        core.v1.LimitRange(
            f"{name}-defaults",
            metadata=meta.v1.ObjectMetaArgs(
                name=names.LIMITS, namespace=namespace, labels=names.PART_OF
            ),
            spec=core.v1.LimitRangeSpecArgs(
                limits=[
                    core.v1.LimitRangeItemArgs(
                        type="Container",
                        # A container that names no limit could grow until PostgreSQL is killed.
                        default={"memory": "1Gi"},
                        default_request={"cpu": "50m", "memory": "64Mi"},
                    )
                ]
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
