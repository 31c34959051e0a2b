"""What the cluster itself enforces in the namespace."""

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster import names
from components.settings.model import Settings

# baseline is refused, restricted is warned of: the one pod that is not restricted is the one
# that gives a root-owned directory to PostgreSQL, once.
POD_SECURITY = {
    "pod-security.kubernetes.io/enforce": "baseline",
    "pod-security.kubernetes.io/warn": "restricted",
    "pod-security.kubernetes.io/audit": "restricted",
}


class NamespaceLimits(pulumi.ComponentResource):
    """Keeps the namespace from starving the node, whoever else deploys there.

    It owns a LimitRange. Our own pods name all their limits, so it changes nothing for them. There
    is no ResourceQuota: one that others fill up would refuse the pod of a backup, or the server's.
    """

    def __init__(
        self, name: str, settings: Settings, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("brewget:index:NamespaceLimits", name, None, opts)
        metadata = meta.v1.ObjectMetaArgs(
            name=names.LIMITS, namespace=settings.namespace, labels=names.PART_OF
        )
        child = pulumi.ResourceOptions(parent=self)
        core.v1.LimitRange(
            f"{name}-defaults",
            metadata=metadata,
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
            opts=child,
        )
        self.register_outputs({})
