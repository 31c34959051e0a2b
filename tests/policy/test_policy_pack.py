"""Each rule of the policy pack with a good and a bad resource."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from bootstrap.place import ROOT
from policy import data, pods
from policy.steps import losses

CONTAINER: dict[str, Any] = {
    "name": "main",
    "image": "postgres:16.10-alpine",
    "readinessProbe": {"exec": {}},
    "livenessProbe": {"exec": {}},
    "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"memory": "1Gi"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
}
POD: dict[str, Any] = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "initContainers": [CONTAINER | {"name": "first"}],
    "containers": [CONTAINER],
}
Change = Callable[[dict[str, Any]], None]


def holding(kind: str, pod: dict[str, Any]) -> dict[str, Any]:
    """The inputs of a resource of this kind with the pod."""
    template = {"spec": {"template": {"spec": pod}}}
    return {
        "Pod": {"spec": pod},
        "CronJob": {"spec": {"jobTemplate": template}},
    }.get(kind, template)


def found(kind: str, pod: dict[str, Any]) -> list[str]:
    """What the pods' rules say."""
    inputs = holding(kind, pod)
    return [sentence for rule in pods.RULES for sentence in rule(kind, "it", inputs)]


KINDS = ("Pod", "CronJob", "StatefulSet", "Deployment", "Job")
BAD: dict[str, Change] = {
    "cpu in resources.requests": lambda c: c["resources"]["requests"].pop("cpu"),
    "memory in resources.requests": lambda c: c["resources"]["requests"].pop("memory"),
    "memory in resources.limits": lambda c: c["resources"].pop("limits"),
    "'postgres:latest'": lambda c: c.update(image="postgres:latest"),
    "'host:5000/postgres'": lambda c: c.update(image="host:5000/postgres"),
    "runAsNonRoot": lambda c: c["securityContext"].update(runAsNonRoot=False),
    "allowPrivilegeEscalation": lambda c: c["securityContext"].pop("allowPrivilegeEscalation"),
    "readOnlyRootFilesystem": lambda c: c["securityContext"].pop("readOnlyRootFilesystem"),
    "capabilities.drop": lambda c: c["securityContext"].pop("capabilities"),
    "capabilities.add": lambda c: c["securityContext"]["capabilities"].update(add=["CHOWN"]),
    "privileged": lambda c: c["securityContext"].update(privileged=True),
    "a Secret in its variables: mount": lambda c: c.update(
        env=[{"name": "A", "value": "b"}, {"name": "P", "valueFrom": {"secretKeyRef": {}}}]
    ),
    "a Secret in its variables": lambda c: c.update(envFrom=[{"secretRef": {"name": "it"}}]),
    "seccompProfile": lambda c: c["securityContext"].update(seccompProfile={"type": "Unconfined"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_pod_passes(kind: str) -> None:
    assert found(kind, POD) == []
    digest = json.loads(json.dumps(POD))
    digest["containers"][0]["image"] = "postgres@sha256:" + "0" * 64
    assert found(kind, digest) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", ["initContainers", "containers"])
@pytest.mark.parametrize("words", BAD)
def test_a_bad_container_is_named(kind: str, part: str, words: str) -> None:
    pod = json.loads(json.dumps(POD))
    BAD[words](pod[part][0])
    (sentence,) = found(kind, pod)
    assert sentence.startswith(f"{kind} it: container {pod[part][0]['name']} ")
    assert words in sentence


def test_a_token_is_for_the_console_alone() -> None:
    (sentence,) = found("Pod", POD | {"automountServiceAccountToken": True})
    assert sentence == "Pod it is given a token: set automountServiceAccountToken: false"
    console = {"automountServiceAccountToken": True, "serviceAccountName": "postgres-console"}
    assert found("Pod", POD | console) == []


@pytest.mark.parametrize(
    ("setting", "pod"),
    [
        ("hostNetwork", {"hostNetwork": True}),
        ("hostPID", {"hostPID": True}),
        ("hostIPC", {"hostIPC": True}),
        ("hostPath", {"volumes": [{"name": "tmp", "emptyDir": {}}, {"hostPath": {"path": "/"}}]}),
        ("hostPort", {"containers": [CONTAINER | {"ports": [{"hostPort": 5432}]}]}),
    ],
)
def test_nothing_of_the_node_is_shared(setting: str, pod: dict[str, Any]) -> None:
    (sentence,) = found("Pod", POD | pod)
    assert sentence == f"Pod it shares something of the node ({setting}): remove it"


@pytest.mark.parametrize("probe", ["readinessProbe", "livenessProbe"])
def test_a_server_is_probed_and_a_job_is_not(probe: str) -> None:
    container = {key: value for key, value in CONTAINER.items() if key != probe}
    for kind, count in (("StatefulSet", 1), ("Deployment", 1), ("CronJob", 0), ("Job", 0)):
        sentences = found(kind, POD | {"containers": [container]})
        assert sentences == [f"{kind} it: container main has no {probe}: add it"] * count


def test_what_serves_nobody_is_not_probed() -> None:
    beside = {key: value for key, value in CONTAINER.items() if not key.endswith("Probe")}
    pod = POD | {"containers": [CONTAINER, beside | {"name": "archiver"}]}
    assert found("StatefulSet", pod) == []


def test_a_volume_is_retained() -> None:
    for policy, count in (("Retain", 0), ("Delete", 1)):
        inputs = {"spec": {"persistentVolumeReclaimPolicy": policy}}
        assert len(list(data.volume_is_retained("PersistentVolume", "it", inputs))) == count


@pytest.mark.parametrize(
    ("key", "word"),
    [
        ("apiGroups", "*"),
        ("resources", "secrets"),
        ("resources", "pods/exec"),
        ("resources", "nodes/proxy"),
        ("verbs", "bind"),
        ("verbs", "escalate"),
        ("verbs", "impersonate"),
    ],
)
def test_a_role_leads_to_no_secret(key: str, word: str) -> None:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    for kind in ("Role", "ClusterRole"):
        (sentence,) = data.role_reaches_no_secret(kind, "it", {"rules": [rule | {key: [word]}]})
        assert sentence == f"{kind} it allows '{word}', which leads to every Secret: name less"
        assert not list(data.role_reaches_no_secret(kind, "it", {"rules": [rule]}))


def test_a_secrets_value_is_in_secrets_alone() -> None:
    given = {"password": 'hunter"2hunter', "short": "me", "username": "brewget_auth"}
    secrets = data.secret_values({"stringData": given})
    assert secrets == {'hunter"2hunter'}
    encoded = {key: b64encode(value.encode()).decode() for key, value in given.items()}
    assert data.secret_values({"data": encoded}) == secrets, "as the real provider sends it"
    assert not data.secret_values({"data": None, "stringData": {"password": None}}), "not known"
    bad = {"data": {"url": 'postgres://me:hunter"2hunter@host'}}
    (sentence,) = data.holds_no_secret("ConfigMap", "it", bad, secrets)
    assert sentence.startswith("ConfigMap it holds a Secret's value: ")
    assert "hunter" not in sentence
    assert not list(data.holds_no_secret("Secret", "it", bad, secrets))
    assert not list(data.holds_no_secret("ConfigMap", "it", {"data": {"user": "me"}}, secrets))


@pytest.mark.parametrize("kind", ["Namespace", "PersistentVolumeClaim", "StatefulSet"])
@pytest.mark.parametrize(
    "operation", ["delete", "replace", "create-replacement", "delete-replaced"]
)
def test_a_step_that_loses_data_is_named(kind: str, operation: str) -> None:
    urn = f"urn:pulumi:dev::brewget::brewget:index:Database$kubernetes:core/v1:{kind}::it"
    (sentence,) = losses({"steps": [{"op": operation, "urn": urn}]})
    assert sentence.startswith(f"{kind} it would be lost ({operation}): ")
    assert not list(losses({"steps": [{"op": "update", "urn": urn}]}))


@pytest.mark.parametrize(("operation", "code"), [("delete", 1), ("same", 0)])
def test_the_command_refuses_a_loss(operation: str, code: int) -> None:
    urn = "urn:pulumi:dev::brewget::kubernetes:core/v1:Namespace::it"
    done = subprocess.run(
        [sys.executable, "-m", "policy.steps"],
        cwd=ROOT,
        input=json.dumps({"steps": [{"op": operation, "urn": urn}]}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("Namespace it would be lost" in done.stderr) == bool(code)
