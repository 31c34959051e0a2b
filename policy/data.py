"""Rules for what holds data and secrets: pure functions to sentences."""

import json
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

KEPT = {"Namespace", "PersistentVolumeClaim", "StatefulSet"}
PASSING = {"console-state"}
"""What the console has notified: made anew, it costs a repeated message."""
LOSING = {"delete", "replace", "create-replacement", "delete-replaced"}
PUBLIC = {"host", "port", "database", "username", "ca.crt", "tls.crt"}
"""Keys of our Secrets whose values others may know."""
FAR_REACHING = {"*", "secrets", "pods/exec", "nodes/proxy", "bind", "escalate", "impersonate"}
"""Resources and verbs that lead to every Secret, or to more rights."""
SHORTEST_SECRET = 8
"""A shorter value is found by chance in other texts."""


def volume_is_retained(kind: str, name: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    """The data must outlive the claim."""
    policy = inputs.get("spec", {}).get("persistentVolumeReclaimPolicy")
    if kind == "PersistentVolume" and policy != "Retain":
        yield f"PersistentVolume {name} is not kept: set persistentVolumeReclaimPolicy: Retain"


def role_reaches_no_secret(kind: str, name: str, inputs: Mapping[str, Any]) -> Iterator[str]:
    """A token that leaked must not open every Secret."""
    if kind not in {"Role", "ClusterRole"}:
        return
    for rule in inputs.get("rules", []):
        allowed = {*rule.get("apiGroups", []), *rule.get("resources", []), *rule.get("verbs", [])}
        for word in sorted(allowed & FAR_REACHING):
            yield f"{kind} {name} allows {word!r}, which leads to every Secret: name less"


def secret_values(inputs: Mapping[str, Any]) -> set[str]:
    """The values that a Secret holds, as far as a preview knows them.

    Pulumi's provider has made `data` of the program's `stringData` before a policy sees it.
    """
    encoded = (inputs.get("data") or {}).items()
    values = {key: b64decode(value).decode(errors="replace") for key, value in encoded if value}
    values |= inputs.get("stringData") or {}
    private = (value for key, value in values.items() if key not in PUBLIC)
    return {value for value in private if value and len(value) >= SHORTEST_SECRET}


def holds_no_secret(
    kind: str, name: str, inputs: Mapping[str, Any], secrets: Iterable[str]
) -> Iterator[str]:
    """A secret's value lies in Secrets alone."""
    if kind == "Secret":
        return
    text = json.dumps(inputs, ensure_ascii=False)
    if any(json.dumps(value, ensure_ascii=False)[1:-1] in text for value in secrets):
        yield f"{kind} {name} holds a Secret's value: mount the Secret instead"


RULES = (volume_is_retained, role_reaches_no_secret)


def step_keeps_data(operation: str, kind: str, name: str) -> Iterator[str]:
    """Outside `pulumi destroy` nothing that the data hangs on goes away."""
    if kind in KEPT and name not in PASSING and operation in LOSING:
        yield (
            f"{kind} {name} would be lost ({operation}): undo the change that causes it, "
            "or move the data by a backup and a restore"
        )
