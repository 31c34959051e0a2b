"""Backup and restore against PostgreSQL's own tools and against the script one finds everywhere.

usage: python -m benchmarks [--small]

Prints a table and writes it to docs/benchmarks.md. Every figure is the median of five rounds in
which the contestants take turns. `--small` is for trying the benchmark itself: nothing is written.
"""

import argparse
import os
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import Contestant, race, ratio
from bootstrap import postgresql
from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY, Sandbox, run_as

Row = tuple[str, str, str]
"""What was compared, the figure, the promise."""

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
        done = run_as(
            self.server.identity,
            ["bash", self.scripts / "init-store.sh"],
            self.environment(BACKUP_ROOT=str(root)),
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
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

    def recreate(self) -> None:
        """Drop the database and make it again, empty."""
        self.server.sql(f"drop database if exists {self.database} with (force)")
        self.server.sql(f"create database {self.database} template template0")


def fill_pgbench(bench: Bench, scale: int) -> None:
    """Fill with pgbench's tables: scale 68 is about 1 GB."""
    words = [bench.binaries / "pgbench", "-q", "-i", "-s", str(scale), bench.database]
    done = run_as(bench.server.identity, words, bench.environment(), timeout=900)
    if done.returncode:
        raise RuntimeError(done.stderr)


def fill_many_tables(bench: Bench, tables: int) -> None:
    """Fill with many small tables of a hundred rows."""
    for first in range(0, tables, 500):
        bench.server.sql(
            f"do $$ begin for i in {first} .. {min(first + 500, tables) - 1} loop execute format("
            "'create table t%s as select n as id, md5(n::text) as x from generate_series(1, 100) n',"
            " i); end loop; end $$",
            bench.database,
        )


def compare_backup(bench: Bench, what: str) -> list[Row]:
    """backup.sh against plain pg_dump with the same compression, and against the usual script."""
    identity = bench.server.identity.options()
    out, usual = bench.box.directory("dump"), bench.box.directory("usual")
    full = bench.ours("full", "backup.sh", bench.store())
    rows = bench.ours("rows", "backup.sh", bench.store(), BACKUP_HASHES="rows")
    plain = bench.shell("plain", f"pg_dump --compress=zstd:3 -f {out}/plain.zst {bench.database}")
    other = Contestant(
        "usual",
        ["bash", str(bench.usual / "usual.sh"), str(usual), bench.database],
        bench.environment(),
    )
    race([full, rows, plain, other], identity)
    return [
        (f"{what}: `pg_dump --compress=zstd:3`", f"{plain.median:.1f} s", ""),
        (
            f"{what}: `backup.sh`, rows counted",
            f"{ratio(rows, plain):.2f}x of pg_dump",
            "at most 1.3x",
        ),
        (f"{what}: `backup.sh`, content hashed too", f"{ratio(full, plain):.2f}x of pg_dump", ""),
        (
            f"{what}: the usual pg_dump and gzip script",
            f"{ratio(other, plain):.2f}x of pg_dump",
            "",
        ),
        (
            f"{what}: memory of `backup.sh` beside PostgreSQL's tools",
            f"{full.peak_kib / 1024:.0f} MiB",
            "under 64 MiB",
        ),
    ]


def compare_parallel(bench: Bench, what: str) -> list[Row]:
    """Directory format with two jobs against plain pg_dump."""
    out = bench.box.directory("dump")
    parallel = bench.ours(
        "directory",
        "backup.sh",
        bench.store(),
        BACKUP_HASHES="rows",
        BACKUP_FORMAT="directory",
        BACKUP_JOBS="2",
    )
    plain = bench.shell("plain", f"pg_dump --compress=zstd:3 -f {out}/plain.zst {bench.database}")
    race([parallel, plain], bench.server.identity.options())
    return [
        (
            f"{what}: `backup.sh`, directory format, 2 jobs",
            f"{ratio(parallel, plain):.2f}x of pg_dump",
            "below 1x",
        )
    ]


def compare_restore(bench: Bench, what: str) -> list[Row]:
    """restore.sh against psql of the same dump. Last, as it drops the database."""
    store, out = bench.store(), bench.box.directory("dump")
    identity = bench.server.identity
    for words in (
        ["bash", str(bench.scripts / "backup.sh")],
        ["pg_dump", "--compress=zstd:3", "-f", f"{out}/plain.zst", bench.database],
    ):
        environment = bench.environment(BACKUP_ROOT=str(store), BACKUP_DATABASES=bench.database)
        done = run_as(identity, words, environment, timeout=900)
        if done.returncode:
            raise RuntimeError(done.stderr)
    ours = bench.ours("restore", "restore.sh", store, "latest", "--database", bench.database)
    psql = bench.shell(
        "psql",
        f"zstd -dc {out}/plain.zst | psql -XqAt -v ON_ERROR_STOP=1 -o /dev/null {bench.database};"
        f" psql -Xqc ANALYZE {bench.database}",
    )
    ours.prepare = psql.prepare = bench.recreate
    race([ours, psql], identity.options())
    return [
        (f"{what}: `psql` of a plain dump, and ANALYZE", f"{psql.median:.1f} s", ""),
        (
            f"{what}: `restore.sh`, compared with the manifest",
            f"{ratio(ours, psql):.2f}x of psql",
            "at most 1.15x",
        ),
    ]


def sizes(bench: Bench, what: str) -> list[Row]:
    """What a set takes on disk, against plain SQL and gzip."""
    out = bench.box.directory("dump")
    found: Mapping[str, int] = {
        kind: _size(bench, f"{out}/{kind}", kind) for kind in ("none", "gzip", "zstd:3")
    }
    return [
        (
            f"{what}: size with {kind}",
            f"{size / found['none']:.2f} of plain SQL ({size / 2**20:.0f} MiB)",
            "",
        )
        for kind, size in found.items()
        if kind != "none"
    ]


def _size(bench: Bench, file: str, compression: str) -> int:
    words = ["pg_dump", f"--compress={compression}", "-f", file, bench.database]
    done = run_as(bench.server.identity, words, bench.environment(), timeout=900)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return Path(file).stat().st_size


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    head = ["| what | median of 5 | promise |", "|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(row)} |" for row in rows)])


def page(rows: list[Row], when: datetime) -> str:
    """docs/benchmarks.md."""
    cores = os.cpu_count()
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`; every figure is measured there, none is typed. Contestants take turns, and a\n"
        "ratio is the median of the ratios round by round.\n\n"
        f"{when:%Y-%m-%d}, {platform.system()} {platform.machine()}, {cores} cores, PostgreSQL {postgresql.VERSION}.\n\n"
        f"{table(rows)}\n"
    )


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument(
        "--small", action="store_true", help="a hundredth of the data; writes nothing"
    )
    small = parser.parse_args().small
    scale, tables = (1, 50) if small else (68, 5000)
    postgresql.ensure(REPOSITORY)
    box = Sandbox()
    rows: list[Row] = []
    try:
        binaries = box.readable(postgresql.directory(REPOSITORY), "bin/psql") / "bin"
        large = Bench(box, binaries, "large")
        fill_pgbench(large, scale)
        for compare in (compare_backup, compare_parallel, sizes, compare_restore):
            rows += compare(large, "1 GB")
        large.server.remove()
        many = Bench(box, binaries, "many")
        fill_many_tables(many, tables)
        for compare in (compare_backup, compare_restore):
            rows += compare(many, f"{tables} tables")
        many.server.remove()
    finally:
        box.remove()
    sys.stdout.write(table(rows) + "\n")
    if not small:
        (REPOSITORY / "docs" / "benchmarks.md").write_text(page(rows, datetime.now(UTC)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
