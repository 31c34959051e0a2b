"""The archiver beside the server, and what the server has to be told for it."""

from pulumi_kubernetes import core

from components.cluster import names
from components.cluster.access import SECRETS
from components.cluster.archive import NAME, ArchivePods
from components.cluster.pods import (
    DATA,
    SCRIPTS,
    SERVER_WAIT,
    USUAL,
    PodContext,
    container,
)
from components.settings.validators import quantity_bytes

SOCKET = "/var/run/postgresql"
_MEBIBYTE = 2**20


def sidecar(pods: PodContext, archive: ArchivePods) -> core.v1.ContainerArgs:
    """Streams the server's WAL into the store and takes the archive's backups.

    It reads the data and holds none of the database's passwords: the server knows it by its user,
    over the socket.
    """
    settings, script = archive.settings, f"{SCRIPTS}/archiver.sh"
    made = container(
        pods,
        NAME,
        command=["bash", script],
        env={
            **pods.store_env,
            **archive.env,
            "PGDATA": f"{DATA}/pgdata",
            "PGHOST": SOCKET,
            "PGPORT": str(names.PORT),
            "PGUSER": names.SUPERUSER,
            "BACKUP_SERVER_WAIT": str(SERVER_WAIT),
            "ARCHIVE_SYNCHRONOUS": str(int(settings.synchronous)),
            "ARCHIVE_FULL_HOURS": str(settings.full_hours),
            "ARCHIVE_DIFF_HOURS": str(settings.diff_hours),
            "ARCHIVE_INCR_HOURS": str(settings.incr_hours),
        },
        mounts={SOCKET: "run", DATA: "data", **archive.mounts},
        image=pods.tools_image,
        usual={path: volume for path, volume in USUAL.items() if path != SECRETS},
        read_only={"data"},
    )
    # Little but while a backup is compressed, by two processes for each repository.
    made.resources = core.v1.ResourceRequirementsArgs(
        requests={"cpu": "50m", "memory": "128Mi"}, limits={"memory": "512Mi"}
    )
    # Both containers are told to stop at once: the server's last words are to be kept, too.
    made.lifecycle = core.v1.LifecycleArgs(
        pre_stop=core.v1.LifecycleHandlerArgs(
            exec_=core.v1.ExecActionArgs(command=["bash", script, "--await-server-end"])
        )
    )
    return made


def server_options(archive: ArchivePods, data_size: str) -> dict[str, str]:
    """What the server is started with, so that the archiver gets all of its WAL."""
    options = {
        # pgBackRest backs up no server without both; the command itself has nothing to do.
        "archive_mode": "on",
        "archive_command": ": pgbackrest archive-push is done by the archiver",
        # An archiver that is away for long leaves a gap, loudly, and not a full disk.
        "max_slot_wal_keep_size": f"{quantity_bytes(data_size) // 4 // _MEBIBYTE}MB",
        "wal_compression": "lz4",
    }
    if archive.is_offsite:
        # A disk takes a segment that is still being written with it; another machine has to get it.
        options["archive_timeout"] = "300"
    if archive.settings.synchronous:
        options["synchronous_standby_names"] = NAME
    return options
