"""Rules for the pods of a resource: pure functions from its inputs to sentences."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Inputs = Mapping[str, Any]
Rule = Callable[[str, str, Inputs], Iterator[str]]
"""A rule is given the resource's kind, name and inputs, and yields what is wrong."""

WITH_TEMPLATE = {"StatefulSet", "Deployment", "DaemonSet", "ReplicaSet", "Job"}
WITH_TOKEN = {"postgres-console"}
"""Service accounts whose pods speak with the API server."""
SERVES_NOBODY = {"archiver"}
"""Containers beside a server that take no connections: clients must not miss it because of them."""


def pod_of(kind: str, inputs: Inputs) -> Mapping[str, Any] | None:
    """The pod's spec that a resource of this kind holds."""
    spec = inputs.get("spec", {})
    if kind == "Pod":
        return dict(spec)
    if kind == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    elif kind not in WITH_TEMPLATE:
        return None
    return dict(spec["template"]["spec"])


def containers_of(kind: str, inputs: Inputs) -> list[Mapping[str, Any]]:
    """Every container of the resource's pod, the init containers first."""
    pod = pod_of(kind, inputs) or {}
    return [*pod.get("initContainers", []), *pod.get("containers", [])]


def has_memory_limit_and_requests(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """Without them the node's memory is anybody's, and the database is evicted first."""
    for container in containers_of(kind, inputs):
        resources = container.get("resources", {})
        wanted = {"requests": ("cpu", "memory"), "limits": ("memory",)}
        for part, keys in wanted.items():
            for key in keys:
                if not resources.get(part, {}).get(key):
                    yield (
                        f"{kind} {name}: container {container['name']} has no {key} in "
                        f"resources.{part}: add it"
                    )


def image_is_fixed(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """A moving tag could start another major version on the data."""
    for container in containers_of(kind, inputs):
        image = str(container.get("image", ""))
        # Of a digest it is the digest.
        tag = image.rpartition("/")[2].partition(":")[2]
        if tag in {"", "latest"}:
            yield (
                f"{kind} {name}: container {container['name']} runs the image {image!r}, "
                "which can change by itself: name a version or a digest"
            )


def runs_without_privileges(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """No root, no escalation, no writable root, no capability, and a seccomp profile."""
    pod = (pod_of(kind, inputs) or {}).get("securityContext", {})
    for container in containers_of(kind, inputs):
        own = container.get("securityContext", {})
        both = {**pod, **own}
        kept = {
            "runAsNonRoot: true": both.get("runAsNonRoot") is True,
            "allowPrivilegeEscalation: false": own.get("allowPrivilegeEscalation") is False,
            "readOnlyRootFilesystem: true": own.get("readOnlyRootFilesystem") is True,
            "capabilities.drop: [ALL]": "ALL" in own.get("capabilities", {}).get("drop", []),
            "capabilities.add: []": not own.get("capabilities", {}).get("add"),
            "privileged: false": not own.get("privileged"),
            "seccompProfile.type: RuntimeDefault": both.get("seccompProfile", {}).get("type")
            in {"RuntimeDefault", "Localhost"},
        }
        for setting in (setting for setting, is_kept in kept.items() if not is_kept):
            yield f"{kind} {name}: container {container['name']} lacks {setting}: set it"


def has_no_token(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """Only the console speaks with the API server."""
    pod = pod_of(kind, inputs)
    if pod is None or pod.get("serviceAccountName") in WITH_TOKEN:
        return
    if pod.get("automountServiceAccountToken") is not False:
        yield f"{kind} {name} is given a token: set automountServiceAccountToken: false"


def shares_nothing_of_the_node(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """Who shares the node's network, processes or files gets round every other rule."""
    pod = pod_of(kind, inputs) or {}
    shared = [key for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    shared += ["hostPath" for volume in pod.get("volumes", []) if volume.get("hostPath")]
    ports = [port for found in containers_of(kind, inputs) for port in found.get("ports", [])]
    shared += ["hostPort" for port in ports if port.get("hostPort")]
    for setting in sorted(set(shared)):
        yield f"{kind} {name} shares something of the node ({setting}): remove it"


def secrets_are_files(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """A variable is shown by `describe pod` and inherited by every process."""
    for container in containers_of(kind, inputs):
        of_variables = [v.get("valueFrom", {}) for v in container.get("env", [])]
        if any("secretKeyRef" in v for v in of_variables) or any(
            "secretRef" in source for source in container.get("envFrom", [])
        ):
            yield (
                f"{kind} {name}: container {container['name']} has a Secret in its variables: "
                "mount it as a file"
            )


def server_is_probed(kind: str, name: str, inputs: Inputs) -> Iterator[str]:
    """A server that hangs gets no connections, and is started anew."""
    if kind not in {"StatefulSet", "Deployment"}:
        return
    for container in (pod_of(kind, inputs) or {}).get("containers", []):
        if container["name"] in SERVES_NOBODY:
            continue
        for probe in ("readinessProbe", "livenessProbe"):
            if not container.get(probe):
                yield f"{kind} {name}: container {container['name']} has no {probe}: add it"


RULES: tuple[Rule, ...] = (
    has_memory_limit_and_requests,
    image_is_fixed,
    runs_without_privileges,
    has_no_token,
    shares_nothing_of_the_node,
    secrets_are_files,
    server_is_probed,
)
