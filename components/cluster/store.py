"""What the other components know of the place for backup sets."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import pulumi


class Store(Protocol):
    """A place for backup sets: BackupStorage is one."""

    # Properties, as a component's own attributes may be of narrower types.
    @property
    def namespace(self) -> pulumi.Output[str]:
        """Where the claim is."""

    @property
    def context(self) -> str:
        """Of the kubeconfig, for kubectl."""

    @property
    def claim(self) -> str:
        """Name of the claim to mount."""

    @property
    def scripts(self) -> str:
        """The ConfigMap with scripts/pod."""

    @property
    def readers(self) -> int:
        """Number of the group that may read the sets; 0: none."""

    @property
    def env(self) -> Mapping[str, pulumi.Input[str]]:
        """BACKUP_*: the store's identity and how sets are kept in it."""

    @property
    def resources(self) -> Sequence[pulumi.Resource]:
        """What has to be there before a pod mounts it, and to stay while one does."""


def together(namespace: pulumi.Input[str], storage: Store) -> pulumi.Output[str]:
    """`namespace`, or the end of the preview where the storage is in another one."""

    def same(both: Sequence[str]) -> str:
        if both[0] != both[1]:
            raise pulumi.RunError(
                f"The database is in the namespace '{both[0]}', but its storage is in '{both[1]}', "
                "and no pod mounts a claim of another namespace. Give both the same"
            )
        return both[0]

    return pulumi.Output.all(namespace, storage.namespace).apply(same)
