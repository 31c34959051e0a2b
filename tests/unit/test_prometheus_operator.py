"""console.prometheusOperator: the rules and the dashboard of console/monitoring as objects."""

import json
import subprocess

import pulumi
import pytest
import yaml

from components.cluster.kubectl import Kubectl
from components.console import prometheus
from tests.unit.conftest import Deploy

IS_POSSIBLE = prometheus.is_possible  # before the other tests' cluster says yes to all
ON = {"console.enabled": "true", "namespace": "ales"}
OPERATOR = ON | {"console.prometheusOperator": "true"}
KINDS = {"ServiceMonitor", "PrometheusRule"}


def test_off_it_adds_nothing_and_on_three_objects(deploy: Deploy) -> None:
    off, on = deploy(config=ON), deploy(config=OPERATOR)
    assert {(r.name, r.kind) for r in on.resources} - {(r.name, r.kind) for r in off.resources} == {
        ("console-dashboard", "ConfigMap"),
        ("console-servicemonitor", "ServiceMonitor"),
        ("console-prometheusrule", "PrometheusRule"),
    }
    without = deploy(config=OPERATOR | {"console.enabled": "false"})
    assert KINDS & {r.kind for r in without.resources} == set()


def test_they_are_those_files_and_the_monitor_finds_the_service(deploy: Deploy) -> None:
    stack = deploy(config=OPERATOR)
    rules, monitor = stack.one("PrometheusRule"), stack.one("ServiceMonitor")
    file = prometheus.MONITORING / "alerts" / "rules.yaml"
    usual = file.read_text()
    of_ales = usual.replace("-n brewget", "-n ales").replace(
        "absent(brewget_backup_store_ok)", 'absent(brewget_backup_store_ok{namespace="ales"})'
    )
    assert usual != of_ales
    assert "brewget " not in of_ales.replace("brewget_", "")
    assert rules["spec"] == yaml.safe_load(of_ales)
    assert rules["apiVersion"] == monitor["apiVersion"] == "monitoring.coreos.com/v1"
    service = stack.one("Service", "console-service")
    selector = monitor["spec"]["selector"]["matchLabels"]
    assert selector.items() <= service["metadata"]["labels"].items()
    (port,) = service["spec"]["ports"]
    assert monitor["spec"]["endpoints"] == [{"port": port["name"], "path": "/metrics"}]
    dashboard = stack.one("ConfigMap", "console-dashboard")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    (text,) = dashboard["data"].values()
    assert json.loads(text) == json.loads((prometheus.MONITORING / "dashboard.json").read_text())
    for each in (rules, monitor, dashboard):
        assert each["metadata"]["namespace"] == "ales"


def test_without_the_operators_kinds_one_sentence_says_so(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    monkeypatch.setattr(prometheus, "is_possible", lambda _: False)
    stack = deploy(config=OPERATOR | {"namespace": "stouts"})  # same settings, same answer: kept
    assert KINDS & {r.kind for r in stack.resources} == set()
    assert stack.one("ConfigMap", "console-dashboard")
    assert said == [
        "console.prometheusOperator is true, but this cluster does not know ServiceMonitor and "
        "PrometheusRule (monitoring.coreos.com/v1), so neither is made: install the Prometheus "
        "operator, then run pulumi up again."
    ]


NO_KIND = 'error: the server doesn\'t have a resource type "prometheusrules"'
LIST = "kubectl get prometheusrules.monitoring.coreos.com ended with 1: "


@pytest.mark.parametrize(
    ("why", "possible"),
    [
        ("", True),
        (f"{LIST}{NO_KIND}", False),
        (f"{LIST}Unable to connect to the server", True),
        (f"{LIST}Error from server (Forbidden): prometheusrules is forbidden", True),
    ],
)
def test_they_are_left_out_only_where_the_cluster_says_no(
    why: str, possible: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def run(_: Kubectl, *words: str) -> subprocess.CompletedProcess[str]:
        asked.append(words[1])
        if why and words[1].startswith("prometheusrules"):
            raise RuntimeError(why)
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(Kubectl, "run", run)
    assert IS_POSSIBLE(Kubectl("ales", "default")) is possible
    assert asked == [*prometheus.KINDS]
