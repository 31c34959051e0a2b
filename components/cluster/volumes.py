"""The kinds of volume that pods here are made with."""

from pulumi_kubernetes import core

READ_ONLY = 0o440
"""Of files that only the pod's own group reads: psql refuses nothing of them, and no other uid has
to read them."""


def claim_volume(name: str, claim: str) -> core.v1.VolumeArgs:
    """A volume out of a claim."""
    return core.v1.VolumeArgs(
        name=name,
        persistent_volume_claim=core.v1.PersistentVolumeClaimVolumeSourceArgs(claim_name=claim),
    )


def empty_volume(
    name: str, *, size: str | None = None, medium: str | None = None
) -> core.v1.VolumeArgs:
    """A directory that lives as long as its pod."""
    return core.v1.VolumeArgs(
        name=name, empty_dir=core.v1.EmptyDirVolumeSourceArgs(size_limit=size, medium=medium)
    )


def secret_file(
    secret: str, key: str, path: str, *, is_optional: bool = False
) -> core.v1.VolumeProjectionArgs:
    """One key of a Secret at `path`; `is_optional`: its absence keeps no pod from starting."""
    return core.v1.VolumeProjectionArgs(
        secret=core.v1.SecretProjectionArgs(
            name=secret,
            items=[core.v1.KeyToPathArgs(key=key, path=path)],
            optional=True if is_optional else None,
        )
    )
