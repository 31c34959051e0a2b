"""The server's pod: prepare-data, which fills or checks the data directory, then PostgreSQL.

For an upgrade to another major version last-set comes first, with the old image.
"""

from pulumi_kubernetes import core

from components.cluster import names
from components.cluster.archive import ArchivePods
from components.cluster.pods import DATA, SCRIPTS, PodContext, container, pod, server_env
from components.cluster.volumes import claim_volume, empty_volume
from components.postgres import archiver, tls
from components.settings.startup import StartupSettings


def spec(
    pods: PodContext,
    startup: StartupSettings,
    *,
    data_claim: str,
    data_size: str,
    upgrade_from: str,
) -> core.v1.PodSpecArgs:
    """One server with its init containers, and the archiver where there is an archive."""
    mounts = {
        DATA: "data",
        "/var/run/postgresql": "run",
        "/dev/shm": "shm",  # noqa: S108 (a mount)
        "/docker-entrypoint-initdb.d": "initdb",
    }
    env = server_env(pods) | {
        "STARTUP_SET": startup.from_set,
        "STARTUP_ACCEPT": startup.for_scripts,
        "STARTUP_STRICT": "1" if startup.strict else "",
    }
    archive, encryption = pods.archive, pods.encryption
    back = {"STARTUP_TO_TIME": startup.to_time, **archive.env} if archive else {}
    opening = encryption.mounts if encryption else {}
    first = [
        container(
            pods,
            "prepare-data",
            command=["bash", f"{SCRIPTS}/prepare-data.sh"],
            env=env | back | (encryption.read_env if encryption else {}),
            mounts=mounts | (archive.mounts if archive else {}) | opening,
            image=pods.tools_image,
        )
    ]
    if upgrade_from:
        command = ["bash", f"{SCRIPTS}/last-set.sh"]
        last_set = container(
            pods, "last-set", command=command, env=env, mounts=mounts, image=upgrade_from
        )
        first.insert(0, last_set)
    server = container(
        pods,
        "postgres",
        command=["bash", f"{SCRIPTS}/serve.sh", *_options(archive, data_size)],
        env=env,
        mounts=mounts | {tls.CERTIFICATE: "tls", tls.HBA: "hba"},
    )
    server.ports = [core.v1.ContainerPortArgs(name="postgres", container_port=names.PORT)]
    # Crash recovery after a power cut replays for minutes; being killed in it starts it anew.
    server.startup_probe = _probe(period=5, failures=360)
    server.readiness_probe = _probe(period=10, failures=3)
    server.liveness_probe = _probe(period=20, failures=6)
    volumes = [
        claim_volume("data", data_claim),
        empty_volume("run"),
        # The runtime's own is 64 MB, which parallel queries outgrow.
        empty_volume("shm", size="256Mi", medium="Memory"),
        core.v1.VolumeArgs(
            name="initdb",
            config_map=core.v1.ConfigMapVolumeSourceArgs(
                name=pods.scripts,
                default_mode=0o755,
                items=[core.v1.KeyToPathArgs(key="init-databases.sh", path="init-databases.sh")],
            ),
        ),
        core.v1.VolumeArgs(
            name="tls",
            secret=core.v1.SecretVolumeSourceArgs(
                secret_name=pods.tls_secret,
                # PostgreSQL takes a key that its group may read only if the file is root's, as
                # the files of a Secret are.
                default_mode=0o440,
                items=[core.v1.KeyToPathArgs(key=key, path=key) for key in ("tls.crt", "tls.key")],
            ),
        ),
        core.v1.VolumeArgs(
            name="hba",
            config_map=core.v1.ConfigMapVolumeSourceArgs(name=names.HBA, default_mode=0o440),
        ),
        *(archive.volumes if archive else []),
        *(encryption.volumes if encryption else []),
    ]
    return pod(
        pods,
        # The server first: `kubectl exec postgres-0` without -c means that one.
        [server, *([archiver.sidecar(pods, archive)] if archive else [])],
        volumes,
        init_containers=first,
        restart_policy="Always",
        # A fast shutdown writes a checkpoint; cut short, the next start has to recover.
        grace_seconds=120,
    )


def _options(archive: ArchivePods | None, data_size: str) -> list[str]:
    # The pod asks for no huge pages, so it gets none; where the node has some reserved, a server
    # that tries for them would die of a bus error.
    options = tls.SERVER_OPTIONS | {"huge_pages": "off"}
    if archive:
        options |= archiver.server_options(archive, data_size)
    return [word for key, value in options.items() for word in ("-c", f"{key}={value}")]


def _probe(*, period: int, failures: int) -> core.v1.ProbeArgs:
    # By TCP: on the socket even the server that only runs inside initialisation says "ready".
    command = ["pg_isready", "--quiet", "-h", "127.0.0.1", "-U", names.SUPERUSER, "-d", "postgres"]
    return core.v1.ProbeArgs(
        exec_=core.v1.ExecActionArgs(command=command),
        period_seconds=period,
        failure_threshold=failures,
        timeout_seconds=5,
    )
