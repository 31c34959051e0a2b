"""What can be wrong, what it is found by, and the limits beyond which it is wrong."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NamedTuple

from console.archive import Archive
from console.forecast import Sample
from console.jobs import Cluster
from console.sets import BackupSet, Picture

CLOCK_SLACK = 300.0
"""Seconds by which two clocks may differ."""
STARTING_DEADLINE = 600.0
"""The CronJobs' own: a run that is later than this does not happen."""

ESCROW_DAYS = 30
"""Within so many days a person tries whether the key that is kept elsewhere still opens sets."""


class Level(IntEnum):
    """How bad it is."""

    GOOD = 0
    UNSURE = 1
    WARNING = 2
    BAD = 3


class Code(StrEnum):
    """What can be wrong, one word each; the same in pages, alerts and notifications."""

    STORE = "store"
    EMPTY = "empty"
    STALE = "stale"
    UNVERIFIED = "unverified"
    UNPROVEN = "unproven"
    LEFT_OUT = "left-out"
    OLD_RESTORE = "old-restore"
    OLD_READING = "old-reading"
    RPO = "rpo"
    RTO = "rto"
    ESCROW = "escrow"
    FAILED_SET = "failed-set"
    FAILED_BACKUP = "failed-backup"
    FAILED_VERIFY = "failed-verify"
    DAMAGED = "damaged"
    SHRINKING = "shrinking"
    FULL = "full"
    NEARLY_FULL = "nearly-full"
    SUSPENDED = "suspended"
    MISSED = "missed"
    CLOCK = "clock"
    ARCHIVE_STALE = "archive-stale"
    ARCHIVE_SLOT = "archive-slot"
    ARCHIVE_WAITING = "archive-waiting"
    ARCHIVE_BACKUP = "archive-backup"
    ARCHIVE_DRILL = "archive-drill"
    OFFSITE_SETS = "offsite-sets"
    API = "api"


class Key(NamedTuple):
    """What tells one problem from any other: two sets that are damaged are two problems."""

    code: Code
    subject: str


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and what to do next."""

    code: Code
    level: Level
    text: str
    next: str = ""
    subject: str = ""
    """The set, repository, CronJob or clock that it is about; empty where there can be but one."""

    @property
    def key(self) -> Key:
        """The same as long as it lasts, whatever its words are."""
        return Key(self.code, self.subject)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """All that the verdict is made from."""

    store: Picture
    cluster: Cluster
    interval: float
    """Seconds between two backups."""
    min_free_bytes: int = 0
    repeat_days: int = 0
    """Within so many days every verified set is restored again; 0: never."""
    scrub_days: int = 0
    """Within so many days the bytes of every set are read again; 0: never."""
    due: dict[str, float] | None = None
    """When each CronJob should have run most recently, by its name."""
    next_backup: float | None = None
    """When the next one is due; None where nobody knows, or where the schedule stands still."""
    archive: Archive | None = None
    """None where there is to be none."""
    archive_interval: float = 0.0
    """Seconds within which each repository of the archive gets a backup."""
    rpo_seconds: float = 0.0
    """Budget of what may be lost; 0: none."""
    rto_seconds: float = 0.0
    """Budget of how long a recovery may take; 0: none."""
    room: tuple[Sample, ...] = ()
    """How free room in the store went, oldest first."""


def stale_after(interval: float) -> float:
    """A run may be late, and take its time; two in a row may not fail unseen."""
    return interval * 1.5 + STARTING_DEADLINE


def unverified_after(interval: float) -> float:
    """Verification comes after each backup: one more interval, for a run that waited."""
    return interval * 2.5 + STARTING_DEADLINE


def is_missed(due: float, last_schedule: float | None, created: float, now: float) -> bool:
    """Whether the run that was due at `due` can no longer start, and has not."""
    last = max(last_schedule or 0.0, created)
    return last < due and now - due > STARTING_DEADLINE


def started(found: BackupSet) -> float:
    """When a set that counts was begun."""
    assert found.manifest is not None  # noqa: S101 (published sets have one)
    return found.manifest.started
