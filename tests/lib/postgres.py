"""Real PostgreSQL servers for tests: private directories, sockets and ports, no durability."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lib.sandbox import Identity, Sandbox, run_as
from tests.lib.waiting import wait_for

SERVER_READY = 30.0
"""From starting a server to its first answer, in seconds."""

SERVER_GONE = 30.0
"""From a signal to the end of the process, in seconds."""

SUPERUSER = "postgres"
SUPERUSER_PASSWORD = "Sup3r/user+pass word"

KNOWS_ITERATIONS = 16
"""The first major version in which a password can be quick to prove: a tenth of a test's time."""

UNHURRIED = {"PGOPTIONS": "-c statement_timeout=0"}
"""A test that sets a timeout of a millisecond for a database still has to look into it."""

CONFIGURATION = """
listen_addresses = '127.0.0.1'
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 256MB
autovacuum = off
shared_buffers = 64MB
max_connections = 60
max_locks_per_transaction = 256
log_min_messages = warning
"""


class SqlError(AssertionError):
    """psql refused."""


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return `value` as an SQL string."""
    return "'" + value.replace("'", "''") + "'"


def free_port() -> int:
    """Return a TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """One PostgreSQL server, password-protected on its socket and on the loopback."""

    def __init__(
        self, box: Sandbox, binaries: Path, *, superuser: str = SUPERUSER, options: str = ""
    ) -> None:
        """Make the cluster; `start` starts it."""
        self.box, self.binaries, self.superuser = box, binaries, superuser
        self.home = box.directory("pg")
        self.data = self.home / "data"
        self.port = free_port()
        self.password = SUPERUSER_PASSWORD
        self.process: subprocess.Popen[bytes] | None = None
        self.extra: list[str] = []
        self._initialise(options)

    @property
    def identity(self) -> Identity:
        """The user that runs it."""
        return self.box.identity

    def _initialise(self, options: str) -> None:
        secret = self.home / "superuser"
        secret.write_text(self.password)
        self.identity.own(self.home)
        words: list[str | Path] = [
            self.binaries / "initdb",
            "-D",
            self.data,
            "-U",
            self.superuser,
            "--no-sync",
        ]
        words += ["-A", "scram-sha-256", "--pwfile", secret, "-E", "UTF8", "--locale=C.UTF-8"]
        words += ["--set", "scram_iterations=1"] * (self._major() >= KNOWS_ITERATIONS)
        done = run_as(self.identity, [*words, *options.split()], self.environment())
        assert done.returncode == 0, done.stderr
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"{CONFIGURATION}port = {self.port}\n")
            conf.write(f"unix_socket_directories = '{self.home}'\n")

    def _major(self) -> int:
        said = subprocess.run(
            [self.binaries / "initdb", "--version"], capture_output=True, check=True
        )
        found = re.search(rb" (\d+)", said.stdout)
        assert found, said.stdout
        return int(found[1])

    def environment(self) -> dict[str, str]:
        """Return the least that PostgreSQL's own programs need."""
        return {"PATH": f"{self.binaries}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(self.home)}

    def start(self) -> "Server":
        """Start it and wait for its first answer; its log is in the failure."""
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, *self.extra],
                env=self.environment(),
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
                **self.identity.options(),
            )
        wait_for("the server's first answer", self._answers, SERVER_READY, every=0.05)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            log = (self.home / "log").read_text()
            raise RuntimeError(f"server ended with {self.process.returncode}: {log}")
        return self.sql("select 1") == "1"

    def signal(self, number: signal.Signals) -> None:
        """Send the postmaster a signal and wait for its end."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, number)
            self.process.wait(SERVER_GONE)

    def kill(self) -> None:
        """Kill it and all its processes, as a node that loses its power does."""
        for number in self.processes():
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        assert self.process is not None
        self.process.wait(SERVER_GONE)
        wait_for("the end of the server", lambda: not self.processes(), SERVER_GONE)

    def processes(self) -> list[int]:
        """Return the numbers of its processes: each works in the data directory."""
        found = []
        for entry in Path("/proc").iterdir():
            with suppress(OSError):
                if entry.name.isdigit() and (entry / "cwd").readlink() == self.data:
                    found.append(int(entry.name))
        return found

    def stop(self) -> None:
        """Stop at once, without a checkpoint to wait for."""
        self.signal(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it and delete its files."""
        self.stop()
        shutil.rmtree(self.home)

    def client(
        self, user: str | None = None, password: str | None = None, host: str | None = None
    ) -> dict[str, str]:
        """Return the PG* variables of a test's own connection."""
        return {
            "PGHOST": host or str(self.home),
            "PGPORT": str(self.port),
            "PGUSER": user or self.superuser,
            "PGPASSWORD": password if password is not None else self.password,
            "PGDATABASE": "postgres",
        }

    def sql(self, text: str, database: str = "postgres", **client: str) -> str:
        """Run SQL and return the unaligned rows."""
        return psql(self, text, database, self.client(**client))

    def dump_all(self) -> list[str]:
        """Return what pg_dumpall says, without lines that say nothing about content."""
        done = run_as(
            self.identity,
            [self.binaries / "pg_dumpall", "--no-sync", "--encoding=UTF8"],
            {**self.environment(), **self.client()},
        )
        assert done.returncode == 0, done.stderr
        # The key after \restrict is new in each dump; the superuser is each server's own.
        role = f"(CREATE|ALTER) ROLE {self.superuser}[ ;]"
        own = rf"\\(un)?restrict |--|$|{role}"
        return [x for x in done.stdout.splitlines() if not re.match(own, x)]

    def databases(self) -> list[str]:
        """Return the names of all databases but the templates."""
        rows = self.sql("select datname from pg_database where not datistemplate order by 1")
        return rows.splitlines()

    def system_identifier(self) -> str:
        """Return the number that tells this cluster from any other."""
        return self.sql("select system_identifier from pg_control_system()")

    def reset(self) -> None:
        """Make the cluster as good as new: no database, role or setting of an earlier test."""
        self.sql(
            "select format('alter database %I is_template false allow_connections true;', datname)"
            " from pg_database where datname not in ('template0', 'template1', 'postgres')"
            " and datconnlimit <> -2\n"  # half dropped: may not be altered
            "\\gexec\n"
            "select format('drop database %I with (force)', datname) from pg_database"
            " where datname not in ('template0', 'template1', 'postgres')\n\\gexec\n",
        )
        self.sql("drop database postgres with (force); create database postgres", "template1")
        self.sql(
            "select format('drop owned by %I', rolname) from pg_roles"
            " where rolname !~ '^pg_' and oid <> 10\n\\gexec\n"
            "select format('drop role %I', rolname) from pg_roles"
            " where rolname !~ '^pg_' and oid <> 10\n\\gexec\n"
            f"alter role {quoted(self.superuser)} reset all; alter role all reset all;"
        )


def psql(server: Server, text: str, database: str, client: Mapping[str, str]) -> str:
    """Run SQL through psql, stopping at the first error."""
    done = run_as(
        server.identity,
        [server.binaries / "psql", "-XqAtw", "-v", "ON_ERROR_STOP=1", "-f", "-"],
        {**server.environment(), **UNHURRIED, **client, "PGDATABASE": database},
        text=text,
    )
    if done.returncode != 0:
        raise SqlError(done.stderr)
    return done.stdout.strip("\n")


@contextmanager
def visitor(server: Server, database: str, **client: str) -> Iterator[None]:
    """Be in a database, idle, as long as nobody ends it."""
    words = [str(server.binaries / "psql"), "-XqAtc", "select 1", "-c", "select pg_sleep(60)"]
    environment = server.environment() | server.client(**client) | {"PGDATABASE": database}
    with subprocess.Popen(
        words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"1\n"
        yield
        process.kill()
