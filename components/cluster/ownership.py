"""Whose the objects in the cluster are: this stack's, and recognised as such without its state.

pulumi-kubernetes applies every object under a field manager's name that it makes up, and that only
the state knows. A new stack in place of one whose state is lost would be a stranger to all that is
still there, and stop at a conflict. Under one fixed name it can take everything over, when it is
told to: setting `adopt`.
"""

import asyncio
import shlex
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pulumi
from pulumi_kubernetes import meta

from components.cluster import names
from components.cluster.kubectl import Kubectl

FIELD_MANAGER = "brewget"
STACK = "brewget.dev/stack"
# All that the program makes, and two that are in no namespace.
KINDS = (
    "configmap,cronjob,deployment,limitrange,networkpolicy,persistentvolumeclaim,role,rolebinding,"
    "secret,service,serviceaccount,statefulset,namespace,persistentvolume"
)
# In none either, and unknown to a cluster before Kubernetes 1.30.
NEWER_KINDS = "validatingadmissionpolicy,validatingadmissionpolicybinding"

KEPT = {("Secret", names.ARCHIVE), ("Secret", names.ENCRYPTION)}
"""What this stack has left behind on purpose, as archive or encryption were switched off: that
its state does not know them is no sign of a lost one."""


def ownership(
    provider: pulumi.ProviderResource, kubectl: Kubectl, *, adopt: bool, directory: str = ""
) -> pulumi.ResourceOptions:
    """Options for the objects that `provider` makes: marked as ours, and none of others taken.

    They reach children, too. Every object needs the labels `names.PART_OF`, and to be in the one
    namespace of `kubectl`. `adopt`: objects of this stack that exist already, which its state does
    not know, are taken over. `directory`: where the stack's sets shall lie, which can be the place
    of one stack only.
    """
    stack = pulumi.get_stack()
    marks = {
        "pulumi.com/patchFieldManager": FIELD_MANAGER,
        # An object of before the fixed name belongs to a made-up one: the update that first
        # changes a value of it would be a conflict. `Existing` asks what force does not.
        "pulumi.com/patchForce": "true",
        STACK: stack,
    }
    existing = Existing(kubectl, stack, adopt=adopt, directory=directory)

    async def ours_only(args: pulumi.ResourceHookArgs) -> None:
        await asyncio.to_thread(existing.check, args.new_inputs or {})

    hook = pulumi.ResourceHook("ours-only", ours_only)
    binding = pulumi.ResourceHookBinding(before_create=[hook])

    def mark(
        args: pulumi.ResourceTransformationArgs,
    ) -> pulumi.ResourceTransformationResult | None:
        if not args.type_.startswith("kubernetes:"):
            return None
        metadata = args.props["metadata"]
        assert isinstance(metadata, meta.v1.ObjectMetaArgs)  # noqa: S101 (as all of ours are)
        given = metadata.annotations or {}
        assert isinstance(given, dict)  # noqa: S101 (likewise)
        metadata.annotations = {**given, **marks}
        opts = pulumi.ResourceOptions.merge(args.opts, pulumi.ResourceOptions(hooks=binding))
        return pulumi.ResourceTransformationResult(args.props, opts)

    return pulumi.ResourceOptions(provider=provider, transformations=[mark])


class Existing:
    """What was in the cluster before this `up` made its first object. Asked once."""

    def __init__(self, kubectl: Kubectl, stack: str, *, adopt: bool, directory: str = "") -> None:
        """Asks nothing yet: a preview creates no object."""
        self._kubectl, self._stack, self._adopt = kubectl, stack, adopt
        self._directory = directory
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], dict[str, Any]] | None = None

    def check(self, wanted: Mapping[str, Any]) -> None:
        """Stop before `wanted` is made over an object that is there, or in a dying namespace."""
        found = self._look()
        namespace = found.get(("Namespace", self._kubectl.namespace))
        if namespace and namespace["status"].get("phase") == "Terminating":
            raise pulumi.RunError(going(namespace))
        # Of all at once, as the volume comes late: nothing may have been made before.
        if other := next(filter(self._is_taken, found.values()), None):
            raise pulumi.RunError(same_directory(other, self._directory, self._kubectl))
        there = found.get((wanted["kind"], wanted["metadata"]["name"]))
        if there is None or self._is_gone(there):
            return
        if reason := foreign(there, self._stack, self._kubectl.namespace):
            raise pulumi.RunError(f"{reason} {ways(there, self._kubectl, self._stack)}")
        if not self._adopt and (wanted["kind"], wanted["metadata"]["name"]) not in KEPT:
            raise pulumi.RunError(unknown(there))

    def _is_taken(self, found: Mapping[str, Any]) -> bool:
        """Whether it is the volume of another namespace's sets, in the directory of ours."""
        if found["kind"] != "PersistentVolume" or not self._directory:
            return False
        is_ours = names.PART_OF.items() <= found["metadata"].get("labels", {}).items()
        home = found["spec"].get("claimRef", {}).get("namespace", self._kubectl.namespace)
        there = directory_of(found["spec"])
        return is_ours and home != self._kubectl.namespace and there == self._directory

    def _is_gone(self, there: Mapping[str, Any]) -> bool:
        """Whether this very `up` has deleted it, to make it anew."""
        now: list[dict[str, Any]] = self._kubectl.get(there["kind"], there["metadata"]["name"])
        return not any(one["metadata"]["uid"] == there["metadata"]["uid"] for one in now)

    def _look(self) -> dict[tuple[str, str], dict[str, Any]]:
        with self._lock:  # hooks run side by side
            if self._found is None:
                listed: list[dict[str, Any]] = self._kubectl.get(KINDS)
                with suppress(RuntimeError):
                    listed += self._kubectl.get(NEWER_KINDS)
                self._found = {(one["kind"], one["metadata"]["name"]): one for one in listed}
            return self._found


def going(namespace: Mapping[str, Any]) -> str:
    """What a namespace that is being deleted still waits for."""
    conditions = namespace["status"].get("conditions", [])
    holds = [one["message"] for one in conditions if one.get("status") == "True"]
    name = namespace["metadata"]["name"]
    return (
        f"The namespace {name} is still being deleted, so nothing can be made in it. "
        f"{'. '.join(holds) or 'Its last objects are going'}. Wait until it is gone, or remove "
        f"what holds it (kubectl get namespace {name} -o yaml), then: pulumi up --refresh"
    )


def unknown(found: Mapping[str, Any]) -> str:
    """Why an object of this stack stops an `up` that was not told to take it over."""
    return (
        f"{found['kind']} {found['metadata']['name']} exists already, and the stack's state does "
        "not know it: the state was lost, or an up was cut off. Nothing of it was changed. To take "
        "over what is there: pulumi config set adopt true, pulumi up, pulumi config rm adopt"
    )


def foreign(found: Mapping[str, Any], stack: str, namespace: str) -> str:
    """Why an object is not this stack's to take, or nothing."""
    metadata = found["metadata"]
    what = f"{found['kind']} {metadata['name']} exists already, and"
    if not names.PART_OF.items() <= metadata.get("labels", {}).items():
        return f"{what} it is not this project's."
    owner = metadata.get("annotations", {}).get(STACK, stack)
    if owner != stack:
        return f"{what} it belongs to the stack '{owner}'."
    # The one object that is in no namespace, and from before the mark above.
    home = found.get("spec", {}).get("claimRef", {}).get("namespace", namespace)
    if home != namespace:
        return f"{what} it belongs to the namespace '{home}'."
    return ""


def directory_of(volume: Mapping[str, Any]) -> str:
    """Where a volume's spec leads to; empty where that is no directory."""
    nfs = volume.get("nfs")
    there = f"{nfs['server']}:{nfs['path']}" if nfs else volume.get("hostPath", {}).get("path", "")
    return str(there)


def same_directory(volume: Mapping[str, Any], directory: str, kubectl: Kubectl) -> str:
    """Why two stacks cannot keep their sets in one directory, and what to do."""
    name, home = volume["metadata"]["name"], volume["spec"]["claimRef"]["namespace"]
    return (
        f"{directory} has the backup sets of the namespace '{home}' (PersistentVolume {name}): two "
        "stacks in one store would take each other's sets for their own. Nothing was made. For "
        "this stack: a backup.storage.path that outlives the node as well, or pulumi config set "
        "--path backup.storage.kind storageClass (and backup.storage.storageClass). When nobody "
        "needs the sets there any more (they stay): "
        f"kubectl {shlex.join(kubectl.options())} delete persistentvolume {name}"
    )


def ways(found: Mapping[str, Any], kubectl: Kubectl, stack: str) -> str:
    """What a person can do about an object that is somebody else's."""
    kind, name = found["kind"].lower(), found["metadata"]["name"]
    command = f"kubectl {shlex.join(kubectl.options())}"
    label = "".join(f"{key}={value}" for key, value in names.PART_OF.items())
    if "claimRef" in found.get("spec", {}):
        # A volume is the whole cluster's, and one namespace's at a time.
        return (
            "Nothing of it was changed. Use another kind of backup.storage, another cluster, or, "
            f"when nobody needs it there any more (its sets stay): {command} delete {kind} {name}"
        )
    return (
        "Nothing of it was changed. To leave it alone: another namespace (pulumi config set "
        "namespace NAME), or another cluster. To hand it over to this stack, which then treats it "
        f"as its own: {command} label --overwrite {kind} {name} {label}; "
        f"{command} annotate --overwrite {kind} {name} {STACK}={stack}; "
        "pulumi config set adopt true"
    )
