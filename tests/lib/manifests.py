"""What the program registers, as the manifests that the API server would get."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from components.postgres import certificates
from tests.lib.identities import OTHER_PUBLIC, PUBLIC
from tests.unit.recorder import Recorder, Secret

CA = certificates.new_ca(datetime(2026, 1, 1, tzinfo=UTC))["certificate"]
STACKS: dict[str, dict[str, str]] = {
    "default": {},
    "nfs": {"backup.storage.kind": "nfs", "backup.storage.server": "nas.local"},
    "storageClass": {
        "backup.storage.kind": "storageClass",
        "backup.storage.storageClass": "standard",
        "postgres.clients": "namespace",
    },
    "archive": {
        "archive.enabled": "true",
        "archive.image": "localhost/brewget/tools:16.15",
        "archive.synchronous": "true",
        "offsite.kind": "s3",
        "offsite.bucket": "ales",
        "offsite.endpoint": "s3.example",
        "offsite.region": "here",
        "offsite.secret": "offsite",
        "offsite.ownCa": "true",
        "offsite.sets": "true",
    },
    "encryption": {
        "archive.image": "localhost/brewget/tools:16.15",
        "encryption.recipients": f'["{PUBLIC}", "{OTHER_PUBLIC}"]',
        "encryption.identitySecret": "backup-identity",
    },
    "external": {
        "postgres.engine": "external",
        "external.host": "db.example",
        "external.user": "saver",
        "external.secret": "server-admin",
        "external.ca": CA,
        "external.databases": '["shop"]',
    },
    "existingClaim": {"backup.storage.kind": "existingClaim", "backup.storage.claim": "mine"},
}


def manifests(stack: Recorder) -> list[dict[str, Any]]:
    """Every Kubernetes object of the stack, and the pods that commands make."""
    made = [
        _manifest(resource.type, resource.inputs)
        for resource in stack.resources
        if resource.type.startswith("kubernetes:")
    ]
    commands = [one.inputs for one in stack.all("Command") if "stdin" in one.inputs]
    return [*made, *(json.loads(one["stdin"]) for one in commands)]


def _manifest(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """`kubernetes:apps/v1:StatefulSet` is an apiVersion and a kind."""
    _, version, kind = token.split(":")
    group = version.removeprefix("core/")
    return {"apiVersion": group, "kind": kind} | {key: _open(v) for key, v in inputs.items()}


def _open(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _open(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_open(below) for below in value]
    return _open(value.value) if isinstance(value, Secret) else value


def write(directory: Path, objects: list[dict[str, Any]]) -> list[Path]:
    """One file an object, as scanners name the file in what they find."""
    directory.mkdir(exist_ok=True)
    paths = []
    for found in objects:
        path = directory / f"{found['kind']}-{found['metadata']['name']}.yaml"
        path.write_text(yaml.safe_dump(found))
        paths.append(path)
    return paths
