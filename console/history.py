"""What the sets say of the past: size, rows and times of backups and drills, and what grows."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from console import chart, forecast, words
from console.axis import Unit
from console.chart import Chart, Value
from console.forecast import Forecast, Sample
from console.manifest import Database, Manifest
from console.problem import CLOCK_SLACK, Facts
from console.sets import BackupSet, State
from console.words import DAY

DAYS = (7, 30, 90)
"""Stretches to choose from; 0 is all of them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A set in the table."""

    set: BackupSet
    began: float
    bytes: str
    rows: str
    took: str
    restored: str
    free: str


@dataclass(frozen=True, slots=True)
class Growth:
    """A database, its newest size and rows, and what they gained since the oldest set shown."""

    name: str
    bytes: str
    more_bytes: str
    rows: str
    more_rows: str
    since: float


@dataclass(frozen=True, slots=True)
class History:
    """For the page, all of it newest first."""

    charts: tuple[Chart, ...]
    rows: tuple[Row, ...]
    growth: tuple[Growth, ...]
    samples: tuple[Sample, ...]
    store: Forecast
    data: Forecast


def view(facts: Facts, now: float, days: int = 0, database: str = "") -> History:
    """Of the last `days`, or of all; sizes and rows of one database, or of all together."""
    since = now - days * DAY if days else 0.0
    sets = sorted(
        (x for x in facts.store.sets if x.manifest and x.state is not State.FOREIGN),
        key=lambda x: x.began,
    )
    shown = [each for each in sets if each.began >= since]
    # A picture that reaches into the year 9999 shows nothing of today.
    end = now + CLOCK_SLACK
    room = [each for each in facts.room if since <= each.moment <= end]
    return History(
        _charts([each for each in shown if each.began <= end], room, database),
        tuple(_row(each, each.manifest, database) for each in shown[::-1] if each.manifest),
        tuple(_growth([x.manifest for x in shown if x.is_published and x.manifest])),
        tuple(room[::-1]),
        store_full(facts, now),
        data_full(facts, now),
    )


def store_full(facts: Facts, now: float) -> Forecast:
    """When backups will be refused for want of room."""
    store, live = facts.store, []
    if store.is_known and store.free_bytes is not None and store.size_bytes is not None:
        # The last measurement may be six hours old, and of before a volume was made larger.
        live = [Sample(now, store.free_bytes, store.size_bytes)]
    return forecast.full((*facts.room, *live), facts.min_free_bytes, now)


def data_full(facts: Facts, now: float) -> Forecast:
    """When the server will stop."""
    sets = (each for each in facts.store.sets if each.state is not State.FOREIGN)
    samples = (
        Sample(of.started, of.data_free_bytes, of.data_size_bytes)
        for each in sets
        if (of := each.manifest)
        and of.data_free_bytes is not None
        and of.data_size_bytes is not None
    )
    return forecast.full(tuple(samples), 0, now)


def _charts(sets: Sequence[BackupSet], room: Sequence[Sample], name: str) -> tuple[Chart, ...]:
    free = [Value(each.moment, each.free) for each in room]
    drawn = (
        chart.draw("size", "Size", _values(sets, _bytes_of(name)), Unit.BYTES),
        chart.draw("rows", "Rows", _values(sets, _rows_of(name)), Unit.ROWS),
        chart.draw("backup", "A backup took", _values(sets, _took), Unit.SECONDS),
        chart.draw("drill", "A restore took, in a drill", _values(sets, _restored), Unit.SECONDS),
        chart.draw("store", "Free in the store", free, Unit.BYTES, keep=min),
        chart.draw(
            "data", "Free on the server's volume", _values(sets, _free), Unit.BYTES, keep=min
        ),
    )
    return tuple(each for each in drawn if each)


Measure = Callable[[BackupSet], float | None]


def _values(sets: Iterable[BackupSet], measure: Measure) -> list[Value]:
    """Of each set that has one."""
    return [
        Value(each.began, value, each.name, each.state)
        for each in sets
        if (value := measure(each)) is not None
    ]


def _bytes_of(name: str) -> Measure:
    return lambda each: of.bytes if (of := _part(each.manifest, name)) else None


def _rows_of(name: str) -> Measure:
    return lambda each: of.rows if (of := _part(each.manifest, name)) else None


def _part(manifest: Manifest | None, name: str) -> Manifest | Database | None:
    if manifest is None or not name:
        return manifest
    return next((each for each in manifest.databases if each.name == name), None)


def _took(found: BackupSet) -> float | None:
    of = found.manifest
    # Less than nothing is of a clock that was set back.
    return max(0.0, of.finished - of.started) if of and of.finished is not None else None


def _restored(found: BackupSet) -> float | None:
    return found.verdict.restore_seconds if found.verdict else None


def _free(found: BackupSet) -> float | None:
    return found.manifest.data_free_bytes if found.manifest else None


def _row(found: BackupSet, of: Manifest, name: str) -> Row:
    took, restored, free = _took(found), _restored(found), of.data_free_bytes
    part = _part(of, name)
    return Row(
        found,
        of.started,
        words.size(part.bytes) if part else "not in it",
        f"{part.rows:,}" if part else "not in it",
        "unknown" if took is None else words.span(took),
        "not measured" if restored is None else words.span(restored),
        "unknown" if free is None else words.size(free),
    )


def _growth(made: Sequence[Manifest]) -> Iterable[Growth]:
    """By name: of encrypted sets nobody here knows which database is which."""
    oldest: dict[str, tuple[Database, float]] = {}
    newest: dict[str, Database] = {}
    for manifest in made:
        for each in manifest.databases:
            if each.name:
                oldest.setdefault(each.name, (each, manifest.started))
                newest[each.name] = each
    for name, now in sorted(newest.items()):
        then, since = oldest[name]
        more = now.bytes - then.bytes
        yield Growth(
            name,
            words.size(now.bytes),
            "no change" if not more else f"{'+' if more > 0 else '-'}{words.size(abs(more))}",
            f"{now.rows:,}",
            words.change(now.rows, then.rows),
            since,
        )
