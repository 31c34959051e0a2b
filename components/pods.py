"""What every pod here has in common: the image, the rights, the mounts, the environment.

One image runs server, backup, restore and verification, so no client is ever older or newer
than its server. A pod gets no more than its own job needs: no root, no capability, no token,
no writable root file system.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core

from components import names
from components.fields import Accept
from components.settings import Settings
from components.shipped import items

UID = 70  # postgres in the official alpine image
STORE = "/backup"
DATA = "/var/lib/postgresql/data"
SECRETS = "/run/secrets/postgres"
SCRIPTS = "/backup-scripts"
SCRATCH = "/scratch"
READ_ONLY = {"scripts", "secrets", "initdb", "tls", "hba"}


@dataclass(frozen=True, kw_only=True)
class PodArgs:
    """What the pods of one stack are made from."""

    settings: Settings
    image: pulumi.Input[str]
    """Of every container, once it is known to fit the data (PostgresVersion)."""
    backup_claim: str
    store_id: pulumi.Input[str]
    """Identity of the store that belongs to this stack; a pod that finds another one stops."""


def store_env(args: PodArgs) -> dict[str, pulumi.Input[str]]:
    """BACKUP_*, the same for the server's start and for all jobs."""
    backup = args.settings.backup
    volatile = args.settings.startup.accepts(Accept.VOLATILE_STORE)
    return {
        "BACKUP_ROOT": STORE,
        "BACKUP_STORE_ID": args.store_id,
        "BACKUP_KEEP": str(backup.keep),
        "BACKUP_KEEP_DAILY": str(backup.keep_daily),
        "BACKUP_KEEP_WEEKLY": str(backup.keep_weekly),
        "BACKUP_KEEP_MONTHLY": str(backup.keep_monthly),
        "BACKUP_FORMAT": backup.format.value,
        "BACKUP_COMPRESSION": backup.compression,
        "BACKUP_JOBS": str(backup.jobs),
        "BACKUP_HASHES": backup.hashes.value,
        "BACKUP_LOCK_WAIT": str(backup.lock_wait),
        "BACKUP_MIN_FREE": str(backup.min_free_bytes),
        "BACKUP_ALLOW_VOLATILE": "1" if volatile else "0",
    }


def server_env(args: PodArgs) -> dict[str, pulumi.Input[str]]:
    """For the server and for the init container that fills its data directory."""
    settings = args.settings
    return store_env(args) | {
        "PGDATA": f"{DATA}/pgdata",
        "POSTGRES_USER": names.SUPERUSER,
        "POSTGRES_PASSWORD_FILE": f"{SECRETS}/superuser",
        # C.UTF-8 sorts alike on every libc, so no index breaks when the image changes.
        "POSTGRES_INITDB_ARGS": (
            "--data-checksums --auth-host=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8"
        ),
        "POSTGRES_DATABASES": "\n".join(settings.postgres.databases),
        "ROLE_PASSWORDS_DIR": f"{SECRETS}/roles",
        "STARTUP_SET": settings.startup.from_set,
        "STARTUP_ACCEPT": settings.startup.for_scripts,
    }


def job_env(args: PodArgs) -> dict[str, pulumi.Input[str]]:
    """For clients of the server: backup, restore, verification."""
    return store_env(args) | {
        "PGHOST": names.address(args.settings.namespace),
        "PGPORT": str(names.PORT),
        "PGUSER": names.SUPERUSER,
        "PGPASSWORD_FILE": f"{SECRETS}/superuser",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": f"{SECRETS}/ca.crt",
        "POSTGRES_DATABASES": "\n".join(args.settings.postgres.databases),
        "ROLE_PASSWORDS_DIR": f"{SECRETS}/roles",
    }


def container(
    args: PodArgs,
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
    postgres = args.settings.postgres
    usual = {"/tmp": "tmp", SCRIPTS: "scripts", SECRETS: "secrets", STORE: "backup"}  # noqa: S108 (a mount)
    return core.v1.ContainerArgs(
        name=name,
        image=image or args.image,
        command=list(command),
        env=[core.v1.EnvVarArgs(name=key, value=value) for key, value in sorted(env.items())],
        security_context=least_rights(),
        resources=core.v1.ResourceRequirementsArgs(
            requests={"cpu": postgres.resources.cpu, "memory": postgres.resources.memory},
            limits={"memory": postgres.resources.memory},
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
    args: PodArgs,
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
        volumes=[*_usual_volumes(args), *volumes],
    )


def _usual_volumes(args: PodArgs) -> list[core.v1.VolumeArgs]:
    return [
        empty_volume("tmp"),
        core.v1.VolumeArgs(
            name="scripts",
            config_map=core.v1.ConfigMapVolumeSourceArgs(
                name=names.SCRIPTS,
                default_mode=0o755,
                items=[core.v1.KeyToPathArgs(key=x["key"], path=x["path"]) for x in items()],
            ),
        ),
        claim_volume("backup", args.backup_claim),
        core.v1.VolumeArgs(
            name="secrets",
            projected=core.v1.ProjectedVolumeSourceArgs(
                # For the group alone: psql refuses nothing here, but no other uid has to read it.
                default_mode=0o440,
                sources=[
                    _key(names.SUPERUSER_SECRET, "password", "superuser"),
                    _key(tls_secret(args.settings), "ca.crt", "ca.crt"),
                    *(
                        _key(names.database_secret(database), "password", f"roles/{database}")
                        for database in args.settings.postgres.databases
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


def tls_secret(settings: Settings) -> str:
    """The Secret with the server's certificate: ours, or the one that the settings name."""
    return settings.postgres.tls.secret_name or names.TLS_SECRET


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
