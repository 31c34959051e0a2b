"""What `pulumi stack export` says of a stack."""

from typing import Any


def has_pending(exported: dict[str, Any]) -> bool:
    """Whether an exported state has operations that were begun and not finished."""
    return bool(exported.get("deployment", {}).get("pending_operations"))


def has_objects(exported: dict[str, Any]) -> bool:
    """Whether an exported state knows any Kubernetes object."""
    resources = exported.get("deployment", {}).get("resources") or []
    return any(found["type"].startswith("kubernetes:") for found in resources)


def context_of(exported: dict[str, Any]) -> str:
    """Where an exported state has its Kubernetes objects: empty when it has none."""
    if not has_objects(exported):
        return ""
    resources = exported["deployment"]["resources"]
    providers = [r for r in resources if r["type"] == "pulumi:providers:kubernetes"]
    return next((str(r["inputs"]["context"]) for r in providers if "context" in r["inputs"]), "")
