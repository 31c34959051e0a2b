"""The place of the backup sets: its volume, its claim, and its identity as a store.

Sets outlive everything here. The volume's reclaim policy is Retain in every kind, so deleting
the claim, the namespace, the stack or the cluster's objects deletes no file; the hostPath and
nfs volumes are only descriptions of a directory. That is why nothing is protected from
`pulumi destroy`: protection would stop the destroy and guard nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local
from pulumi_kubernetes import core, meta

from components.backup import store_pod
from components.cluster import names
from components.cluster.kubectl import HOST_SCRIPTS, Kubectl
from components.cluster.stash import unchanged
from components.settings.model import Settings, StorageSettings
from components.settings.types import StorageKind


@dataclass(frozen=True, kw_only=True)
class BackupStorageArgs:
    """What BackupStorage needs from its neighbours."""

    settings: Settings
    after: Sequence[pulumi.Resource] = ()
    """What the pod that makes the store mounts: the scripts."""


class BackupStorage(pulumi.ComponentResource):
    """A claim to mount at /backup, and the identity of the store behind it.

    It owns the volume and the claim (none of an existing claim's) and never a file: sets are
    written and removed by the scripts alone.
    """

    claim: str
    """Name of the claim to mount."""
    path: str
    """The directory of the sets where the kind has one, else the claim."""
    store_id: pulumi.Output[str]
    """Identity of the store, read once when it was made. One that vanishes later is not replaced
    by an empty one: start-up finds another identity, or none, and stops."""
    resources: list[pulumi.Resource]

    def __init__(
        self, name: str, args: BackupStorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("brewget:index:BackupStorage", name, None, opts)
        self._settings = args.settings
        self._kubectl = Kubectl(args.settings.kube_context, args.settings.namespace)
        storage = args.settings.backup.storage
        place = self._place(name)
        volume, claim = None, None
        if storage.kind in {StorageKind.HOST_PATH, StorageKind.NFS}:
            volume = self._volume(name, place)
        if storage.kind is not StorageKind.EXISTING_CLAIM:
            claim = self._claim(name, volume, place)
        self.claim = storage.claim or names.BACKUP_CLAIM
        self.path = storage.path if volume else f"claim {self.claim}"
        store = self._store(name, place, [*args.after, *([claim] if claim else [])])
        self.store_id = store.stdout
        self.resources = [store, *([claim] if claim else [])]
        self.register_outputs({"claim": self.claim, "store_id": self.store_id})

    def _place(self, name: str) -> pulumi.Output[str]:
        """Where the store was made. Settings that point elsewhere end the preview."""
        now = describe(self._settings.backup.storage)
        return unchanged(
            f"{name}-place",
            now,
            lambda then: other_place(then, now),
            pulumi.ResourceOptions(parent=self),
        )

    def _volume(self, name: str, place: pulumi.Input[str]) -> core.v1.PersistentVolume:
        settings, storage = self._settings, self._settings.backup.storage
        host_path = core.v1.HostPathVolumeSourceArgs(path=storage.path, type="DirectoryOrCreate")
        nfs = core.v1.NFSVolumeSourceArgs(path=storage.path, server=storage.server)
        local_directory = storage.kind is StorageKind.HOST_PATH
        return core.v1.PersistentVolume(
            f"{name}-volume",
            metadata=meta.v1.ObjectMetaArgs(
                name=names.BACKUP_VOLUME,
                labels=names.PART_OF,
                # The check of the place comes before anything happens to the volume.
                annotations={"brewget.dev/place": place},
            ),
            spec=core.v1.PersistentVolumeSpecArgs(
                storage_class_name=names.BACKUP_CLASS,
                capacity={"storage": storage.size},
                access_modes=_access_modes(storage),
                persistent_volume_reclaim_policy="Retain",
                # By name, without a uid: no other claim of the class can take the volume, and
                # this one gets it again after its namespace was deleted.
                claim_ref=core.v1.ObjectReferenceArgs(
                    api_version="v1",
                    kind="PersistentVolumeClaim",
                    namespace=settings.namespace,
                    name=names.BACKUP_CLAIM,
                ),
                host_path=host_path if local_directory else None,
                nfs=None if local_directory else nfs,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _claim(
        self, name: str, volume: core.v1.PersistentVolume | None, place: pulumi.Input[str]
    ) -> core.v1.PersistentVolumeClaim:
        storage = self._settings.backup.storage
        return core.v1.PersistentVolumeClaim(
            f"{name}-claim",
            metadata=meta.v1.ObjectMetaArgs(
                name=names.BACKUP_CLAIM,
                namespace=self._settings.namespace,
                labels=names.PART_OF,
                # As for the volume: replaced, it would have gone before the check.
                annotations={"brewget.dev/place": place},
            ),
            spec=core.v1.PersistentVolumeClaimSpecArgs(
                storage_class_name=names.BACKUP_CLASS if volume else storage.storage_class,
                access_modes=_access_modes(storage),
                resources=core.v1.VolumeResourceRequirementsArgs(
                    requests={"storage": storage.size}
                ),
                volume_name=names.BACKUP_VOLUME if volume else None,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[volume] if volume else [],
                hooks=pulumi.ResourceHookBinding(
                    before_create=[pulumi.ResourceHook(f"{name}-readopt", self._readopt)]
                ),
            ),
        )

    def _readopt(self, _: pulumi.ResourceHookArgs) -> None:
        """Let a volume whose claim went with its namespace be bound again.

        It stays Released for ever, as it is still reserved for the old claim's uid.
        """
        for volume in released(
            self._kubectl.get("persistentvolumes"), self._settings.namespace, names.BACKUP_CLAIM
        ):
            pulumi.log.info(f"{volume} is Released: binding it to {names.BACKUP_CLAIM} again")
            patch = json.dumps({"spec": {"claimRef": {"uid": None, "resourceVersion": None}}})
            self._kubectl.run("patch", "persistentvolume", volume, "--type=merge", "-p", patch)

    def _store(
        self, name: str, place: pulumi.Input[str], after: Sequence[pulumi.Resource]
    ) -> local.Command:
        own = self._settings.backup.storage.kind is not StorageKind.EXISTING_CLAIM
        return local.Command(
            f"{name}-store",
            create=self._kubectl.script(
                HOST_SCRIPTS / "create-store.sh", store_pod.POD, *[names.BACKUP_CLAIM] * own
            ),
            # Once in the stack's life. A store that is gone must not be made again, empty,
            # because an unrelated input of this command changed.
            update='printf %s "$PULUMI_COMMAND_STDOUT"',
            stdin=json.dumps(store_pod.manifest(self._settings, self.claim), sort_keys=True),
            environment={"PLACE": place},
            logging=local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(after)),
        )


def home(settings: Settings) -> pulumi.ResourceOptions:
    """Options of the namespace: one with somebody else's claim in it stays when the stack goes."""
    theirs = settings.backup.storage.kind is StorageKind.EXISTING_CLAIM
    return pulumi.ResourceOptions(retain_on_delete=theirs)


def _access_modes(storage: StorageSettings) -> list[str]:
    return ["ReadWriteMany" if storage.kind is StorageKind.NFS else "ReadWriteOnce"]


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


def other_place(then: str, now: str) -> str:
    """Why the store stays where it is: its sets would not come along."""
    return (
        f"backup.storage is now {now}, but the store was made as {then}, and its sets would "
        "stay behind. To move: pulumi destroy --run-program (takes a last set and keeps all), "
        "copy the sets, pulumi up. To stay: set backup.storage.* back"
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
