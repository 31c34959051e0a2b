"""Rules for what holds data and secrets: pure functions to sentences."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

KEPT = {"Namespace", "PersistentVolumeClaim", "StatefulSet"}
LOSING = {"delete", "replace", "create-replacement", "delete-replaced"}
SHORTEST_SECRET = 8
"""A shorter value is found by chance in other texts."""


def volume_is_retained(kind: str, name: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    """The data must outlive the claim."""
    policy = inputs.get("spec", {}).get("persistentVolumeReclaimPolicy")
    if kind == "PersistentVolume" and policy != "Retain":
        yield f"PersistentVolume {name} is not kept: set persistentVolumeReclaimPolicy: Retain"


def secret_values(inputs: Mapping[str, Any]) -> set[str]:
    """The values that a Secret holds, as far as a preview knows them."""
    values = {**inputs.get("data", {}), **inputs.get("stringData", {})}.values()
    return {v for v in values if isinstance(v, str) and len(v) >= SHORTEST_SECRET}


def holds_no_secret(
    kind: str, name: str, inputs: Mapping[str, Any], secrets: Iterable[str]
) -> Iterator[str]:
    """A secret's value lies in Secrets alone."""
    if kind == "Secret":
        return
    text = json.dumps(inputs, default=str, ensure_ascii=False)
    if any(json.dumps(value, ensure_ascii=False)[1:-1] in text for value in secrets):
        yield f"{kind} {name} holds a Secret's value: refer to the Secret (secretKeyRef) instead"


def step_keeps_data(operation: str, kind: str, name: str) -> Iterator[str]:
    """Outside `pulumi destroy` nothing that the data hangs on goes away."""
    if kind in KEPT and operation in LOSING:
        yield (
            f"{kind} {name} would be lost ({operation}): undo the change that causes it, "
            "or move the data by a backup and a restore"
        )
