"""The place of the backup sets: its volume, its claim, and its identity as a store.

Sets outlive everything here. The volume's reclaim policy is Retain in every kind, so deleting
the claim, the namespace, the stack or the cluster's objects deletes no file; the hostPath and
nfs volumes are only descriptions of a directory. That is why nothing is protected from
`pulumi destroy`: protection would stop the destroy and guard nothing.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_command import local
from pulumi_kubernetes import core, meta

from components.backup import store_pod
from components.backup.place import bind_again, describe, other_place
from components.backup.scripts import BackupScripts
from components.cluster import names
from components.cluster.kubectl import HOST_SCRIPTS, Kubectl, script
from components.cluster.pods import STORE
from components.cluster.stash import refuse_change
from components.settings.backup import BackupSettings, StorageSettings
from components.settings.postgres import IMAGE
from components.settings.types import StorageKind


@dataclass(frozen=True, kw_only=True)
class BackupStorageArgs:
    """What a BackupStorage is made from."""

    namespace: pulumi.Input[str]
    context: str = "minikube"
    """Of the kubeconfig, for kubectl."""
    settings: BackupSettings = BackupSettings()
    """Where sets lie, and how they are kept there."""
    image: pulumi.Input[str] = IMAGE
    """Of the pod that makes the store: the server's."""
    allow_volatile: bool = False
    """Whether a store may lie on a file system that a restart empties."""
    volume: str = names.BACKUP_VOLUME
    """One name in the whole cluster: a second store needs another."""
    claim: str = names.BACKUP_CLAIM
    scripts: BackupScripts | None = None
    """The programs that pods run on it; by default made as a part of it."""


class BackupStorage(pulumi.ComponentResource):
    """A claim to mount at /backup, the identity of the store behind it, and the scripts to use it.

    It owns the volume and the claim (none of an existing claim's) and never a file: sets are
    written and removed by the scripts alone.

    >>> BackupStorage(
    ...     "sets",
    ...     BackupStorageArgs(
    ...         namespace="ales",
    ...         volume="ales-backups",
    ...         settings=BackupSettings(storage=StorageSettings(path="/mnt/data/ales")),
    ...     ),
    ... )
    """

    namespace: pulumi.Output[str]
    context: str
    claim: str
    """Name of the claim to mount."""
    scripts: str
    """The ConfigMap with the programs that pods run on it."""
    path: str
    """The directory of the sets where the kind has one, else the claim."""
    readers: int
    """Number of the group that may read the sets; 0: none."""
    store_id: pulumi.Output[str]
    """Identity of the store, read once when it was made. One that vanishes later is not replaced
    by an empty one: start-up finds another identity, or none, and stops."""
    env: dict[str, pulumi.Input[str]]
    """BACKUP_*, the same for the server's start and for all jobs."""
    resources: Sequence[pulumi.Resource]

    def __init__(
        self, name: str, args: BackupStorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        storage = args.settings.storage
        inputs = {"namespace": args.namespace, "kind": storage.kind.value}
        super().__init__("brewget:index:BackupStorage", name, inputs, opts)
        self._args, self._settings = args, storage
        self.namespace = pulumi.Output.from_input(args.namespace)
        self.context = args.context
        self.readers = storage.group
        scripts = args.scripts or BackupScripts(
            f"{name}-scripts", self.namespace, opts=pulumi.ResourceOptions(parent=self)
        )
        self.scripts = scripts.name
        place = self._place(name)
        volume, claim = None, None
        if storage.kind in {StorageKind.HOST_PATH, StorageKind.NFS}:
            volume = self._volume(name, place)
        if storage.kind is not StorageKind.EXISTING_CLAIM:
            claim = self._claim(name, volume, place)
        self.claim = storage.claim or args.claim
        self.path = storage.path if volume else f"claim {self.claim}"
        mounted = [scripts.config_map, *([claim] if claim else [])]
        store = self._store(name, place, mounted)
        self.store_id = store.stdout
        self.env = self._env()
        self.resources = [store, *mounted]
        self.register_outputs({"claim": self.claim, "store_id": self.store_id})

    def _env(self) -> dict[str, pulumi.Input[str]]:
        backup = self._args.settings
        return {
            "BACKUP_ROOT": STORE,
            "BACKUP_STORE_ID": self.store_id,
            "BACKUP_KEEP": str(backup.keep),
            "BACKUP_KEEP_DAILY": str(backup.keep_daily),
            "BACKUP_KEEP_WEEKLY": str(backup.keep_weekly),
            "BACKUP_KEEP_MONTHLY": str(backup.keep_monthly),
            "BACKUP_FORMAT": backup.format.value,
            "BACKUP_COMPRESSION": backup.compression,
            "BACKUP_JOBS": str(backup.jobs),
            "BACKUP_HASHES": backup.hashes.value,
            "BACKUP_SKIP": "\n".join(backup.skip),
            "BACKUP_LOCK_WAIT": str(backup.lock_wait),
            "BACKUP_MIN_FREE": str(backup.min_free_bytes),
            "BACKUP_ALLOW_VOLATILE": "1" if self._args.allow_volatile else "0",
        }

    def _place(self, name: str) -> pulumi.Output[str]:
        """Where the store was made. Settings that point elsewhere end the preview."""
        child = pulumi.ResourceOptions(parent=self)
        return refuse_change(f"{name}-place", describe(self._settings), other_place, child)

    def _volume(self, name: str, place: pulumi.Input[str]) -> core.v1.PersistentVolume:
        args, storage = self._args, self._settings
        host_path = core.v1.HostPathVolumeSourceArgs(path=storage.path, type="DirectoryOrCreate")
        nfs = core.v1.NFSVolumeSourceArgs(path=storage.path, server=storage.server)
        local_directory = storage.kind is StorageKind.HOST_PATH
        return core.v1.PersistentVolume(
            f"{name}-volume",
            metadata=meta.v1.ObjectMetaArgs(
                name=args.volume,
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
                    namespace=self.namespace,
                    name=args.claim,
                ),
                host_path=host_path if local_directory else None,
                nfs=None if local_directory else nfs,
            ),
            # A stack of before volumes were named by their namespace keeps the name that it has.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["metadata.name"]),
        )

    def _claim(
        self, name: str, volume: core.v1.PersistentVolume | None, place: pulumi.Input[str]
    ) -> core.v1.PersistentVolumeClaim:
        args, storage = self._args, self._settings
        return core.v1.PersistentVolumeClaim(
            f"{name}-claim",
            metadata=meta.v1.ObjectMetaArgs(
                name=args.claim,
                namespace=self.namespace,
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
                volume_name=_name_of(volume) if volume else None,
            ),
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[volume] if volume else [],
                hooks=pulumi.ResourceHookBinding(
                    before_create=[pulumi.ResourceHook(f"{name}-readopt", self._readopt)]
                ),
            ),
        )

    async def _readopt(self, args: pulumi.ResourceHookArgs) -> None:
        metadata = (args.new_inputs or {})["metadata"]
        kubectl = Kubectl(self.context, metadata["namespace"])
        named = (args.new_inputs or {})["spec"].get("volumeName")
        for volume in await asyncio.to_thread(bind_again, kubectl, metadata["name"], named):
            pulumi.log.info(f"{volume} was Released: it is bound to {metadata['name']} again")

    def _store(
        self, name: str, place: pulumi.Input[str], mounted: Sequence[pulumi.Resource]
    ) -> local.Command:
        own = self._settings.kind is not StorageKind.EXISTING_CLAIM
        pod = store_pod.StorePod(
            claim=self.claim,
            scripts=self.scripts,
            kind=self._settings.kind,
            allow_volatile=self._args.allow_volatile,
        )
        manifest = pulumi.Output.all(self.namespace, self._args.image).apply(
            lambda both: json.dumps(store_pod.manifest(pod, *both), sort_keys=True)
        )
        return local.Command(
            f"{name}-store",
            create=script(
                self.context,
                self.namespace,
                HOST_SCRIPTS / "create-store.sh",
                store_pod.POD,
                *[self.claim] * own,
            ),
            # Once in the stack's life. A store that is gone must not be made again, empty,
            # because an unrelated input of this command changed.
            update='printf %s "$PULUMI_COMMAND_STDOUT"',
            stdin=manifest,
            environment={"PLACE": place},
            logging=local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(mounted)),
        )


def _name_of(volume: core.v1.PersistentVolume) -> pulumi.Output[str]:
    """As it is: one of before volumes were named by their namespace has kept its name."""
    return volume.metadata.apply(lambda found: str(found.name))


def namespace_home(storage: StorageSettings) -> pulumi.ResourceOptions:
    """Options of the namespace: one with somebody else's claim in it stays when the stack goes."""
    theirs = storage.kind is StorageKind.EXISTING_CLAIM
    return pulumi.ResourceOptions(retain_on_delete=theirs)


def _access_modes(storage: StorageSettings) -> list[str]:
    return ["ReadWriteMany" if storage.kind is StorageKind.NFS else "ReadWriteOnce"]
