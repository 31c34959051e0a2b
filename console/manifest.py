"""From the bytes of a manifest to plain facts, or to the reason why they cannot be used.

Nothing in a store is trusted: a manifest may be cut short, forged, huge or of another version.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

VERSION = 2
"""The newest that is read; all before it are, too."""
MAX_BYTES = 64 * 2**20
"""A manifest with a hundred thousand tables has 10 MB."""

SET_NAME = re.compile(r"backup_\d{8}_\d{6}", re.ASCII)
_NAMED = re.compile(r"backup_(\d{4})(\d\d)(\d\d)_(\d\d)(\d\d)(\d\d)", re.ASCII)
_FILE = re.compile(r"[A-Za-z0-9_%-]+(\.[a-z.]+)?", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_MOST = 2**63
_MOST_LINES, _MOST_SIGNS = 100, 300


class UnusableError(Exception):
    """The text says what is wrong with a manifest, in the words of list.sh."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table and its rows."""

    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Database:
    """One database of a set; `tables` is left empty where only the totals were asked for."""

    name: str
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
    emptied: tuple[str, ...] = ()
    """Tables that had rows in the set before and have none now."""
    notes: tuple[str, ...] = ()
    data_free_bytes: int | None = None
    """On the server's data volume when the set was begun; None where that could not be asked."""
    data_size_bytes: int | None = None

    @property
    def bytes(self) -> int:
        """Of all dumps together."""
        return self.globals_bytes + sum(database.bytes for database in self.databases)

    @property
    def rows(self) -> int:
        """Of all tables together."""
        return sum(database.rows for database in self.databases)


def load(content: bytes) -> dict[str, Any]:
    """A JSON object out of a file of the store."""
    try:
        found = json.loads(content)
    # RecursionError: ten thousand brackets. ValueError covers bad JSON, bad UTF-8, a number of
    # five thousand digits.
    except (ValueError, RecursionError) as error:
        raise UnusableError("it is not JSON") from error
    if not isinstance(found, dict):
        raise UnusableError("it is not a JSON object")
    return found


def parse(content: bytes, name: str, *, with_tables: bool = False) -> Manifest:
    """The manifest of the set `name`, checked as the scripts check it."""
    found = load(content)
    version = found.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UnusableError(
            f"its format version {version} is newer than this console's ({VERSION})"
        )
    if version not in range(1, VERSION + 1) or found.get("set") != name:
        raise UnusableError("its manifest is for another set or version")
    server, roles = _object(found, "server"), _object(found, "globals")
    return Manifest(
        store=_text(found, "store"),
        started=_begun(_text(found, "started"), name),
        finished=_ended(found.get("finished")),
        reason=_text(found, "reason", ""),
        pinned=found.get("pinned") is True,
        flagged=None if found.get("flagged") is None else str(found["flagged"])[:2000],
        accepted_shrink=found.get("accepted_shrink") is True,
        server_version=_text(server, "version"),
        format=_text(found, "format"),
        compression=_text(found, "compression"),
        globals_file=_file(roles, "file"),
        globals_bytes=_count(roles.get("bytes")),
        databases=tuple(_database(each, with_tables) for each in _objects(found, "databases")),
        skipped=tuple(
            (_text(each, "name", "?"), _text(each, "why", "?"))
            for each in _objects(found, "skipped")
        ),
        emptied=_lines(found, "emptied"),
        notes=_lines(found, "notes"),
        data_free_bytes=_known(server.get("data_free_bytes")),
        data_size_bytes=_known(server.get("data_size_bytes")),
    )


def _known(count: object) -> int | None:
    return None if count is None else _count(count)


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


def _database(found: Mapping[str, Any], with_tables: bool) -> Database:
    tables = _objects(found, "tables")
    # null: of a table that could not be read, which a note of the set says.
    rows = [_count(table.get("rows") or 0) for table in tables]
    names = (f"{_text(table, 'schema')}.{_text(table, 'name')}" for table in tables)
    return Database(
        name=_text(found, "name"),
        file=_file(found, "file"),
        objects=_file(found, "objects") if "objects" in found else "",
        bytes=_count(found.get("bytes")),
        rows=sum(rows),
        table_count=len(tables),
        tables=tuple(map(Table, names, rows)) if with_tables else (),
    )


def _object(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = found.get(key)
    if not isinstance(value, dict):
        raise UnusableError(f"its manifest has no usable '{key}'")
    return value


def _objects(found: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = found.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UnusableError(f"its manifest has no usable '{key}'")
    return value


def _text(found: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = found.get(key, default)
    if not isinstance(value, str):
        raise UnusableError(f"its manifest has no usable '{key}'")
    return said(value)


def _lines(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    # Only shown: no set is worth less for what cannot be.
    value = found.get(key)
    lines = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    return tuple(said(each)[:_MOST_SIGNS] for each in lines[:_MOST_LINES])


def said(value: object) -> str:
    """What can be shown of a value that should be a text."""
    # A lone surrogate is valid JSON and cannot be sent to a browser.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _file(found: Mapping[str, Any], key: str) -> str:
    # File names come from outside: none may lead out of the set.
    name = _text(found, key)
    if not _FILE.fullmatch(name):
        raise UnusableError("its manifest has no usable file name")
    return name


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
        raise UnusableError("its manifest has a count that is none")
    return value


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
