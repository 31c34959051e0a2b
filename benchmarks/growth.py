"""What grows with the number of things: ten times as many may take eleven times as long."""

import json
from pathlib import Path

from benchmarks.bench import KEYED, Bench, fill_large_objects, fill_many_tables
from benchmarks.comparisons import Row, at_most, promise
from benchmarks.measure import Contestant, race, ratio
from tests.lib.fakesets import Fake, name_at, write
from tests.lib.sandbox import Sandbox

GROWTH = 11.0
LISTED = 3.0
"""Seconds."""


def _directory(bench: Bench) -> Contestant:
    """A backup in directory format: a file for each table and each large object."""
    return bench.ours("directory", "backup.sh", bench.store(), BACKUP_FORMAT="directory")


def _grown(tenth: Bench, whole: Bench, what: str) -> list[Row]:
    few, many = _directory(tenth), _directory(whole)
    race([many, few], whole.server.identity.options())
    figure = ratio(many, few)
    return [
        (
            f"{what}: `backup.sh`, directory format",
            f"{figure:.1f}x of a tenth of them ({many.median:.1f} s)",
            at_most(figure, GROWTH),
        )
    ]


def more_tables(whole: Bench, tables: int) -> list[Row]:
    """A backup of all the tables against one of a tenth of them."""
    tenth = Bench(whole.box, whole.binaries, "tenth")
    fill_many_tables(tenth, tables // 10, KEYED)
    rows = _grown(tenth, whole, f"{tables} tables")
    tenth.server.remove()
    return rows


def large_objects(box: Sandbox, binaries: Path, objects: int) -> list[Row]:
    """The same of large objects."""
    tenth, whole = (Bench(box, binaries, name) for name in ("tenth", "whole"))
    fill_large_objects(tenth, objects // 10)
    fill_large_objects(whole, objects)
    rows = _grown(tenth, whole, f"{objects} large objects")
    tenth.server.remove()
    whole.server.remove()
    return rows


def many_sets(box: Sandbox, binaries: Path, sets: int) -> list[Row]:
    """The list of a store with many sets."""
    bench = Bench(box, binaries, "listed")
    store = bench.store()
    identity = json.loads((store / ".store.json").read_text())["id"]
    for hour in range(sets):
        write(store, identity, Fake(name_at(hour), verified=hour % 2 == 0, listed=True))
    listing = bench.ours("list", "list.sh", store, "--json")
    race([listing], bench.server.identity.options())
    bench.server.remove()
    return [
        (
            f"{sets} sets: `list.sh --json`",
            f"{listing.median:.1f} s",
            promise(listing.median, LISTED, f"at most {LISTED:g} s"),
        )
    ]
