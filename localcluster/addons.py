"""What the cluster holds from its start: the default storage class and the rights of our parts."""

import http.client
from typing import Any

from localcluster.api import Api
from toolchain.errors import SetupError

STORAGE_CLASS = "standard"

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def apply_all(api: Api) -> None:
    """Makes what is missing; what is there stays as somebody may have changed it."""
    for path, thing in _objects():
        answer = api.request("POST", path, thing)
        if answer.status not in (http.client.CREATED, http.client.CONFLICT):
            raise SetupError(
                f"the API server refused {thing['kind']} {thing['metadata']['name']}: "
                f"{answer.body.decode(errors='replace')}"
            )


def _objects() -> list[tuple[str, dict[str, Any]]]:
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": STORAGE_CLASS,
            "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
        },
        # minikube's: its programs and guides find what they expect.
        "provisioner": "k8s.io/minikube-hostpath",
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "Immediate",
    }
    return [
        ("/apis/storage.k8s.io/v1/storageclasses", storage_class),
        *_role("coredns", _COREDNS_RULES),
        *_role("provisioner", _PROVISIONER_RULES),
    ]


def _rule(group: str, resources: str, verbs: str) -> dict[str, list[str]]:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}


_COREDNS_RULES = [
    _rule("", "services pods namespaces", "list watch"),
    _rule("discovery.k8s.io", "endpointslices", "list watch"),
]

_PROVISIONER_RULES = [
    _rule("", "persistentvolumes", "get list watch create delete update patch"),
    _rule("", "persistentvolumeclaims", "get list watch update"),
    _rule("", "nodes", "get list watch"),
    _rule("", "events", "create patch update list watch"),
    _rule("storage.k8s.io", "storageclasses", "get list watch"),
]


def _role(name: str, rules: list[dict[str, list[str]]]) -> list[tuple[str, dict[str, Any]]]:
    """A role and its binding to the user that a component's certificate names."""
    full_name = f"localcluster:{name}"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": full_name},
        "rules": rules,
    }
    group = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": full_name},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": full_name},
        "subjects": [{"apiGroup": group, "kind": "User", "name": full_name}],
    }
    return [(f"{RBAC}/clusterroles", role), (f"{RBAC}/clusterrolebindings", binding)]
