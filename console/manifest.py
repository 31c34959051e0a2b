"""From the bytes of a manifest to plain facts, or to the reason why they cannot be used.

Nothing in a store is trusted: a manifest may be cut short, forged, huge or of another version.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from console import checked
from console.checked import Found, UnusableError, said

VERSION = 3
"""The newest that is read; all before it are, too."""
ENCRYPTED = 3
"""The version of encrypted sets, and of no others: totals without any name."""
MAX_BYTES = 64 * 2**20
"""A manifest with a hundred thousand tables has 10 MB."""

SET_NAME = re.compile(r"backup_\d{8}_\d{6}", re.ASCII)
_NAMED = re.compile(r"backup_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


@dataclass(frozen=True, slots=True)
class Table:
    """One table and its rows."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a set; `tables` is left empty where only the totals were asked for."""

    name: str
    """Empty where the set is encrypted."""
    file: str
    bytes: int
    rows: int
    table_count: int
    tables: tuple[Table, ...] = ()
    objects: str = ""
    """The file that lists its objects; sets of the first version have none."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a set says of itself."""

    store: str
    started: float
    finished: float | None
    reason: str
    pinned: bool
    flagged: str | None
    accepted_shrink: bool
    server_version: str
    format: str
    compression: str
    globals_file: str
    globals_bytes: int
    databases: tuple[Database, ...]
    skipped: tuple[tuple[str, str], ...]
    skipped_count: int = 0
    """More of them, whose names are encrypted."""
    emptied: tuple[str, ...] = ()
    """Tables that had rows in the set before and have none now."""
    notes: tuple[str, ...] = ()
    data_free_bytes: int | None = None
    """On the server's data volume when the set was begun; None where that could not be asked."""
    data_size_bytes: int | None = None
    limits: tuple[str, ...] = ()
    """What the role that saved could not read, as sentences: it is no superuser."""
    contents: tuple[str, int] | None = None
    """Of an encrypted set the file with all names, and its bytes; the key beside it opens it."""

    @property
    def is_encrypted(self) -> bool:
        """Whether only the key's owner can read names and data."""
        return self.contents is not None

    @property
    def bytes(self) -> int:
        """Of all dumps together."""
        return self.globals_bytes + sum(database.bytes for database in self.databases)

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(database.rows for database in self.databases)


def parse(content: bytes, name: str, *, with_tables: bool = False) -> Manifest:
    """The manifest of the set `name`, checked as the scripts check it."""
    found = checked.load(content)
    version = found.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UnusableError(
            f"its format version {version} is newer than this console's ({VERSION})"
        )
    if version not in range(1, VERSION + 1) or found.get("set") != name:
        raise UnusableError("its manifest is for another set or version")
    server, roles = checked.object_at(found, "server"), checked.object_at(found, "globals")
    is_encrypted = version == ENCRYPTED
    return Manifest(
        store=checked.text(found, "store"),
        started=_begun(checked.text(found, "started"), name),
        finished=_ended(found.get("finished")),
        reason=checked.text(found, "reason", ""),
        pinned=found.get("pinned") is True,
        flagged=None if found.get("flagged") is None else str(found["flagged"])[:2000],
        accepted_shrink=found.get("accepted_shrink") is True,
        server_version=checked.text(server, "version"),
        format=checked.text(found, "format"),
        compression=checked.text(found, "compression"),
        globals_file=checked.file_name(roles, "file"),
        globals_bytes=checked.count(roles.get("bytes")),
        databases=tuple(
            _totals(each) if is_encrypted else _database(each, with_tables)
            for each in checked.objects(found, "databases")
        ),
        skipped=() if is_encrypted else _skipped(found),
        skipped_count=checked.count(found.get("skipped", 0)) if is_encrypted else 0,
        emptied=checked.lines(found, "emptied"),
        notes=checked.lines(found, "notes"),
        data_free_bytes=checked.known(server.get("data_free_bytes")),
        data_size_bytes=checked.known(server.get("data_size_bytes")),
        limits=_limits(found),
        contents=_contents(found) if is_encrypted else None,
    )


def _contents(found: Found) -> tuple[str, int]:
    checked.text(found, "encrypted")
    contents = checked.object_at(found, "contents")
    return checked.file_name(contents, "file"), checked.count(contents.get("bytes"))


def _limits(found: Found) -> tuple[str, ...]:
    role = found.get("role")
    return checked.lines(role, "limits") if isinstance(role, dict) else ()


def _skipped(found: Found) -> tuple[tuple[str, str], ...]:
    return tuple(
        (checked.text(each, "name", "?"), checked.text(each, "why", "?"))
        for each in checked.objects(found, "skipped")
    )


def _begun(text: str, name: str) -> float:
    # A set is worth no less for a time that is none: its name has one, too.
    try:
        return seconds_of(text)
    except UnusableError:
        return seconds_of(time_of(name))


def _ended(value: object) -> float | None:
    try:
        return None if value is None else seconds_of(said(value))
    except UnusableError:
        return None


def _database(found: Found, with_tables: bool) -> Database:
    tables = checked.objects(found, "tables")
    # null: of a table that could not be read, which a note of the set says.
    rows = [checked.count(table.get("rows") or 0) for table in tables]
    names = (f"{checked.text(table, 'schema')}.{checked.text(table, 'name')}" for table in tables)
    return Database(
        name=checked.text(found, "name"),
        file=checked.file_name(found, "file"),
        objects=checked.file_name(found, "objects") if "objects" in found else "",
        bytes=checked.count(found.get("bytes")),
        rows=sum(rows),
        table_count=len(tables),
        tables=tuple(map(Table, names, rows)) if with_tables else (),
    )


def _totals(found: Found) -> Database:
    """Of an encrypted set, whatever else somebody wrote there: a name is not to be shown."""
    return Database(
        name="",
        file=checked.file_name(found, "file"),
        # null where it is a file of SQL.
        objects=checked.file_name(found, "objects") if found.get("objects") is not None else "",
        bytes=checked.count(found.get("bytes")),
        rows=checked.count(found.get("rows")),
        table_count=checked.count(found.get("tables")),
    )


def time_of(name: str) -> str:
    """When a set was begun, by its name and as the scripts write it; empty for any other text."""
    found = _NAMED.fullmatch(name)
    return found.expand(r"\1-\2-\3T\4:\5:\6Z") if found else ""


def seconds_of(text: str) -> float:
    """Seconds since 1970 of a time as the scripts write it."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise UnusableError("its manifest has a time that is none") from error
