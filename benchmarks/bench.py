"""A server with one database, a store, and the contestants that work on them."""

from pathlib import Path

from benchmarks.measure import Contestant
from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY, Sandbox, run_as

SCRIPTS = REPOSITORY / "scripts"


class Bench:
    """A server with one database, a store, and the contestants' environment."""

    def __init__(self, box: Sandbox, binaries: Path, database: str) -> None:
        """Start the server, without the tests' small settings where they would distort."""
        self.box, self.binaries, self.database = box, binaries, database
        self.server = Server(box, binaries)
        with (self.server.data / "postgresql.conf").open("a") as conf:
            conf.write(
                "shared_buffers = 512MB\nmax_wal_size = 4GB\nmax_locks_per_transaction = 1024\n"
            )
        self.server.start()
        self.server.sql(f"create database {database}")
        self.scripts = box.readable(SCRIPTS, "lib.sh")
        self.usual = box.readable(REPOSITORY / "benchmarks", "usual.sh")

    def environment(self, **more: str) -> dict[str, str]:
        """The clean environment of every contestant."""
        return {**self.server.environment(), **self.server.client(), **more}

    def store(self) -> Path:
        """A new, empty store."""
        root = self.box.directory("store")
        self.do("bash", self.scripts / "init-store.sh", BACKUP_ROOT=str(root))
        return root

    def ours(self, name: str, script: str, root: Path, *words: str, **more: str) -> Contestant:
        """One of our scripts on the store `root`."""
        environment = self.environment(
            BACKUP_ROOT=str(root), BACKUP_DATABASES=self.database, BACKUP_KEEP="1", **more
        )
        return Contestant(name, ["bash", str(self.scripts / script), *words], environment)

    def shell(self, name: str, command: str) -> Contestant:
        """A shell command with PostgreSQL's own tools."""
        return Contestant(name, ["bash", "-c", f"set -eo pipefail; {command}"], self.environment())

    def do(self, *words: str | Path, **more: str) -> None:
        """Run a command that is not measured."""
        done = run_as(self.server.identity, list(words), self.environment(**more), timeout=900)
        if done.returncode:
            raise RuntimeError(done.stderr)

    def recreate(self) -> None:
        """Drop the database and make it again, empty."""
        self.server.sql(f"drop database if exists {self.database} with (force)")
        self.server.sql(f"create database {self.database} template template0")


def fill_pgbench(bench: Bench, scale: int, *options: str) -> None:
    """Fill with pgbench's tables: scale 68 is about 1 GB."""
    bench.do("pgbench", "--quiet", "--initialize", f"--scale={scale}", *options, bench.database)


def fill_many_tables(bench: Bench, tables: int) -> None:
    """Fill with many small tables of a hundred rows."""
    for first in range(0, tables, 500):
        bench.server.sql(
            f"do $$ begin for i in {first} .. {min(first + 500, tables) - 1} loop execute format("
            "'create table t%s as select n as id, md5(n::text) as x from generate_series(1, 100) n',"
            " i); end loop; end $$",
            bench.database,
        )
