"""What every pod here has in common: the image, the rights, the mounts, the environment.

One image runs server, backup, restore and verification, so no client is ever older or newer
than its server. A pod gets no more than its own job needs: no root, no capability, no token,
no writable root file system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import pulumi
from pulumi_kubernetes import core

from components.cluster import names
from components.cluster.shipped import items
from components.settings.postgres import Resources

UID = 70  # postgres in the official alpine image
STORE = "/backup"
DATA = "/var/lib/postgresql/data"
SECRETS = "/run/secrets/postgres"
SCRIPTS = "/backup-scripts"
SCRATCH = "/scratch"
SERVER_WAIT = 300
"""Seconds a backup waits for a server that is starting: a run missed meanwhile fires at once."""
READ_ONLY = {"scripts", "secrets", "initdb", "tls", "hba"}


@dataclass(frozen=True, kw_only=True)
class PodContext:
    """What the pods of one database have in common, whichever component makes them.

    PostgresDatabase makes it, and hands it to all that save, verify or show the database.
    """

    namespace: pulumi.Output[str]
    context: str
    """Of the kubeconfig, for kubectl."""
    image: pulumi.Output[str]
    """Of every container, once it is known to fit the data (PostgresVersion)."""
    resources: Resources
    host: pulumi.Output[str]
    databases: Sequence[str]
    superuser_secret: str
    role_secrets: Mapping[str, str]
    """By database: the Secret that an application mounts, with its role's password."""
    tls_secret: str
    """With the CA's certificate and the server's."""
    store_claim: str
    scripts: str
    """The ConfigMap with scripts/pod."""
    store_env: Mapping[str, pulumi.Input[str]]
    """BACKUP_*: the store's identity and how sets are kept in it."""
    mounted: Sequence[pulumi.Resource]
    """What has to be there before a pod starts, and to stay while one runs."""


class Source(Protocol):
    """A database that is saved, verified and shown: PostgresDatabase is one."""

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
        "POSTGRES_PASSWORD_FILE": f"{SECRETS}/superuser",
        # C.UTF-8 sorts alike on every libc, so no index breaks when the image changes.
        "POSTGRES_INITDB_ARGS": (
            "--data-checksums --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8"
        ),
        "POSTGRES_DATABASES": "\n".join(pods.databases),
        "ROLE_PASSWORDS_DIR": f"{SECRETS}/roles",
    }


def client_env(host: pulumi.Input[str]) -> dict[str, pulumi.Input[str]]:
    """How a client reaches the server `host` as the superuser, sure of whom it talks to."""
    return {
        "PGHOST": host,
        "PGPORT": str(names.PORT),
        "PGUSER": names.SUPERUSER,
        "PGPASSWORD_FILE": f"{SECRETS}/superuser",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": f"{SECRETS}/ca.crt",
    }


def job_env(pods: PodContext) -> dict[str, pulumi.Input[str]]:
    """For clients of the server: backup, restore, verification."""
    return {
        **pods.store_env,
        **client_env(pods.host),
        "POSTGRES_DATABASES": "\n".join(pods.databases),
        "ROLE_PASSWORDS_DIR": f"{SECRETS}/roles",
    }


def container(
    pods: PodContext,
    name: str,
    *,
    command: Sequence[str],
    env: dict[str, pulumi.Input[str]],
    mounts: dict[str, str],
    image: str | None = None,
) -> core.v1.ContainerArgs:
    """A container with the least rights; `mounts` are volume names by path, beside the usual.

    `image` is another one than all other containers have.
    """
    usual = {"/tmp": "tmp", SCRIPTS: "scripts", SECRETS: "secrets", STORE: "backup"}  # noqa: S108 (a mount)
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
            core.v1.VolumeMountArgs(mount_path=path, name=volume, read_only=volume in READ_ONLY)
            for path, volume in sorted((usual | mounts).items())
        ],
    )


def least_rights() -> core.v1.SecurityContextArgs:
    """Of every container."""
    return core.v1.SecurityContextArgs(
        allow_privilege_escalation=False,
        read_only_root_filesystem=True,
        capabilities=core.v1.CapabilitiesArgs(drop=["ALL"]),
    )


def as_postgres() -> core.v1.PodSecurityContextArgs:
    """The user who owns the data and the sets, which nobody else can read."""
    return core.v1.PodSecurityContextArgs(
        run_as_non_root=True,
        run_as_user=UID,
        run_as_group=UID,
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
        security_context=as_postgres(),
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
                # For the group alone: psql refuses nothing here, but no other uid has to read it.
                default_mode=0o440,
                sources=[
                    _key(pods.superuser_secret, "password", "superuser"),
                    _key(pods.tls_secret, "ca.crt", "ca.crt"),
                    *(
                        _key(secret, "password", f"roles/{database}")
                        for database, secret in pods.role_secrets.items()
                    ),
                ],
            ),
        ),
    ]


def _key(secret: str, key: str, path: str) -> core.v1.VolumeProjectionArgs:
    return core.v1.VolumeProjectionArgs(
        secret=core.v1.SecretProjectionArgs(
            name=secret, items=[core.v1.KeyToPathArgs(key=key, path=path)]
        )
    )


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
