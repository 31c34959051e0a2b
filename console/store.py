"""Reads the store: a directory that is mounted read-only and that others write to meanwhile."""

import hashlib
import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from console import manifest
from console.manifest import Manifest, UnusableError
from console.sets import Aside, BackupSet, Identity, Picture, State, Verdict

_FILES = ("manifest.json", "SHA256SUMS", "verified.json", "pinned.json")
_MOST_WORDS = 2000
_Stamp = tuple[tuple[int, int, int] | None, ...]


class Store:
    """One store. What was read of a set is kept until one of its files changes."""

    def __init__(self, root: Path, expected_id: str) -> None:
        self._root = root
        self._expected = expected_id
        # By path as text: at a scrape with 1,000 sets, Path objects cost more than the disk does.
        self._known: dict[str, tuple[_Stamp, _Read]] = {}
        self._lock = threading.Lock()

    def look(self) -> Picture:
        """All of the store, now. Never raises because of what is in it."""
        with self._lock:  # a scrape, a page and the notifier's clock may come at once
            return self._look()

    def _look(self) -> Picture:
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
            free_bytes=room.f_bavail * room.f_frsize,
            size_bytes=room.f_blocks * room.f_frsize,
        )

    def detail(self, name: str, *, failed: bool = False) -> Manifest | None:
        """A set's manifest with its tables; None where it cannot be used."""
        directory = (self._root / "failed" if failed else self._root) / name
        try:
            return manifest.parse(_read(directory / "manifest.json"), name, with_tables=True)
        except (OSError, UnusableError):
            return None

    def _identity(self) -> tuple[Identity, str, str]:
        path = self._root / ".store.json"
        try:
            content = manifest.load(_read(path))
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
            why, aside = _failure(Path(directory))
            if not why and found.state is State.DAMAGED:
                why = found.why
            yield BackupSet(name, State.FAILED, why, found.manifest, aside=aside)
        for gone in self._known.keys() - seen:
            self._known.pop(gone, None)

    def _set(self, directory: str, name: str, store_id: str) -> BackupSet:
        try:
            read = self._cached(directory)
            if read.manifest.store != store_id:
                why = f"it was made for store {read.manifest.store}"
                return BackupSet(name, State.FOREIGN, why, read.manifest)
            _check_files(directory, read.manifest)
        except FileNotFoundError as error:
            if str(error.filename) == f"{directory}/manifest.json":
                return BackupSet(name, State.FOREIGN, "it has no manifest.json")
            missing = Path(str(error.filename)).name
            return BackupSet(name, State.DAMAGED, f"{missing} is missing", self._last(directory))
        except (OSError, UnusableError) as error:
            return BackupSet(name, State.DAMAGED, _words(error), self._last(directory))
        state = State.VERIFIED if read.verdict else State.UNVERIFIED
        return BackupSet(name, state, "", read.manifest, read.verdict, read.is_pinned)

    def _cached(self, directory: str) -> "_Read":
        stamp = tuple([_stamp(f"{directory}/{name}") for name in _FILES])
        known = self._known.get(directory)
        if known and known[0] == stamp:
            return known[1]
        self._known.pop(directory, None)
        read = _read_set(Path(directory))
        self._known[directory] = (stamp, read)
        return read

    def _last(self, directory: str) -> Manifest | None:
        known = self._known.get(directory)
        return known[1].manifest if known else None


@dataclass(frozen=True, slots=True)
class _Read:
    manifest: Manifest
    verdict: Verdict | None = field(default=None)
    is_pinned: bool = False


def _read_set(directory: Path) -> _Read:
    found = manifest.parse(_read(directory / "manifest.json"), directory.name)
    sums = hashlib.sha256(_read(directory / "SHA256SUMS")).hexdigest()
    is_pinned = _is_pinned(directory, found)
    try:
        verdict = _verdict(manifest.load(_read(directory / "verified.json")), found, sums)
    except (OSError, UnusableError):
        verdict = None  # one that cannot be read is none
    return _Read(found, verdict, is_pinned)


def _is_pinned(directory: Path, of: Manifest) -> bool:
    """As set.bash of the scripts decides: the later word wins, and only a clear no unpins."""
    try:
        word = manifest.load(_read(directory / "pinned.json"))
    except FileNotFoundError:
        return of.pinned
    except (OSError, UnusableError):
        return True
    return not (word.get("set") == directory.name and word.get("pinned") is False)


def _failure(directory: Path) -> tuple[str, Aside | None]:
    """Why a set was set aside, by its failed.json; sets of older scripts have none."""
    try:
        # A server's message may hold any bytes.
        text = _read(directory / "failed.json").decode(errors="replace")
        found = manifest.load(text.encode())
    except (OSError, UnusableError):
        return "", None
    why, by = (found.get(key) for key in ("why", "by"))
    try:
        moment = manifest.seconds_of(str(found.get("failed")))
    except UnusableError:
        moment = None
    aside = Aside(moment, _said(by)[:100])
    return _said(why)[:_MOST_WORDS], aside


def _said(value: object) -> str:
    # A lone surrogate is valid JSON and cannot be sent to a browser.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def _verdict(found: dict[str, object], of: Manifest, sums: str) -> Verdict | None:
    """A verdict counts when it is good and bound to these very files."""
    if found.get("result") != "good" or found.get("sums") != sums:
        return None
    when = found.get("verified")
    return Verdict(
        verified=manifest.seconds_of(when) if isinstance(when, str) else of.started,
        restore_seconds=_number(found.get("restore_seconds")),
        seconds=_number(found.get("seconds")),
        by=str(found.get("by", ""))[:100],
        passwords=str(found.get("passwords", ""))[:100],
    )


def _number(value: object) -> float:
    # Compared before it is converted: an integer of 400 digits fits no float.
    return float(value) if isinstance(value, int | float) and 0 <= value < 2**53 else 0.0


def _check_files(directory: str, found: Manifest) -> None:
    """Every file that the manifest names is there with its size.

    This sees what is missing or cut short at once; a changed byte is for verify.sh to find.
    """
    wanted = [(found.globals_file, found.globals_bytes)]
    wanted += [(database.file, database.bytes) for database in found.databases]
    for name, size in wanted:
        seen = os.lstat(f"{directory}/{name}")
        if stat.S_ISDIR(seen.st_mode):
            continue  # directory format: its many files are verify.sh's
        if not stat.S_ISREG(seen.st_mode):
            raise UnusableError(f"{name} is not a file")
        if seen.st_size != size:
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


def _read(path: Path) -> bytes:
    """A regular file, whole. A pipe would wait for ever, a link may lead out of the store."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise UnusableError(f"{path.name} is not a file")
        if seen.st_size > manifest.MAX_BYTES:
            raise UnusableError(f"{path.name} has {seen.st_size} bytes, which is too much")
        return file.read(manifest.MAX_BYTES)


def _words(error: Exception) -> str:
    return str(error.strerror) if isinstance(error, OSError) else str(error)
