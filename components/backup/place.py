"""Where a store lies: in words, for ever, and bound again after its namespace was deleted."""

import json
from collections.abc import Sequence

import pulumi

from components.cluster.kubectl import Kubectl
from components.settings.backup import StorageSettings
from components.settings.types import StorageKind


def describe(storage: StorageSettings) -> str:
    """The place in words that a person can compare."""
    match storage.kind:
        case StorageKind.HOST_PATH:
            return f"hostPath {storage.path} ({storage.size})"
        case StorageKind.NFS:
            return f"nfs {storage.server}:{storage.path} ({storage.size})"
        case StorageKind.STORAGE_CLASS:
            return f"storageClass {storage.storage_class} ({storage.size})"
        case StorageKind.EXISTING_CLAIM:
            return f"existingClaim {storage.claim}"


def directory_of(storage: StorageSettings) -> str:
    """The directory that a volume of this kind leads to; empty where the cluster makes one."""
    match storage.kind:
        case StorageKind.HOST_PATH:
            return storage.path
        case StorageKind.NFS:
            return f"{storage.server}:{storage.path}"
        case _:
            return ""


def other_place(then: str, now: str) -> str:
    """Why the store stays where it is: its sets would not come along."""
    return (
        f"backup.storage is now {now}, but the store was made as {then}, and its sets would "
        "stay behind. To move: set backup.storage.* back, pulumi destroy --run-program (takes a "
        "last set and keeps all sets), set backup.storage.*, copy the sets, pulumi up. To stay: "
        "set backup.storage.* back"
    )


def bind_again(kubectl: Kubectl, claim: str, volume: str | None) -> list[str]:
    """Let the volume whose claim went with its namespace be bound again; returns its name.

    It stays Released for ever, as it is still reserved for the old claim's uid
    (kubernetes/kubernetes#48554). `volume`: the one that the claim names, if it names one.
    """
    found = released(kubectl.get("persistentvolumes"), kubectl.namespace, claim)
    found = [name for name in found if volume in {None, name}]
    if len(found) > 1:
        raise pulumi.RunError(several(found, claim))
    for name in found:
        patch = json.dumps({"spec": {"claimRef": {"uid": None, "resourceVersion": None}}})
        kubectl.run("patch", "persistentvolume", name, "--type=merge", "-p", patch)
    return found


def several(volumes: Sequence[str], claim: str) -> str:
    """Why none of them is bound: another one than the newest would bring old sets back."""
    return (
        f"{len(volumes)} volumes were left behind by the claim {claim}: {', '.join(volumes)}. "
        "Which has the sets that are wanted cannot be told from here. Look (kubectl describe "
        "persistentvolume NAME), then take the others away, whose files stay: kubectl delete "
        "persistentvolume NAME"
    )


def released(volumes: Sequence[dict[str, object]], namespace: str, claim: str) -> list[str]:
    """Names of the volumes that a deleted claim of this name left behind."""
    found = []
    for volume in volumes:
        match volume:
            case {
                "metadata": {"name": str(name)},
                "spec": {"claimRef": {"namespace": space, "name": bound, "uid": _}},
                "status": {"phase": "Released"},
            } if (space, bound) == (namespace, claim):
                found.append(name)
    return sorted(found)
