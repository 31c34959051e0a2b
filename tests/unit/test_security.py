"""What keeps the pods harmless, seen in what the program registers."""

import json
from typing import Any

import pytest

from components.backup import store_pod
from components.settings.types import StorageKind
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder

STORE_POD = store_pod.StorePod(
    claim="claim", scripts="scripts", kind=StorageKind.HOST_PATH, allow_volatile=False
)

RESTRICTED_VOLUMES = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


@pytest.fixture(name="stack")
def _stack(deploy: Deploy) -> Recorder:
    return deploy(config={"namespace": "ales"})


def every_pod(stack: Recorder) -> dict[str, dict[str, Any]]:
    """The specs of all pods, the one that a command makes included."""
    made = json.loads(stack.one("Command", "backup-store")["stdin"])
    return {name: pod["spec"] for name, pod in stack.pods().items()} | {"store": made["spec"]}


def every_container(stack: Recorder) -> list[dict[str, Any]]:
    return [
        container
        for spec in every_pod(stack).values()
        for container in [*spec["containers"], *spec.get("initContainers", [])]
    ]


def test_every_pod_but_the_stores_is_restricted(stack: Recorder) -> None:
    """Pod Security "restricted", field by field: what the namespace warns of."""
    for name, spec in every_pod(stack).items():
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        kinds = {kind for volume in spec["volumes"] for kind in volume.keys() - {"name"}}
        assert kinds <= RESTRICTED_VOLUMES, name
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"]["drop"] == ["ALL"]
            assert "privileged" not in context
            assert not any("hostPort" in port for port in container.get("ports", []))
            if container["name"] != "own":
                user = {**spec["securityContext"], **context}
                assert (user["runAsNonRoot"], user["runAsUser"]) == (True, 70), name


def test_no_pod_gets_a_token_and_none_can_ask_for_more_rights(stack: Recorder) -> None:
    for spec in every_pod(stack).values():
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
    kinds = {resource.kind for resource in stack.resources}
    assert not kinds & {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def test_every_container_names_its_memory_and_its_processor(stack: Recorder) -> None:
    for container in every_container(stack):
        assert container["resources"]["limits"]["memory"], container["name"]
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}


def test_secrets_are_files_and_never_variables(stack: Recorder) -> None:
    for container in every_container(stack):
        assert "envFrom" not in container
        for variable in container["env"]:
            assert "valueFrom" not in variable, variable["name"]
            assert "PASSWORD" not in variable["name"].replace("PASSWORDS_DIR", "") or (
                variable["name"].endswith("_FILE")
            )


def test_others_in_the_namespace_cannot_starve_the_server(stack: Recorder) -> None:
    limits = stack.one("LimitRange")["spec"]["limits"]
    assert [item["default"] for item in limits] == [{"memory": "1Gi"}]
    assert stack.all("ResourceQuota") == [], "others could fill it, and a backup would be refused"


def test_nothing_of_the_stack_is_reachable_from_outside(stack: Recorder) -> None:
    assert [service["spec"]["type"] for service in stack.all("Service")] == ["ClusterIP"]
    assert stack.all("Ingress") == []


def test_only_the_directorys_owner_is_changed_by_root() -> None:
    containers = store_pod.manifest(STORE_POD, "ales", "postgres:16.15")["spec"]
    (own,) = containers["initContainers"]
    assert own["command"][2].count("chown") == 1
    assert {mount["name"] for mount in own["volumeMounts"]} == {"backup", "scripts", "tmp"}
