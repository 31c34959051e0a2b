"""Backup and restore against PostgreSQL's own tools and against the script one finds everywhere.

usage: python -m benchmarks [--small]

Prints a table and writes it to docs/benchmarks.md. Every figure is the median of five rounds in
which the contestants take turns. `--small` is for trying the benchmark itself: nothing is written.
"""

import argparse
import os
import platform
import sys
from datetime import UTC, datetime

from benchmarks.bench import BARE, KEYED, Bench, fill_brewery, fill_many_tables, fill_pgbench
from benchmarks.comparisons import Row, compare_backup, compare_parallel, sizes
from benchmarks.growth import large_objects, many_sets, more_tables
from benchmarks.restores import compare_drill, compare_restore, list_objects
from benchmarks.waiting import waiting
from tests.lib.sandbox import REPOSITORY, Sandbox
from toolchain import postgresql


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
        "ratio is the median of the ratios round by round. A stack hashes the content too, unless its\n"
        "`backup.hashes` is `rows`.\n\n"
        f"{when:%Y-%m-%d}, {platform.system()} {platform.machine()}, {cores} cores, PostgreSQL {postgresql.VERSION}.\n\n"
        f"{table(rows)}\n"
    )


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="benchmarks")
    parser.add_argument(
        "--small", action="store_true", help="a tenth of the data or less; writes nothing"
    )
    small = parser.parse_args().small
    scale, tables, objects, sets = (8, 50, 100, 10) if small else (78, 5000, 100000, 1000)
    postgresql.ensure(REPOSITORY)
    box = Sandbox()
    rows: list[Row] = []
    try:
        binaries = box.readable(postgresql.directory(REPOSITORY), "bin/psql") / "bin"
        large = Bench(box, binaries, "large")
        fill_brewery(large, scale)
        rows += compare_backup(large, "1 GB", counted=1.25, hashed=1.5)
        for compare in (sizes, compare_parallel, waiting, compare_drill, compare_restore):
            rows += compare(large, "1 GB")
        large.server.remove()
        alike = Bench(box, binaries, "alike")
        fill_pgbench(alike, scale)
        rows += compare_backup(alike, "1 GB of pgbench's rows, all alike")
        alike.server.remove()
        many = Bench(box, binaries, "many")
        fill_many_tables(many, tables, KEYED)
        rows += compare_backup(many, f"{tables} tables", counted=1.3)
        rows += more_tables(many, tables)
        for compare in (list_objects, compare_drill, compare_restore):
            rows += compare(many, f"{tables} tables")
        many.server.remove()
        bare = Bench(box, binaries, "bare")
        fill_many_tables(bare, tables, BARE)
        rows += compare_backup(bare, f"{tables} tables without keys", counted=1.3)
        bare.server.remove()
        rows += large_objects(box, binaries, objects)
        rows += many_sets(box, binaries, sets)
    finally:
        box.remove()
    sys.stdout.write(table(rows) + "\n")
    if not small:
        (REPOSITORY / "docs" / "benchmarks.md").write_text(page(rows, datetime.now(UTC)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
