"""The short-lived pod that connects to a server of others, and says what its role may not do.

What the scripts then leave out for it, they say themselves: in log, manifest and page.
"""

from pathlib import Path
from typing import Any

from components.cluster import names
from components.cluster.access import CA, PASSWORD, SECRETS, Access, client_env
from components.cluster.pods import UID
from components.cluster.volumes import READ_ONLY

POD = "postgres-external-check"
_HERE = Path(__file__).parent


def manifest(
    access: Access, secrets: tuple[str, str], databases: str, namespace: str, image: str
) -> dict[str, Any]:
    """The pod; `secrets` have the password and, where there is one, the CA's certificate."""
    password, ca = secrets
    env = {**client_env(access), "BACKUP_DATABASES": databases, "QUESTIONS": _text("check.sql")}
    sources = [_file(password, "password", PASSWORD), *([_file(ca, "ca.crt", CA)] if ca else [])]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": POD,
            "namespace": namespace,
            "labels": names.PART_OF | names.CLIENT_LABELS | {"app": POD},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": UID,
                "runAsGroup": UID,
                "fsGroup": UID,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [_container(image, env)],
            "volumes": [
                {"name": "tmp", "emptyDir": {}},
                {"name": "secrets", "projected": {"defaultMode": READ_ONLY, "sources": sources}},
            ],
        },
    }


def _text(file: str) -> str:
    return (_HERE / file).read_text("utf-8")


def _container(image: str, env: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "check",
        "image": image,
        "command": ["bash", "-c", _text("check.sh")],
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "resources": {
            "requests": {"cpu": "50m", "memory": "64Mi"},
            "limits": {"memory": "64Mi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (a mount)
            {"name": "secrets", "mountPath": SECRETS, "readOnly": True},
        ],
    }


def _file(secret: str, key: str, path: str) -> dict[str, Any]:
    item = {"key": key, "path": path.removeprefix(f"{SECRETS}/")}
    return {"secret": {"name": secret, "items": [item]}}
