"""What stands beside a set, outside of its sums: verdict, pin, reading, why it did not verify."""

from pathlib import Path

from console import checked, manifest
from console.checked import UnusableError, said
from console.files import read
from console.manifest import Manifest
from console.problem import CLOCK_SLACK
from console.sets import LeftOut, Tried, Verdict

_MOST_WORDS = 2000
_MOST_LEFT_OUT, _MOST_SIGNS = 100, 300


def is_pinned(directory: Path, of: Manifest) -> bool:
    """As set.bash of the scripts decides: the later word wins, and only a clear no unpins."""
    try:
        word = checked.load(read(directory / "pinned.json"))
    except FileNotFoundError:
        return of.pinned
    except (OSError, UnusableError):
        return True
    return not (word.get("set") == directory.name and word.get("pinned") is False)


def reason(path: Path, when: str, sums: str | None = None) -> tuple[str, Tried | None]:
    """Why a set did not verify, by failed.json or unverified.json; `when` is the time's key.

    With `sums` it counts only where it was written about these very files. Sets of older scripts
    have none.
    """
    try:
        # A server's message may hold any bytes.
        found = checked.load(read(path).decode(errors="replace").encode())
    except (OSError, UnusableError):
        return "", None
    why = said(found.get("why"))[:_MOST_WORDS]
    if sums is not None and (not why or found.get("sums") != sums):
        return "", None
    try:
        moment = manifest.seconds_of(str(found.get(when)))
    except UnusableError:
        moment = None
    return why, Tried(moment, said(found.get("by"))[:100])


def read_again(directory: Path, sums: str) -> float:
    """When these very files were last read and found whole, by read.json; 0 where it says none."""
    try:
        found = checked.load(read(directory / "read.json"))
        return manifest.seconds_of(str(found.get("read"))) if found.get("sums") == sums else 0.0
    except (OSError, UnusableError):
        return 0.0


def escrow_checked(path: Path, now: float) -> float | None:
    """When a key that a person brought last opened encrypted sets; None where nothing says so.

    A time from the future says nothing, or no alarm would come until then.
    """
    try:
        found = checked.load(read(path))
        moment = manifest.seconds_of(str(found.get("checked")))
    except (OSError, UnusableError):
        return None
    return moment if moment <= now + CLOCK_SLACK else None


def verdict(directory: Path, of: Manifest, sums: str) -> Verdict | None:
    """A verdict counts when it is good and bound to these very files."""
    try:
        found = checked.load(read(directory / "verified.json"))
        if found.get("result") != "good" or found.get("sums") != sums:
            return None
        when = found.get("verified")
        moment = manifest.seconds_of(when) if isinstance(when, str) else of.started
    except (OSError, UnusableError):
        return None  # one that cannot be read is none
    value = found.get("left_out")
    left_out = value if isinstance(value, list) else []
    # Of an encrypted set there is a number in place of the names.
    more = _number(found.get("left_out_count"))
    return Verdict(
        verified=moment,
        restore_seconds=_measured(found.get("restore_seconds")),
        seconds=_number(found.get("seconds")),
        by=said(found.get("by"))[:100],
        passwords=said(found.get("passwords"))[:100],
        left_out=tuple(map(_left_out, left_out[:_MOST_LEFT_OUT])),
        left_out_count=max(len(left_out), int(more)),
    )


def _left_out(found: object) -> LeftOut:
    of = found if isinstance(found, dict) else {}
    keys = ("database", "kind", "name", "why")
    return LeftOut(*(said(of.get(key))[:_MOST_SIGNS] for key in keys))


def _number(value: object) -> float:
    return _measured(value) or 0.0


def _measured(value: object) -> float | None:
    # Compared before it is converted: an integer of 400 digits fits no float.
    is_one = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53
    return float(value) if is_one else None  # type: ignore[arg-type]
