"""The sets of a store by their state: verified, unverified, failed, damaged, foreign."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from console.manifest import Manifest


class State(StrEnum):
    """What a set is good for."""

    VERIFIED = "verified"
    """Restored and compared, and unchanged since."""
    UNVERIFIED = "unverified"
    FAILED = "failed"
    """Did not verify; kept apart in failed/."""
    DAMAGED = "damaged"
    """Its manifest cannot be used, or a file of it is not what the manifest says."""
    FOREIGN = "foreign"
    """Not made for this store, or without a manifest: never counted, never touched."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What did not come back although all rows did, and what the server said."""

    database: str
    kind: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification measured."""

    verified: float
    restore_seconds: float | None
    """None where it was not measured."""
    seconds: float
    by: str = ""
    passwords: str = ""
    left_out: tuple[LeftOut, ...] = ()
    """The first of them; `left_out_count` has all."""
    left_out_count: int = 0


@dataclass(frozen=True, slots=True)
class Tried:
    """When a set was found not to verify, and by which script."""

    moment: float | None
    by: str


@dataclass(frozen=True, slots=True)
class BackupSet:
    """One set; without a manifest where that cannot be used."""

    name: str
    state: State
    why: str = ""
    """What is wrong with it; of an unverified one, why a verification did not end well."""
    manifest: Manifest | None = None
    verdict: Verdict | None = None
    is_pinned: bool = False
    """By its manifest, or by the later word of pin.sh."""
    tried: Tried | None = None
    """Of a set in failed/, or of an unverified one; None where no script wrote it down."""
    read: float = 0.0
    """When all its bytes were read again and found whole, by its read.json."""

    @property
    def read_last(self) -> float:
        """When its bytes were found whole: at its making, by its verdict, or read since."""
        return max(self.began, self.verdict.verified if self.verdict else 0.0, self.read)

    @property
    def began(self) -> float:
        """When it was begun; 0 where its manifest cannot be used."""
        return self.manifest.started if self.manifest else 0.0

    @property
    def is_encrypted(self) -> bool:
        """Whether only its key opens it."""
        return self.manifest is not None and self.manifest.is_encrypted

    @property
    def is_published(self) -> bool:
        """Whether it counts as a backup."""
        return self.state in {State.VERIFIED, State.UNVERIFIED}


class Identity(StrEnum):
    """Whether the mounted directory is the store that is meant."""

    OK = "ok"
    MISSING = "missing"
    """There is no directory, or it is not a store."""
    UNREADABLE = "unreadable"
    OTHER = "other"
    """Another store than the one expected."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The store at one moment; sets are oldest first."""

    identity: Identity
    why: str = ""
    id: str = ""
    sets: tuple[BackupSet, ...] = ()
    free_bytes: int | None = None
    size_bytes: int | None = None
    silent: float = 0.0
    """Seconds for which the store has not answered: this is how it was before. 0: it answers."""
    escrow_checked: float | None = None
    """When a key that a person brought last opened encrypted sets."""

    @property
    def is_known(self) -> bool:
        """Whether this is the store that is meant, and how it is now."""
        return self.identity is Identity.OK and not self.silent

    @property
    def published(self) -> list[BackupSet]:
        """Sets that count, oldest first."""
        return [each for each in self.sets if each.is_published]

    @property
    def failed(self) -> list[BackupSet]:
        """Sets that were set aside, newest first."""
        return [each for each in reversed(self.sets) if each.state is State.FAILED]

    @property
    def databases(self) -> list[str]:
        """Of all sets that count, by name: one that is gone today may be wanted back."""
        made = [each.manifest.databases for each in self.published if each.manifest]
        return sorted({database.name for databases in made for database in databases} - {""})

    @property
    def encrypted(self) -> list[BackupSet]:
        """Sets that count and whose names and data only a key opens, oldest first."""
        return [each for each in self.published if each.is_encrypted]

    def escrow_age(self, now: float) -> float | None:
        """Seconds since a person's key was tried: infinite where none ever was.

        None where nothing is encrypted. The sets' own age says nothing of it: retention removes
        the old ones, tried or not.
        """
        if not self.encrypted:
            return None
        return inf if self.escrow_checked is None else max(0.0, now - self.escrow_checked)

    @property
    def oldest_restore(self) -> float | None:
        """Of all verdicts the oldest: when that set was restored and compared."""
        return min((each.verdict.verified for each in self.published if each.verdict), default=None)

    @property
    def oldest_reading(self) -> float | None:
        """Of all sets that count: when the one was read that was not read for longest."""
        return min((each.read_last for each in self.published), default=None)

    def newest(self, *, verified: bool = False) -> BackupSet | None:
        """The newest set that counts, or the newest verified one."""
        found = [each for each in self.published if not verified or each.state is State.VERIFIED]
        return found[-1] if found else None

    @property
    def unproven(self) -> list[BackupSet]:
        """Sets that a verification did not see come back, and says why; newest first."""
        return [each for each in self._since_verified(State.UNVERIFIED) if each.why]

    @property
    def set_aside(self) -> list[BackupSet]:
        """Sets in failed/, newest first."""
        return self._since_verified(State.FAILED)

    def _since_verified(self, state: State) -> list[BackupSet]:
        """Those that no verified set has come after: until then each is an alarm."""
        verified = self.newest(verified=True)
        after = verified.name if verified else ""
        return [x for x in reversed(self.sets) if x.state is state and x.name > after]

    def find(self, name: str) -> BackupSet | None:
        """A set by its name; a published one before one in failed/."""
        found = [each for each in self.sets if each.name == name]
        return next((each for each in found if each.state is not State.FAILED), None) or (
            found[0] if found else None
        )

    def before(self, name: str) -> BackupSet | None:
        """The published set that came before."""
        earlier = [each for each in self.published if each.name < name]
        return earlier[-1] if earlier else None
