"""Backup and restore against PostgreSQL's own tools and against the script one finds everywhere.

usage: python -m benchmarks [--small] [archive] [backups] [restores] [sizes]

Prints a table a part and writes it to docs/benchmarks.md, of sizes to docs/limits.md; without a name
all parts. Every figure is the median of rounds in which the contestants take turns, five or, of
sizes and the archive, three. `--small` is for trying the benchmark itself: nothing is written.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.archived import archived
from benchmarks.bench import BARE, KEYED, Bench, fill_brewery, fill_many_tables, fill_pgbench
from benchmarks.comparisons import Row, compare_backup, compare_parallel, sizes
from benchmarks.growth import large_objects, many_sets, more_tables
from benchmarks.page import write, write_sizes
from benchmarks.restores import compare_drill, compare_restore, list_objects
from benchmarks.sizes import measured
from benchmarks.waiting import waiting
from tests.lib.sandbox import REPOSITORY, Sandbox
from toolchain import postgresql


@dataclass(frozen=True)
class Scale:
    """How much there is of everything."""

    gigabyte: int = 78
    alike: int = 68
    tables: int = 5000
    objects: int = 100_000
    sets: int = 1000
    sizes: tuple[int, ...] = (8, 24, 48)
    seconds: int = 15


SMALL = Scale(gigabyte=8, alike=1, tables=50, objects=100, sets=10, sizes=(1, 4), seconds=3)
"""Of the gigabyte so much that a dump of it takes longer than to look at it."""


def backups(box: Sandbox, binaries: Path, scale: Scale) -> list[Row]:
    """What a backup takes, how long others wait for it, and how that grows."""
    rows: list[Row] = []
    large = Bench(box, binaries, "large")
    fill_brewery(large, scale.gigabyte)
    rows += compare_backup(large, "1 GB", counted=1.25, hashed=1.5)
    for compare in (sizes, compare_parallel, waiting):
        rows += compare(large, "1 GB")
    large.server.remove()
    alike = Bench(box, binaries, "alike")
    fill_pgbench(alike, scale.alike)
    rows += compare_backup(alike, "1 GB of pgbench's rows, all alike")
    alike.server.remove()
    many = Bench(box, binaries, "many")
    fill_many_tables(many, scale.tables, KEYED)
    rows += compare_backup(many, f"{scale.tables} tables", counted=1.3)
    rows += more_tables(many, scale.tables)
    rows += list_objects(many, f"{scale.tables} tables")
    many.server.remove()
    bare = Bench(box, binaries, "bare")
    fill_many_tables(bare, scale.tables, BARE)
    rows += compare_backup(bare, f"{scale.tables} tables without keys", counted=1.3)
    bare.server.remove()
    rows += large_objects(box, binaries, scale.objects)
    rows += many_sets(box, binaries, scale.sets)
    return rows


def restores(box: Sandbox, binaries: Path, scale: Scale) -> list[Row]:
    """How soon it is proven, and back."""
    rows: list[Row] = []
    large = Bench(box, binaries, "large")
    fill_brewery(large, scale.gigabyte)
    many = Bench(box, binaries, "many")
    fill_many_tables(many, scale.tables, KEYED)
    for bench, what in ((large, "1 GB"), (many, f"{scale.tables} tables")):
        rows += compare_drill(bench, what) + compare_restore(bench, what)
        bench.server.remove()
    return rows


def to_any_second(box: Sandbox, binaries: Path, scale: Scale) -> list[Row]:
    """What the archive costs, and how soon a lost disk is back out of it."""
    return archived(box, binaries, scale.gigabyte, scale.seconds)


def by_size(box: Sandbox, binaries: Path, scale: Scale) -> list[tuple[str, ...]]:
    """What a database costs by its size."""
    return measured(box, binaries, scale.sizes)


Measure = Callable[[Sandbox, Path, Scale], Sequence[Sequence[str]]]
Write = Callable[[Path | None, str, str, Sequence[Sequence[str]]], str]
PARTS: dict[str, tuple[Measure, Write, str]] = {
    "archive": (to_any_second, write, "benchmarks.md"),
    "backups": (backups, write, "benchmarks.md"),
    "restores": (restores, write, "benchmarks.md"),
    "sizes": (by_size, write_sizes, "limits.md"),
}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument("--small", action="store_true", help="a tenth or less; writes nothing")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all where none is named")
    asked = parser.parse_args()
    postgresql.ensure(REPOSITORY)
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    for part in asked.parts or PARTS:
        measure, put, name = PARTS[part]
        box = Sandbox(own_disk=False)
        try:
            binaries = box.readable(postgresql.directory(REPOSITORY), "bin/psql") / "bin"
            rows = measure(box, binaries, SMALL if asked.small else Scale())
        finally:
            box.remove()
        where = f"{datetime.now(UTC):%Y-%m-%d}, {machine}, PostgreSQL {postgresql.VERSION}."
        page = None if asked.small else REPOSITORY / "docs" / name
        sys.stdout.write(put(page, part.capitalize(), where, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
