"""What the templates show, put into words and numbers beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from console import words
from console.archive import Archive, Drill
from console.jobs import Job, Phase
from console.manifest import Database, Manifest
from console.sets import BackupSet, Picture, State
from console.wishes import Action

BARS = 40
BAR_WIDTH, BAR_HEIGHT = 12, 60
PREVIEW_SECONDS = 3600
"""A preview of yesterday says nothing about the databases of today."""


@dataclass(frozen=True, slots=True)
class Row:
    """A set in the list."""

    set: BackupSet
    age: str
    bytes: str
    seconds: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A set in the timeline."""

    state: State
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class JobView:
    """A job in words."""

    job: Job
    what: str
    age: str
    seconds: str


@dataclass(frozen=True, slots=True)
class TableView:
    """A table of a set beside the same one of the set before."""

    name: str
    rows: int
    change: str


@dataclass(frozen=True, slots=True)
class DatabaseView:
    """A database of a set beside the same one of the set before."""

    title: str
    database: Database
    change: str
    """Empty where it is not known which one of the set before it was."""
    tables: tuple[TableView, ...]


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """A repository of the archive in words."""

    name: str
    backup: str
    waiting: str
    drill: str


def utc(moment: float | None) -> str:
    """For a person."""
    return "unknown" if moment is None else f"{_moment(moment):%Y-%m-%d %H:%M} UTC"


def exact(moment: float | None) -> str:
    """For a person who wants a certain second."""
    return "unknown" if moment is None else f"{_moment(moment):%Y-%m-%d %H:%M:%S} UTC"


def iso(moment: float) -> str:
    """For a machine."""
    return f"{_moment(moment):%Y-%m-%dT%H:%M:%SZ}"


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def rows(store: Picture, now: float) -> list[Row]:
    """The sets as a list, newest first."""
    return [_row(each, now) for each in sorted(store.sets, key=lambda s: s.name, reverse=True)]


def _row(found: BackupSet, now: float) -> Row:
    manifest, notes = found.manifest, []
    if found.state is State.FAILED:
        notes.append("did not verify, set aside")
    if found.state is State.UNVERIFIED and found.tried:
        notes.append(f"stays, not verified {utc(found.tried.moment)}")
    if found.verdict and found.verdict.left_out_count:
        notes.append(f"{words.count(found.verdict.left_out_count, 'object')} left out")
    if found.why:
        notes.append(words.short(found.why))
    if manifest is None:
        return Row(found, "unknown", "unknown", "unknown", tuple(notes))
    if found.is_pinned:
        notes.append("pinned")
    if manifest.limits:
        notes.append(f"{words.count(len(manifest.limits), 'limit')} of the role that saved it")
    if manifest.flagged:
        notes.append(f"lost data: {manifest.flagged}")
    taken = None if manifest.finished is None else manifest.finished - manifest.started
    return Row(
        found,
        words.ago(manifest.started, now),
        words.size(manifest.bytes),
        "unknown" if taken is None else words.span(taken),
        tuple(notes),
    )


def repositories(archive: Archive, now: float) -> list[RepositoryView]:
    """Each repository of the archive."""
    return [_repository(archive, name, now) for name in archive.repositories]


def _repository(archive: Archive, name: str, now: float) -> RepositoryView:
    position, drill = archive.position, archive.drills.get(name)
    backup = waiting = "unknown"
    if position and name in position.backups:
        ended = position.backups[name]
        backup = "none yet" if ended is None else words.ago(ended, now)
    if position and name in position.waiting:
        waiting = words.count(position.waiting[name], "segment")
    return RepositoryView(name, backup, waiting, _drilled(drill, now) if drill else "none yet")


def _drilled(drill: Drill, now: float) -> str:
    age = "" if drill.time is None else f" {words.ago(drill.time, now)}"
    if not drill.is_good:
        return f"failed{age}: {words.short(drill.why)}"
    took = "" if drill.seconds is None else f", took {words.span(drill.seconds)}"
    return f"came back{age}{took}"


def copies(archive: Archive, now: float) -> str:
    """The sets off this machine; empty where none are copied."""
    last = archive.copies
    if last is None:
        return ""
    if last.time is None:
        return f"unknown: {words.short(last.why)}"
    age = words.ago(last.time, now)
    kept = "" if last.kept is None else f"{last.kept:,}, "
    held = f"{kept}newest {last.newest}" if last.newest else "none yet"
    if not last.is_good:
        return f"{held}; the last run failed {age}: {words.short(last.why)}"
    return f"{held}, {'copied' if last.newest else 'last tried'} {age}"


def bars(store: Picture) -> list[Bar]:
    """The timeline: oldest left, as high as the set is large."""
    shown = sorted(store.sets, key=lambda each: each.name)[-BARS:]
    sizes = [each.manifest.bytes if each.manifest else 0 for each in shown]
    largest = max([*sizes, 1])
    return [
        Bar(each.state, index * BAR_WIDTH, BAR_HEIGHT - height, height)
        for index, (each, count) in enumerate(zip(shown, sizes, strict=True))
        for height in [max(6, BAR_HEIGHT * count // largest)]
    ]


def job(found: Job, now: float) -> JobView:
    """A job in words."""
    what = {
        Action.BACKUP: "Backup",
        Action.VERIFY: "Verification",
        Action.PREVIEW: "Preview of a restore",
        Action.RESTORE: "Restore",
        Action.PIN: "Pin",
        Action.UNPIN: "Removal of the pin",
        Action.ESCROW: "Escrow drill",
    }[found.action]
    return JobView(
        found,
        what,
        words.ago(found.created, now),
        "" if found.seconds is None else words.span(found.seconds),
    )


def is_good_preview(found: Job, now: float) -> bool:
    """Whether a restore may follow from this preview."""
    is_fresh = found.finished is not None and now - found.finished < PREVIEW_SECONDS
    return found.action is Action.PREVIEW and found.phase is Phase.DONE and is_fresh


def change(now: Manifest | None, before: Manifest | None) -> str:
    """Of all rows together, where it is not said of each database; else empty."""
    if now is None or before is None or not (now.is_encrypted or before.is_encrypted):
        return ""
    return words.change(now.rows, before.rows)


def databases(now: Manifest | None, before: Manifest | None) -> list[DatabaseView]:
    """Each database of a set with what changed since the set before."""
    if now is None:
        return []
    if now.is_encrypted:
        return [_unnamed(each, at, len(now.databases)) for at, each in enumerate(now.databases, 1)]
    is_known = before is not None and not before.is_encrypted
    earlier = {each.name: each for each in before.databases} if before and is_known else {}
    return [_database(each, earlier.get(each.name), is_known) for each in now.databases]


def _unnamed(found: Database, number: int, of: int) -> DatabaseView:
    return DatabaseView(f"Database {number} of {of}: names are encrypted", found, "", ())


def _database(now: Database, before: Database | None, is_known: bool) -> DatabaseView:
    if not is_known:
        return DatabaseView(now.name, now, "", tuple(_tables(now, now)))
    change = words.change(now.rows, before.rows) if before else "new"
    return DatabaseView(now.name, now, change, tuple(_tables(now, before)))


def _tables(now: Database, before: Database | None) -> Sequence[TableView]:
    earlier = {table.name: table.rows for table in before.tables} if before else {}
    found = [
        TableView(
            table.name,
            table.rows,
            words.change(table.rows, earlier[table.name]) if table.name in earlier else "new",
        )
        for table in now.tables
    ]
    gone = earlier.keys() - {table.name for table in now.tables}
    return found + [TableView(name, 0, f"gone, had {earlier[name]:,}") for name in sorted(gone)]
