"""The short-lived pod that makes a directory the stack's store.

The only place where anything runs as root, with the one capability it needs: a hostPath
directory is root's, and Kubernetes does not change its owner (kubernetes/minikube#1990).
"""

from dataclasses import dataclass
from typing import Any

from components.cluster import names
from components.cluster.pods import SCRIPTS, STORE, UID
from components.cluster.shipped import items
from components.settings.types import StorageKind

POD = "postgres-backup-store"

# A mount of some virtual machines lets nobody change owners and is writable all the same:
# init-store.sh, as uid 70, says whether it is.
_OWN = (
    f'[ "$(stat -c %u {STORE})" = {UID} ] || chown {UID}:{UID} {STORE} || '
    f'echo "cannot give {STORE} to uid {UID}, going on as it is"'
)
# The id goes into the termination message, as a log mixes it with what the script says.
_INIT = f'set -e; id=$(bash {SCRIPTS}/init-store.sh); printf %s "$id" >/dev/termination-log'


@dataclass(frozen=True, kw_only=True)
class StorePod:
    """What the pod mounts, and what it may do."""

    claim: str
    scripts: str
    kind: StorageKind
    allow_volatile: bool


def manifest(pod: StorePod, namespace: str, image: str) -> dict[str, Any]:
    """The pod: root gives the directory away (hostPath only), then uid 70 makes it a store."""
    own = pod.kind is StorageKind.HOST_PATH
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": POD,
            "namespace": namespace,
            "labels": names.PART_OF | {"app": POD},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "fsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [_container(pod, image, "own", ["sh", "-c", _OWN], root=True)] * own,
            "containers": [_container(pod, image, "init-store", ["bash", "-c", _INIT], root=False)],
            "volumes": [
                {"name": "backup", "persistentVolumeClaim": {"claimName": pod.claim}},
                {
                    "name": "scripts",
                    "configMap": {"name": pod.scripts, "defaultMode": 0o755, "items": items()},
                },
                {"name": "tmp", "emptyDir": {}},
            ],
        },
    }


def _container(
    pod: StorePod, image: str, name: str, command: list[str], *, root: bool
) -> dict[str, Any]:
    user = 0 if root else UID
    return {
        "name": name,
        "image": image,
        "command": command,
        "env": [
            {"name": "BACKUP_ROOT", "value": STORE},
            {"name": "BACKUP_ALLOW_VOLATILE", "value": "1" if pod.allow_volatile else "0"},
        ],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "64Mi"},
        },
        "securityContext": {
            "runAsUser": user,
            "runAsGroup": user,
            "runAsNonRoot": not root,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN"] if root else []},
        },
        "volumeMounts": [
            {"name": "backup", "mountPath": STORE},
            {"name": "scripts", "mountPath": SCRIPTS, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (a mount)
        ],
    }
