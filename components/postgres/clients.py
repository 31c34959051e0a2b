"""Who may open a connection to the server."""

import pulumi
from pulumi_kubernetes import meta, networking

from components.cluster import names
from components.settings.types import Clients


def network_policy(
    name: str, metadata: meta.v1.ObjectMetaArgs, clients: Clients, opts: pulumi.ResourceOptions
) -> networking.v1.NetworkPolicy:
    """Only labelled pods (of any namespace), or those of the namespace, reach the port.

    A port-forward comes from the node, which no policy keeps out. Whether policies are enforced at
    all is up to the cluster's network plugin.
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
        metadata=metadata,
        spec=networking.v1.NetworkPolicySpecArgs(
            pod_selector=meta.v1.LabelSelectorArgs(match_labels=names.SERVER_LABELS),
            policy_types=["Ingress"],
            ingress=[
                networking.v1.NetworkPolicyIngressRuleArgs(
                    from_=[peers[clients]],
                    ports=[networking.v1.NetworkPolicyPortArgs(port=names.PORT)],
                )
            ],
        ),
        opts=opts,
    )
