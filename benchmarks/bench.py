"""A server with one database, a store, and the contestants that work on them."""

from pathlib import Path

from benchmarks.measure import Contestant
from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY, Sandbox, run_as

SCRIPTS = REPOSITORY / "scripts" / "pod"


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
        self.scripts = box.readable(SCRIPTS, "lib/common.bash")
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


def brewery(box: Sandbox) -> Path:
    """The file that makes data like an application's: scale 78 is about 1 GB."""
    return box.readable(REPOSITORY / "benchmarks", "brewery.sql") / "brewery.sql"


def fill_brewery(bench: Bench, scale: int) -> None:
    """Fill with those."""
    file = brewery(bench.box)
    options = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-v", f"scale={scale}"]
    bench.do("psql", *options, "-f", file, bench.database)
    bench.server.sql("vacuum analyze", bench.database)


def fill_pgbench(bench: Bench, scale: int) -> None:
    """Fill with pgbench's tables, which compress to nearly nothing: scale 68 is about 1 GB."""
    bench.do("pgbench", "--quiet", "--initialize", f"--scale={scale}", bench.database)


BARE = "create table t%s (id bigint, x text not null)"
"""The least that a table can be: pg_dump has next to nothing to do."""

KEYED = "create table t%s (id bigint generated always as identity primary key, x text not null)"
"""As applications make them: with a key, its index and its sequence."""


def fill_many_tables(bench: Bench, tables: int, kind: str) -> None:
    """Fill with many small tables of a hundred rows."""
    rows = "insert into t%s (x) select md5(n::text) from generate_series(1, 100) n"
    for first in range(0, tables, 250):
        bench.server.sql(
            f"do $$ begin for i in {first} .. {min(first + 250, tables) - 1} loop"
            f" execute format('{kind}', i); execute format('{rows}', i); end loop; end $$",
            bench.database,
        )


def fill_large_objects(bench: Bench, objects: int) -> None:
    """Fill with small large objects, a transaction for each 5,000: each takes a lock."""
    for first in range(0, objects, 5000):
        bench.server.sql(
            "select count(lo_from_bytea(0, decode(md5(n::text), 'hex')))"
            f" from generate_series(1, {min(5000, objects - first)}) n",
            bench.database,
        )
