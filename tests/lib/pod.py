"""Start-up without a pod: prepare-data.sh, then the server on what it left."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lib.content import DATABASES, password_of
from tests.lib.postgres import Server, free_port
from tests.lib.sandbox import REPOSITORY, Sandbox
from tests.lib.scripts import Done, Running, Scripts

IMAGE = REPOSITORY / "localcluster" / "images" / "postgres"
INITDB_ARGS = "--auth-local=trust --auth-host=scram-sha-256 --locale=C.UTF-8 --no-sync"


@dataclass
class Pod:
    """One pod's data volume, its Secret and its environment."""

    scripts: Scripts
    binaries: Path
    volume: Path
    port: int = field(default_factory=free_port)
    databases: tuple[str, ...] = DATABASES
    passwords: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    """What the main container's server is started with, as `name=value`."""

    @classmethod
    def make(cls, scripts: Scripts, binaries: Path) -> "Pod":
        """Return a pod with a new, empty data volume."""
        pod = cls(scripts, binaries, scripts.box.directory("volume"))
        pod.passwords = {x: password_of(x) for x in DATABASES} | {"postgres": "of the Secret"}
        return pod

    @property
    def data(self) -> Path:
        """Return PGDATA."""
        return self.volume / "pgdata"

    @property
    def started(self) -> str:
        """Return what start-up decided so far."""
        log = self.volume / "startup.log"
        return log.read_text() if log.exists() else ""

    def environment(self) -> dict[str, str]:
        """Return the variables of the init container, the Secret mounted anew."""
        box = self.scripts.box
        secret = box.directory("secret")
        (secret / "roles").mkdir()
        for role, password in self.passwords.items():
            path = secret / ("superuser" if role == "postgres" else f"roles/{role}")
            path.write_text(password)
        box.identity.own(secret)
        return {
            "PGDATA": str(self.data),
            "PGPORT": str(self.port),
            "POSTGRES_USER": "postgres",
            "POSTGRES_PASSWORD_FILE": str(secret / "superuser"),
            "POSTGRES_INITDB_ARGS": INITDB_ARGS,
            "POSTGRES_DATABASES": "".join(f"{x}\n" for x in self.databases),
            "ROLE_PASSWORDS_DIR": str(secret / "roles"),
        }

    def in_image(self, **settings: str) -> Scripts:
        """Return the scripts as the init container has them, the image's own programs on PATH."""
        programs = image_programs(self.scripts)
        path = f"{programs}:{self.scripts.path}"
        return self.scripts.with_(path=path, also={**self.environment(), **settings})

    def start_preparing(self, **settings: str) -> Running:
        """Start the init container."""
        return self.in_image(**settings).start("prepare-data")

    def prepare(self, **settings: str) -> Done:
        """Run the init container to its end."""
        return self.start_preparing(**settings).wait()

    @contextmanager
    def running(self) -> Iterator[Server]:
        """Start the main container's server on what the init container left."""
        server = Attached(self.scripts.box, self.binaries, self)
        server.start()
        try:
            yield server
        finally:
            server.stop()

    def snapshot(self) -> Mapping[str, bytes]:
        """Return the data volume's files, log and lock aside: equal means untouched."""
        return {
            str(x.relative_to(self.volume)): x.read_bytes()
            for x in sorted(self.volume.rglob("*"))
            if x.is_file() and x.name not in {"startup.log", ".server-lock"}
        }


class Attached(Server):
    """A server on a data directory that somebody else made."""

    def __init__(self, box: Sandbox, binaries: Path, pod: Pod) -> None:
        """Point it at the pod's data; `start` starts it."""
        self.box, self.binaries, self.superuser = box, binaries, "postgres"
        self.home = box.directory("run")
        self.data = pod.data
        self.port = pod.port
        self.password = pod.passwords["postgres"]
        self.process = None
        self.extra = ["-c", f"port={self.port}", "-c", f"unix_socket_directories={self.home}"]
        self.extra += ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        self.extra += [word for option in pod.options for word in ("-c", option)]


def image_programs(scripts: Scripts) -> Path:
    """Return the image's entry point scripts, their fixed paths moved into the sandbox."""
    base = scripts.box.base / "image"
    if base.exists():
        return base
    hooks, sockets = base / "initdb.d", base / "sockets"
    for made in (base, hooks, sockets):
        made.mkdir()
    scripts.box.identity.own(base)
    # Alone, as it is mounted there; it finds its libraries at their fixed place.
    text = (scripts.directory / "init-databases.sh").read_text()
    (hooks / "init-databases.sh").write_text(
        text.replace("/backup-scripts", str(scripts.directory))
    )
    (hooks / "init-databases.sh").chmod(0o755)
    for name in ("docker-entrypoint.sh", "docker-ensure-initdb.sh"):
        text = (IMAGE / name).read_text().replace("/docker-entrypoint-initdb.d", str(hooks))
        (base / name).write_text(text.replace("/var/run/postgresql", str(sockets)))
        shutil.copymode(IMAGE / name, base / name)
        (base / name).chmod(0o755)
    return base
