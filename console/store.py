"""Reads the store: a directory that is mounted read-only and that others write to meanwhile."""

import hashlib
import os
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from console import beside, checked, manifest
from console.checked import UnusableError
from console.files import read
from console.manifest import Manifest
from console.sets import BackupSet, Identity, Picture, State, Tried, Verdict

_FILES = (
    "manifest.json",
    "SHA256SUMS",
    "verified.json",
    "unverified.json",
    "read.json",
    "pinned.json",
)
KEY = "key.age"
ESCROW = ".escrow.json"
_Stamp = tuple[tuple[int, int, int] | None, ...]


class Store:
    """One store. What was read of a set is kept until one of its files changes."""

    def __init__(self, root: Path, expected_id: str) -> None:
        self._root = root
        self._expected = expected_id
        # By path as text: at a scrape with 1,000 sets, Path objects cost more than the disk does.
        self._known: dict[str, tuple[_Stamp, _Read]] = {}

    def look(self) -> Picture:
        """All of the store, now. Never raises because of what is in it. The observer alone asks."""
        identity, why, found = self._identity()
        if identity is Identity.MISSING:
            return Picture(identity, why)
        try:
            sets = tuple(self._sets(found))
            room = os.statvfs(self._root)
        except OSError as error:
            return Picture(
                Identity.UNREADABLE, f"{self._root} cannot be read: {error.strerror}", found
            )
        return Picture(
            identity,
            why,
            found,
            sets,
            # A file system of no blocks does not say (9p mounts): it is not full for that.
            free_bytes=room.f_bavail * room.f_frsize if room.f_blocks else None,
            size_bytes=room.f_blocks * room.f_frsize or None,
            escrow_checked=beside.escrow_checked(self._root / ESCROW, time.time()),
        )

    def detail(self, name: str, *, failed: bool = False) -> Manifest | None:
        """A set's manifest with its tables; None where it cannot be used."""
        directory = (self._root / "failed" if failed else self._root) / name
        try:
            return manifest.parse(read(directory / "manifest.json"), name, with_tables=True)
        except (OSError, UnusableError):
            return None

    def _identity(self) -> tuple[Identity, str, str]:
        path = self._root / ".store.json"
        try:
            content = checked.load(read(path))
        except FileNotFoundError:
            return Identity.MISSING, f"{self._root} is not a store: it has no .store.json", ""
        except (OSError, UnusableError) as error:
            return Identity.UNREADABLE, f"{path} cannot be used: {_words(error)}", ""
        found = content.get("id")
        if content.get("version") != 1 or not isinstance(found, str) or not found:
            return Identity.UNREADABLE, f"{path} is damaged", ""
        if self._expected and found != self._expected:
            why = f"this is store {found}, but store {self._expected} is expected"
            return Identity.OTHER, why, found
        return Identity.OK, "", found

    def _sets(self, store_id: str) -> Iterator[BackupSet]:
        seen = set()
        for name in _candidates(self._root):
            directory = f"{self._root}/{name}"
            seen.add(directory)
            yield self._set(directory, name, store_id)
        for name in _candidates(self._root / "failed"):
            directory = f"{self._root}/failed/{name}"
            seen.add(directory)
            found = self._set(directory, name, store_id)
            why, tried = beside.reason(Path(directory) / "failed.json", "failed")
            if not why and found.state is State.DAMAGED:
                why = found.why
            yield BackupSet(name, State.FAILED, why, found.manifest, tried=tried)
        for gone in self._known.keys() - seen:
            self._known.pop(gone, None)

    def _set(self, directory: str, name: str, store_id: str) -> BackupSet:
        try:
            known = self._cached(directory)
            if known.manifest.store != store_id:
                why = f"it was made for store {known.manifest.store}"
                return BackupSet(name, State.FOREIGN, why, known.manifest)
            _check_files(directory, known.manifest)
        except FileNotFoundError as error:
            if str(error.filename) == f"{directory}/manifest.json":
                return BackupSet(name, State.FOREIGN, "it has no manifest.json")
            missing = Path(str(error.filename)).name
            return BackupSet(name, State.DAMAGED, f"{missing} is missing", self._last(directory))
        except (OSError, UnusableError) as error:
            return BackupSet(name, State.DAMAGED, _words(error), self._last(directory))
        state = State.VERIFIED if known.verdict else State.UNVERIFIED
        return BackupSet(
            name,
            state,
            known.why,
            known.manifest,
            known.verdict,
            known.is_pinned,
            known.tried,
            known.read,
        )

    def _cached(self, directory: str) -> "_Read":
        stamp = tuple([_stamp(f"{directory}/{name}") for name in _FILES])
        known = self._known.get(directory)
        if known and known[0] == stamp:
            return known[1]
        self._known.pop(directory, None)
        made = _read_set(Path(directory))
        self._known[directory] = (stamp, made)
        return made

    def _last(self, directory: str) -> Manifest | None:
        known = self._known.get(directory)
        return known[1].manifest if known else None


@dataclass(frozen=True, slots=True)
class _Read:
    manifest: Manifest
    verdict: Verdict | None
    is_pinned: bool
    why: str
    tried: Tried | None
    read: float


def _read_set(directory: Path) -> _Read:
    found = manifest.parse(read(directory / "manifest.json"), directory.name)
    sums = hashlib.sha256(read(directory / "SHA256SUMS")).hexdigest()
    verdict = beside.verdict(directory, found, sums)
    why, tried = "", None
    if verdict is None:
        why, tried = beside.reason(directory / "unverified.json", "unverified", sums)
    again = beside.read_again(directory, sums)
    return _Read(found, verdict, beside.is_pinned(directory, found), why, tried, again)


def _check_files(directory: str, found: Manifest) -> None:
    """Every file that the manifest names is there with its size.

    This sees what is missing or cut short at once; a changed byte is for verify.sh to find.
    """
    wanted: list[tuple[str, int | None]] = [(found.globals_file, found.globals_bytes)]
    if found.contents:
        # Without its key nothing of it can be read. Another recipient's has another size.
        wanted += [found.contents, (KEY, None)]
    for database in found.databases:
        wanted.append((database.file, database.bytes))
        if database.objects:
            wanted.append((database.objects, None))  # the manifest does not say its size
    for name, size in wanted:
        seen = os.lstat(f"{directory}/{name}")
        if stat.S_ISDIR(seen.st_mode) and size is not None:
            continue  # directory format: its many files are verify.sh's
        if not stat.S_ISREG(seen.st_mode):
            raise UnusableError(f"{name} is not a file")
        if size is not None and seen.st_size != size:
            raise UnusableError(f"{name} has {seen.st_size} bytes, the manifest says {size}")


def _candidates(directory: Path) -> list[str]:
    """Directories that are named like sets, oldest first."""
    try:
        with os.scandir(directory) as entries:
            return sorted(
                entry.name
                for entry in entries
                if manifest.SET_NAME.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)
            )
    except FileNotFoundError:
        return []


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        seen = os.lstat(path)
    except FileNotFoundError:
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _words(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
