"""What a database costs by its size: its set, a backup, a drill, a start from a lost disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench, fill_brewery
from benchmarks.measure import race
from benchmarks.restores import lost_disk
from tests.lib.sandbox import Sandbox

GIB = 2**30
ROUNDS = 3
BEYOND = (10, 50, 200)
"""GiB that nobody waits for here: on the line through the two largest that were measured."""
LIMIT = 3600
"""Seconds: the defaults of backup.timeout, verify.timeout and startup.timeout."""
HEAD = ("database", "its set", "backup", "drill", "back after a lost disk", "")


@dataclass(frozen=True)
class Size:
    """In GiB and seconds."""

    database: float
    set: float
    backup: float
    drill: float
    start: float

    @property
    def figures(self) -> tuple[float, ...]:
        """All but the database itself."""
        return (self.set, self.backup, self.drill, self.start)


def measured(box: Sandbox, binaries: Path, scales: Sequence[int]) -> list[tuple[str, ...]]:
    """The table, of databases of these scales."""
    return rows([_measure(box, binaries, scale) for scale in scales])


def rows(found: Sequence[Size]) -> list[tuple[str, ...]]:
    """A row a size, then those beyond, and where an hour is reached."""
    made = [HEAD, *(_row(size, "measured") for size in found)]
    made += [_row(_on_the_line(found, size), "extrapolated") for size in BEYOND]
    hours = [f"{float(f'{_reached(found, index, LIMIT):.2g}'):.0f} GiB" for index in (1, 2, 3)]
    return [*made, ("takes an hour at", "", *hours, "extrapolated")]


def _measure(box: Sandbox, binaries: Path, scale: int) -> Size:
    bench = Bench(box, binaries, "sized")
    fill_brewery(bench, scale)
    bytes_of = int(bench.server.sql("select pg_database_size('sized')"))
    store = bench.store()
    backup = bench.ours("backup", "backup.sh", store)
    drill = bench.ours("drill", "verify.sh", store)
    start = lost_disk(bench)
    race([backup, drill, start], bench.server.identity.options(), ROUNDS)
    (made, *_) = store.glob("backup_*")
    size = sum(path.stat().st_size for path in made.rglob("*") if path.is_file())
    bench.server.remove()
    return Size(bytes_of / GIB, size / GIB, backup.median, drill.median, start.median)


def _slopes(found: Sequence[Size]) -> list[float]:
    below, above = found[-2:]
    pairs = zip(below.figures, above.figures, strict=True)
    return [(high - low) / (above.database - below.database) for low, high in pairs]


def _on_the_line(found: Sequence[Size], database: float) -> Size:
    last = found[-1]
    further = zip(last.figures, _slopes(found), strict=True)
    return Size(database, *(at + slope * (database - last.database) for at, slope in further))


def _reached(found: Sequence[Size], index: int, seconds: float) -> float:
    """At which size a figure comes to so many seconds."""
    last = found[-1]
    return last.database + (seconds - last.figures[index]) / _slopes(found)[index]


def _row(size: Size, how: str) -> tuple[str, ...]:
    times = (_time(seconds) for seconds in size.figures[1:])
    return (f"{size.database:.3g} GiB", f"{size.set:.2g} GiB", *times, how)


def _time(seconds: float) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.1f} s"
