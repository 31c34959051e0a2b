"""The archive beside the sets: how far it has come, and what its drills have proven.

The archiver, the drills and the job that copies sets off this machine say it in small files of the
store. One that is missing, cut short, huge or of a later version is part of the answer.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from console import checked, manifest
from console.checked import UnusableError, said
from console.files import read

VERSION = 1
MOST_BYTES = 64 * 1024
"""A position has 400."""
SEGMENT_BYTES = 16 * 2**20
LOCAL, OFFSITE = "local", "offsite"
COPIES = "offsite-sets.json"

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_MOST_REPOSITORIES = 8
_MOST_SIGNS = 500
_MOST = 2**63


class Slot(StrEnum):
    """What the server says of the slot that keeps WAL until the archive has it."""

    RESERVED = "reserved"
    EXTENDED = "extended"
    """It keeps more than it would without; nothing is lost."""
    UNRESERVED = "unreserved"
    """The next checkpoint may remove what the archive does not have."""
    LOST = "lost"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """What the archiver writes each minute."""

    time: float
    canary: float | None
    """The newest commit that is known to be in the archive."""
    written: str
    behind_bytes: int | None
    slot: Slot | None
    """None for a word that this console does not know."""
    is_streaming: bool
    waiting: Mapping[str, int]
    """Segments that a repository does not have yet, by its name."""
    backups: Mapping[str, float | None]
    """When the newest backup of a repository ended; None where it has none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drill:
    """What the last try to come back from a repository has shown."""

    is_good: bool
    why: str = ""
    time: float | None = None
    start: float | None = None
    """First moment that can be restored to, as proven."""
    end: float | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Copies:
    """What the last run has said that copies sets off this machine."""

    is_good: bool
    why: str = ""
    time: float | None = None
    """None where what it has said cannot be used."""
    newest: str | None = None
    """Copied and read back by the last good run; None if there never was one."""
    begun: float | None = None
    """When that set was, by its name."""
    kept: int | None = None
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """All that is known of it at one moment."""

    position: Position | None = None
    why: str = ""
    """Why there is no position."""
    since: float
    """When it began, or was first looked at: what is not there yet may still be to come."""
    drills: Mapping[str, Drill] = field(default_factory=dict)
    copies: Copies | None = None
    """None where no sets are copied off this machine."""
    awaits_copies: bool = False
    """Whether sets are to be copied off this machine, and no run has said a word yet."""

    @property
    def repositories(self) -> list[str]:
        """By name; of one that is not used any more, only its old drill would tell."""
        known = self.position
        return sorted(known.waiting.keys() | known.backups.keys() if known else self.drills.keys())

    @property
    def start(self) -> float | None:
        """Any moment after it can be restored to, until `end`: by a drill, or after a backup."""
        good = [each.start for each in self.drills.values() if each.is_good]
        backups = self.position.backups.values() if self.position else ()
        return min((each for each in [*good, *backups] if each is not None), default=None)

    @property
    def end(self) -> float | None:
        """The last one: what was committed after it may not be in the archive yet."""
        return self.position.canary if self.position else None


class View:
    """The archive of one store."""

    def __init__(self, store: Path, *, has_copies: bool = True) -> None:
        """`has_copies`: what a job has said that was switched off says nothing any more."""
        self._directory, self._has_copies = store / "archive", has_copies
        self._first: float | None = None

    def look(self, now: float) -> Archive:
        """Never raises because of what is in it."""
        position, why = None, ""
        try:
            position = _position(self._load("position.json"))
        except FileNotFoundError:
            why = "it has not been written yet"
        except (OSError, UnusableError) as error:
            why = f"position.json cannot be used: {_words(error)}"
        names = position.waiting.keys() | position.backups.keys() if position else {LOCAL, OFFSITE}
        drills = {name: drill for name in sorted(names) if (drill := self._drill(name))}
        since, copies = self._since(now), self._copies() if self._has_copies else None
        awaits = self._has_copies and copies is None
        return Archive(
            position=position,
            why=why,
            since=since,
            drills=drills,
            copies=copies,
            awaits_copies=awaits,
        )

    def _load(self, name: str) -> dict[str, Any]:
        found = checked.load(read(self._directory / name, MOST_BYTES))
        version = found.get("version")
        if isinstance(version, int) and version > VERSION:
            raise UnusableError(f"its version {version} is newer than this console's ({VERSION})")
        if version != VERSION:
            raise UnusableError("it is of no known version")
        return found

    def _drill(self, name: str) -> Drill | None:
        file = f"drill-{name}.json"
        try:
            return _drill(self._load(file))
        except FileNotFoundError:
            return None
        except (OSError, UnusableError) as error:
            return Drill(is_good=False, why=f"{file} cannot be used: {_words(error)}")

    def _copies(self) -> Copies | None:
        try:
            return _copies(self._load(COPIES))
        except FileNotFoundError:
            return None
        except (OSError, UnusableError) as error:
            return Copies(is_good=False, why=f"{COPIES} cannot be used: {_words(error)}")

    def _since(self, now: float) -> float:
        """Of this server's archive: the file is written when it takes the archive over."""
        if self._first is None:
            self._first = now
        try:
            return min(self._first, (self._directory / "systems").lstat().st_mtime)
        except OSError:
            return self._first


def _position(found: Mapping[str, Any]) -> Position:
    time, behind = _moment(found.get("time")), found.get("behind_bytes")
    if time is None:
        raise UnusableError("it has no time")
    return Position(
        time=time,
        canary=_moment(found.get("canary")),
        written=said(found.get("written"))[:_MOST_SIGNS],
        behind_bytes=None if behind is None else _count(behind),
        slot=next((each for each in Slot if each == found.get("slot")), None),
        is_streaming=found.get("streaming") is True,
        waiting={name: _count(value) for name, value in _by_name(found, "waiting").items()},
        backups={name: _moment(value) for name, value in _by_name(found, "backups").items()},
    )


def _drill(found: Mapping[str, Any]) -> Drill:
    return Drill(
        is_good=found.get("ok") is True,
        why=said(found.get("why"))[:_MOST_SIGNS],
        time=_moment(found.get("time")),
        start=_moment(found.get("from")),
        end=_moment(found.get("to")),
        seconds=_seconds(found.get("seconds")),
    )


def _copies(found: Mapping[str, Any]) -> Copies:
    time, newest, kept = _moment(found.get("time")), found.get("set"), found.get("sets")
    if time is None:
        raise UnusableError("it has no time")
    return Copies(
        is_good=found.get("ok") is True,
        why=said(found.get("why"))[:_MOST_SIGNS],
        time=time,
        newest=None if newest is None else said(newest),
        begun=None if newest is None else _moment(manifest.time_of(said(newest))),
        kept=None if kept is None else _count(kept),
        seconds=_seconds(found.get("seconds")),
    )


def _by_name(found: Mapping[str, Any], key: str) -> dict[str, object]:
    value = found.get(key)
    named = value.items() if isinstance(value, dict) else ()
    usable = [(name, each) for name, each in sorted(named) if _NAME.fullmatch(name)]
    return dict(usable[:_MOST_REPOSITORIES])


def _moment(value: object) -> float | None:
    if value is None:
        return None
    try:
        return manifest.seconds_of(said(value))
    except UnusableError as error:
        raise UnusableError("it has a time that is none") from error


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _MOST:
        raise UnusableError("it has a count that is none")
    # A receiver may be ahead of where the server has said it is.
    return max(0, value)


def _seconds(value: object) -> float | None:
    # Only shown. Compared before it is converted: an integer of 400 digits fits no float.
    return float(value) if isinstance(value, int | float) and 0 <= value < _MOST else None


def _words(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
