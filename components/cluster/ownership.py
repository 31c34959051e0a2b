"""Whose the objects in the cluster are: this stack's, and recognised as such without its state.

pulumi-kubernetes applies every object under a field manager's name that it makes up, and that only
the state knows. A new stack in place of one whose state is lost would be a stranger to all that is
still there, and stop at a conflict. Under one fixed name it takes everything over: `pulumi up`.
"""

import shlex
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi_kubernetes import meta

from components.cluster import names
from components.cluster.kubectl import Kubectl
from components.settings.model import Settings

FIELD_MANAGER = "brewget"
STACK = "brewget.dev/stack"


def ownership(settings: Settings, provider: pulumi.ProviderResource) -> pulumi.ResourceOptions:
    """Options for the objects that `provider` makes: marked as ours, and none of others taken.

    They reach children, too. Every object needs the labels `names.PART_OF`.
    """
    stack = pulumi.get_stack()
    marks = {
        "pulumi.com/patchFieldManager": FIELD_MANAGER,
        # An object of before the fixed name belongs to a made-up one: the update that first
        # changes a value of it would be a conflict. `_ours_only` asks what force does not.
        "pulumi.com/patchForce": "true",
        STACK: stack,
    }
    hook = pulumi.ResourceHook("ours-only", lambda args: _ours_only(settings, stack, args))
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


def _ours_only(settings: Settings, stack: str, args: pulumi.ResourceHookArgs) -> None:
    """Stop before an object is made over one that is somebody else's."""
    inputs = args.new_inputs or {}
    kubectl = Kubectl(settings.kube_context, settings.namespace)
    for found in kubectl.get(inputs["kind"].lower(), inputs["metadata"]["name"]):
        if reason := foreign(found, stack, settings.namespace):
            raise pulumi.RunError(f"{reason} {ways(found, kubectl, stack)}")


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


def ways(found: Mapping[str, Any], kubectl: Kubectl, stack: str) -> str:
    """What a person can do about an object that is somebody else's."""
    kind, name = found["kind"].lower(), found["metadata"]["name"]
    command = f"kubectl {shlex.join(kubectl.options())}"
    label = "".join(f"{key}={value}" for key, value in names.PART_OF.items())
    if "claimRef" in found.get("spec", {}):
        # A volume is the whole cluster's, and one namespace's at a time.
        return (
            "Nothing of it was changed. There is one such volume in a cluster: use another kind of "
            "backup.storage, another cluster, or, when nobody needs it there any more (its sets "
            f"stay): {command} delete {kind} {name}"
        )
    return (
        "Nothing of it was changed. To leave it alone: another namespace (pulumi config set "
        "namespace NAME), or another cluster. To hand it over to this stack, which then treats it "
        f"as its own: {command} label --overwrite {kind} {name} {label}; "
        f"{command} annotate --overwrite {kind} {name} {STACK}={stack}"
    )
