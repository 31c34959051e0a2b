"""What the pods of jobs have besides: a throwaway server's room, and what encrypted sets need."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import pulumi
from pulumi_kubernetes import core

from components.cluster.encryption import NAME
from components.cluster.pods import SCRATCH, SCRIPTS, PodContext, container, job_env
from components.cluster.volumes import empty_volume
from components.settings.backup import VerifySettings
from components.settings.validators import quantity_bytes


@dataclass(frozen=True, kw_only=True)
class Room:
    """What one job's pod has beside what all have."""

    env: dict[str, pulumi.Input[str]]
    mounts: dict[str, str]
    volumes: Sequence[core.v1.VolumeArgs]
    image: pulumi.Output[str] | None
    first: Sequence[core.v1.ContainerArgs] = ()
    """What runs before the job itself."""
    read_only: Collection[str] = ()
    """Volumes that only `first` writes."""


def throwaway(pods: PodContext, verify: VerifySettings) -> Room:
    """For a throwaway server, out of a set or the archive."""
    archive = pods.archive
    return Room(
        env={
            "VERIFY_REPEAT_DAYS": str(verify.repeat_days),
            "VERIFY_SCRATCH": SCRATCH,
            # The kubelet evicts a pod that takes more: the script refuses before it does.
            "VERIFY_SCRATCH_BYTES": str(quantity_bytes(verify.scratch_size)),
            # The set that is begun last has time to end before the job's.
            "VERIFY_SCRUB_DAYS": str(verify.scrub_days),
            "VERIFY_SECONDS": str(verify.timeout * 5 // 6),
            **(archive.env if archive else {}),
        },
        mounts={
            SCRATCH: "scratch",
            "/var/run/postgresql": "run",
            "/dev/shm": "shm",  # noqa: S108 (a mount)
            **(archive.mounts if archive else {}),
        },
        volumes=[
            *(archive.volumes if archive else []),
            empty_volume("scratch", size=verify.scratch_size),
            empty_volume("run"),
            empty_volume("shm", size="64Mi", medium="Memory"),
        ],
        image=pods.tools_image,
    )


def reading(pods: PodContext, room: Room) -> Room:
    """The same, with what opens encrypted sets."""
    if not (encryption := pods.encryption):
        return room
    return replace(
        room,
        env=room.env | encryption.read_env,
        mounts=room.mounts | encryption.mounts,
        volumes=[*room.volumes, *encryption.volumes],
    )


def opened_set(pods: PodContext) -> Room | None:
    """For a backup beside encrypted sets: what the newest one holds is read for it first.

    By a container of its own, so that what dumps every database never has what opens the sets.
    """
    if not (encryption := pods.encryption):
        return None
    env = encryption.write_env | encryption.opened_env
    opening = container(
        pods,
        NAME,
        command=["bash", f"{SCRIPTS}/key.sh", "--try"],
        env=job_env(pods) | encryption.read_env | env,
        mounts=encryption.mounts | encryption.opened,
        image=pods.tools_image,
    )
    return Room(
        env=env,
        mounts=encryption.opened,
        volumes=[*encryption.volumes, encryption.opened_volume],
        image=pods.tools_image,
        first=[opening],
        read_only=[*encryption.opened.values()],
    )
