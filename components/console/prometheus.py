"""What the Prometheus operator and Grafana's sidecar pick up by themselves: scrape, alerts, panels.

All of it is made of console/monitoring, which is tested with promtool and is what others load by
hand: there is one set of rules.
"""

from typing import Any

import pulumi
import yaml
from pulumi_kubernetes import core, meta
from pulumi_kubernetes.apiextensions import CustomResource

from components.cluster import names
from components.cluster.kubectl import ROOT, Kubectl

GROUP = "monitoring.coreos.com"
KINDS = (f"servicemonitors.{GROUP}", f"prometheusrules.{GROUP}")
MONITORING = ROOT / "console" / "monitoring"
DASHBOARD_LABEL = {"grafana_dashboard": "1"}
"""Which ConfigMaps the sidecar of Grafana's chart loads, unless it was told otherwise."""
NO_OPERATOR = (
    "console.prometheusOperator is true, but this cluster does not know ServiceMonitor and "
    "PrometheusRule (monitoring.coreos.com/v1), so neither is made: install the Prometheus "
    "operator, then run pulumi up again."
)


def is_possible(kubectl: Kubectl) -> bool:
    """Whether the operator's kinds are there. True where the cluster does not answer, or does not
    let us look: what is watched is not left unwatched for that."""
    try:
        for kind in KINDS:
            # Each by itself: a list of all kinds fails where any other service's are away.
            kubectl.get(kind)
    except RuntimeError as error:
        return "have a resource type" not in str(error)
    return True


def watched(
    context: str, name: str, metadata: meta.v1.ObjectMetaArgs, opts: pulumi.ResourceOptions
) -> None:
    """ServiceMonitor, PrometheusRule and dashboard; without the operator's kinds only the last."""
    _dashboard(name, metadata, opts)
    if not is_possible(Kubectl(context, "default")):
        pulumi.log.warn(NO_OPERATOR)
        return
    monitor = {
        "selector": {"matchLabels": names.CONSOLE_LABELS},
        "endpoints": [{"port": "http", "path": "/metrics"}],
    }
    rules = pulumi.Output.from_input(metadata.namespace).apply(rules_of)
    for kind, spec in (("ServiceMonitor", monitor), ("PrometheusRule", rules)):
        CustomResource(
            f"{name}-{kind.lower()}",
            api_version=f"{GROUP}/v1",
            kind=kind,
            metadata=metadata,
            spec=spec,
            opts=opts,
        )


def rules_of(namespace: str | None) -> dict[str, Any]:
    """The file's, for the stack in this namespace.

    The operator gives each sample its namespace; without it any other stack's console would keep
    quiet that this one is absent.
    """
    text = (MONITORING / "alerts" / "rules.yaml").read_text("utf-8")
    of_here = f'absent(brewget_backup_store_ok{{namespace="{namespace}"}})'
    text = text.replace("absent(brewget_backup_store_ok)", of_here)
    rules: dict[str, Any] = yaml.safe_load(text.replace("-n brewget ", f"-n {namespace} "))
    return rules


def _dashboard(
    name: str, metadata: meta.v1.ObjectMetaArgs, opts: pulumi.ResourceOptions
) -> core.v1.ConfigMap:
    return core.v1.ConfigMap(
        f"{name}-dashboard",
        metadata=meta.v1.ObjectMetaArgs(
            name=f"{names.CONSOLE}-dashboard",
            namespace=metadata.namespace,
            labels=names.PART_OF | names.CONSOLE_LABELS | DASHBOARD_LABEL,
        ),
        data={"brewget-backup.json": (MONITORING / "dashboard.json").read_text("utf-8")},
        opts=opts,
    )
