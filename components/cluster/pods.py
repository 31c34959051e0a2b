"""What every pod here has in common: the image, the rights, the mounts, the environment.

One image runs server, backup, restore and verification, so no client is ever older or newer
than its server. A pod gets no more than its own job needs: no root, no capability, no token,
no writable root file system.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi
from pulumi_kubernetes import core

from components.cluster import names
from components.cluster.access import PASSWORD, SECRETS, Access, client_env
from components.cluster.archive import ArchivePods
from components.cluster.encryption import EncryptionPods
from components.cluster.shipped import items
from components.cluster.volumes import READ_ONLY, claim_volume, empty_volume, secret_file
from components.settings.postgres import Resources

UID = 70
"""Of postgres in the official alpine image, and here in every image: what one has written the next
can read. Debian's gives that name another number."""
PASSWD = "etc/passwd"  # noqa: S105 (a file of scripts/pod: it gives UID a name, as initdb wants)
STORE = "/backup"
DATA = "/var/lib/postgresql/data"
SCRIPTS = "/backup-scripts"
SCRATCH = "/scratch"
SERVER_WAIT = 300
"""Seconds a backup waits for a server that is starting: a run missed meanwhile fires at once."""
USUAL = {"/tmp": "tmp", SCRIPTS: "scripts", SECRETS: "secrets", STORE: "backup"}  # noqa: S108 (a mount)
"""What every container has mounted, unless it needs less."""
NEVER_WRITTEN = {
    *("scripts", "secrets", "initdb", "tls", "hba"),
    *("archive-conf", "archive-keys", "archive-files", "encryption"),
}


@dataclass(frozen=True, kw_only=True)
class PodContext:
    """What the pods of one database have in common, whichever component makes them.

    A Source makes it, and hands it to all that save, verify or show the database.
    """

    namespace: pulumi.Output[str]
    context: str
    """Of the kubeconfig, for kubectl."""
    image: pulumi.Output[str]
    """Of every container, once it is known to fit the data (PostgresVersion)."""
    resources: Resources
    access: Access
    databases: Sequence[str]
    """Those of a server of our own, which are made; of others' those that are saved, none: all."""
    superuser_secret: str
    """With the password of the role that saves and restores."""
    role_secrets: Mapping[str, str]
    """By database: the Secret that an application mounts, with its role's password. None where
    others run the server."""
    tls_secret: str
    """With the CA's certificate; empty where there is none to mount."""
    store_claim: str
    scripts: str
    """The ConfigMap with scripts/pod."""
    store_env: Mapping[str, pulumi.Input[str]]
    """BACKUP_*: the store's identity and how sets are kept in it."""
    readers: int
    """Number of the group that may read the sets; 0: none."""
    mounted: Sequence[pulumi.Resource]
    """What has to be there before a pod starts, and to stay while one runs."""
    archive: ArchivePods | None = None
    """Where the database has one."""
    encryption: EncryptionPods | None = None
    """Where sets are encrypted, or were."""
    is_ours: bool = True
    """Whether the server is one of our own, not one that others run."""

    @property
    def tools_image(self) -> pulumi.Output[str]:
        """Of what works with archive or encryption; the same as all others' where there is none."""
        tools = self.archive.settings.image if self.archive else ""
        tools = tools or (self.encryption.image if self.encryption else "")
        # By way of the usual image, which is known once it fits the data.
        return self.image.apply(lambda _: tools) if tools else self.image


class Source(Protocol):
    """A database that is saved, verified and shown: PostgresDatabase and ExternalDatabase."""

    # Properties, as a component's own attributes may be of narrower types.
    @property
    def pods(self) -> PodContext:
        """What every pod that works with the database is made from."""

    @property
    def ready(self) -> pulumi.Resource:
        """There as soon as the server answers."""


def server_env(pods: PodContext) -> dict[str, pulumi.Input[str]]:
    """For the server and for the init container that fills its data directory."""
    return {
        **pods.store_env,
        "PGDATA": f"{DATA}/pgdata",
        "POSTGRES_USER": names.SUPERUSER,
        "POSTGRES_PASSWORD_FILE": PASSWORD,
        # C.UTF-8 sorts alike on every libc, so no index breaks when the image changes.
        "POSTGRES_INITDB_ARGS": (
            "--data-checksums --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8"
        ),
        "POSTGRES_DATABASES": "\n".join(pods.databases),
        "ROLE_PASSWORDS_DIR": f"{SECRETS}/roles",
    }


def job_env(pods: PodContext) -> dict[str, pulumi.Input[str]]:
    """For clients of the server: backup, restore, verification."""
    databases = "\n".join(pods.databases)
    ours = {"POSTGRES_DATABASES": databases, "ROLE_PASSWORDS_DIR": f"{SECRETS}/roles"}
    others = {"BACKUP_DATABASES": databases, "SERVER_OF_OTHERS": "1"}
    return {
        **pods.store_env,
        **client_env(pods.access),
        **(ours if pods.is_ours else others),
        # Files are the group's that the pod runs as.
        **({"BACKUP_UMASK": "027"} if pods.readers else {}),
    }


def container(
    pods: PodContext,
    name: str,
    *,
    command: Sequence[str],
    env: dict[str, pulumi.Input[str]],
    mounts: dict[str, str],
    image: pulumi.Input[str] | None = None,
    usual: Mapping[str, str] = USUAL,
    read_only: Collection[str] = (),
) -> core.v1.ContainerArgs:
    """A container with the least rights; `mounts` are volume names by path, beside the `usual`.

    `image` is another one than all other containers have; `read_only` are volumes that others
    write.
    """
    closed = NEVER_WRITTEN | {*read_only}
    return core.v1.ContainerArgs(
        name=name,
        image=image or pods.image,
        command=list(command),
        env=[core.v1.EnvVarArgs(name=key, value=value) for key, value in sorted(env.items())],
        security_context=least_rights(),
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": pods.resources.cpu, "memory": pods.resources.memory},
            limits={"memory": pods.resources.memory},
        ),
        volume_mounts=[
            core.v1.VolumeMountArgs(
                mount_path=f"/{PASSWD}", name="scripts", sub_path=PASSWD, read_only=True
            ),
            *(
                core.v1.VolumeMountArgs(mount_path=path, name=volume, read_only=volume in closed)
                for path, volume in sorted({**usual, **mounts}.items())
            ),
        ],
    )


def least_rights() -> core.v1.SecurityContextArgs:
    """Of every container."""
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def as_postgres(readers: int = 0) -> core.v1.PodSecurityContextArgs:
    """The user who owns the data and the sets, which nobody else can read but the `readers`."""
    return core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=UID,
        run_as_group=readers or UID,
        fs_group=UID,
        # A store with many sets is not walked file by file at each start.
        fs_group_change_policy="OnRootMismatch",
        seccomp_profile=core.v1.SeccompProfileArgs(type="RuntimeDefault"),
    )


def pod(
    pods: PodContext,
    containers: Sequence[core.v1.ContainerArgs],
    volumes: Sequence[core.v1.VolumeArgs],
    *,
    init_containers: Sequence[core.v1.ContainerArgs] = (),
    restart_policy: str = "Never",
    grace_seconds: int = 30,
) -> core.v1.PodSpecArgs:
    """A pod of `containers` with the usual volumes and `volumes`."""
    return core.v1.PodSpecArgs(
        automount_service_account_token=False,
        # A Service of the namespace named postgres would set POSTGRES_PORT=tcp://… in every pod.
        enable_service_links=False,
        restart_policy=restart_policy,
        termination_grace_period_seconds=grace_seconds,
        security_context=as_postgres(pods.readers),
        init_containers=list(init_containers) or None,
        containers=list(containers),
        volumes=[*_usual_volumes(pods), *volumes],
    )


def _usual_volumes(pods: PodContext) -> list[core.v1.VolumeArgs]:
    return [
        empty_volume("tmp"),
        core.v1.VolumeArgs(
            name="scripts",
            config_map=core.v1.ConfigMapVolumeSourceArgs(
                name=pods.scripts,
                default_mode=0o755,
                items=[core.v1.KeyToPathArgs(key=x["key"], path=x["path"]) for x in items()],
            ),
        ),
        claim_volume("backup", pods.store_claim),
        core.v1.VolumeArgs(
            name="secrets",
            projected=core.v1.ProjectedVolumeSourceArgs(
                default_mode=READ_ONLY,
                sources=[
                    secret_file(pods.superuser_secret, "password", "superuser"),
                    *([secret_file(pods.tls_secret, "ca.crt", "ca.crt")] * bool(pods.tls_secret)),
                    *(
                        secret_file(secret, "password", f"roles/{database}")
                        for database, secret in pods.role_secrets.items()
                    ),
                ],
            ),
        ),
    ]
