"""The claim with the server's data, and the changes of it that are refused at preview.

Another class would delete the claim with its data, and a size that the class cannot give would be
refused by the API server in the middle of an `up`.
"""

from typing import Any

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster.kubectl import Kubectl
from components.cluster.stash import refuse_change
from components.settings.postgres import PostgresSettings
from components.settings.validators import quantity_bytes


def data_claim(
    name: str,
    metadata: meta.v1.ObjectMetaArgs,
    settings: PostgresSettings,
    context: str,
    child: pulumi.ResourceOptions,
) -> core.v1.PersistentVolumeClaim:
    """The claim that `metadata` names, of the class and size in the settings."""
    # The check comes before anything happens to the claim.
    metadata.annotations = {
        "brewget.dev/storage-class": refuse_change(
            f"{name}-data-class", settings.storage_class, other_class, child
        )
    }
    size = pulumi.Output.all(metadata.namespace, metadata.name).apply(
        lambda at: possible(Kubectl(context, str(at[0])), str(at[1]), settings.data_size)
    )
    return core.v1.PersistentVolumeClaim(
        f"{name}-data",
        metadata=metadata,
        spec=core.v1.PersistentVolumeClaimSpecArgs(
            storage_class_name=settings.storage_class or None,
            access_modes=["ReadWriteOnce"],
            resources=core.v1.VolumeResourceRequirementsArgs(requests={"storage": size}),
        ),
        opts=child,
    )


def other_class(then: str, now: str) -> str:
    """Why the class of the data claim stays: another one would replace the claim."""
    stay = f"pulumi config set --path postgres.storageClass '{then}'"
    return (
        f"postgres.storageClass is now '{now}', but the data claim was made with '{then}' and "
        f"would be deleted with its data. To move: {stay}, pulumi destroy --run-program (takes a "
        f"last set and keeps all sets), pulumi config set --path postgres.storageClass '{now}', "
        f"pulumi up (restores it). To stay: {stay}"
    )


def possible(kubectl: Kubectl, claim: str, wanted: str) -> str:
    """`wanted`, or the end of the preview where the living claim cannot have that size."""
    try:
        claims = kubectl.get("persistentvolumeclaim", claim)
        for found in claims:
            grows = _grows(kubectl, str(_spec(found).get("storageClassName")))
            if reason := refusal(_spec(found)["resources"]["requests"]["storage"], wanted, grows):
                raise pulumi.RunError(reason)
    except RuntimeError as error:
        # No reason to refuse: a cluster that is gone for good holds no claim.
        pulumi.log.warn(f"Whether the data claim can have {wanted} was not asked. {error}")
    return wanted


def refusal(now: str, wanted: str, grows: bool) -> str:
    """Why a claim of the size `now` cannot have the size `wanted`, or nothing."""
    try:
        change = quantity_bytes(wanted) - quantity_bytes(now)
    except ValueError:
        return ""  # a unit that we never write, so the claim is not ours to judge
    if change == 0 or (change > 0 and grows):
        return ""
    why = "its StorageClass cannot grow it" if change > 0 else "no claim can shrink"
    stay = f"pulumi config set --path postgres.dataSize {now}"
    return (
        f"postgres.dataSize is now '{wanted}', but the data claim has {now} and {why}. To move: "
        f"{stay}, pulumi destroy --run-program (takes a last set and keeps all sets), pulumi "
        f"config set --path postgres.dataSize {wanted}, pulumi up (restores it). To stay: {stay}"
    )


def _grows(kubectl: Kubectl, storage_class: str) -> bool:
    return any(
        found.get("allowVolumeExpansion") is True
        for found in kubectl.get("storageclass", storage_class)
    )


def _spec(claim: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = claim["spec"]
    return spec
