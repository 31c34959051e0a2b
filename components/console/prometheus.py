"""What the Prometheus operator and Grafana's sidecar pick up by themselves: scrape, alerts, panels.

All of it is made of console/monitoring, which is tested with promtool and is what others load by
hand: there is one set of rules.
"""

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
    """Whether the operator's kinds are there. True where the cluster does not answer: what is
    watched is not left unwatched for that."""
    try:
        said = kubectl.run("api-resources", f"--api-group={GROUP}", "-o", "name").stdout
    except RuntimeError:
        return True
    return set(KINDS) <= set(said.split())


def watched(
    context: str, name: str, metadata: meta.v1.ObjectMetaArgs, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """ServiceMonitor, PrometheusRule and dashboard; without the operator's kinds only the last."""
    made: list[pulumi.Resource] = [_dashboard(name, metadata, opts)]
    if not is_possible(Kubectl(context, "default")):
        pulumi.log.warn(NO_OPERATOR)
        return made
    monitor = {
        "selector": {"matchLabels": names.CONSOLE_LABELS},
        "endpoints": [{"port": "http", "path": "/metrics"}],
    }
    rules = yaml.safe_load((MONITORING / "alerts" / "rules.yaml").read_text("utf-8"))
    for kind, spec in (("ServiceMonitor", monitor), ("PrometheusRule", rules)):
        made.append(
            CustomResource(
                f"{name}-{kind.lower()}",
                api_version=f"{GROUP}/v1",
                kind=kind,
                metadata=metadata,
                spec=spec,
                opts=opts,
            )
        )
    return made


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
