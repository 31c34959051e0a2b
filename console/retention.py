"""Which sets the next backup removes: the rule of scripts/pod/awk/retention.awk, said beforehand.

The page only foretells; what is removed is decided there. A test holds the two against each other.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from console.sets import Picture, State


@dataclass(frozen=True, slots=True)
class Keep:
    """How many sets are kept: of verified ones the newest, and the newest of so many periods."""

    newest: int
    daily: int = 0
    weekly: int = 0
    monthly: int = 0


class Kept(NamedTuple):
    """What the rule knows of a set."""

    name: str
    verified: bool = False
    pinned: bool = False
    flagged: bool = False
    accepted: bool = False


def read(environment: Mapping[str, str]) -> Keep | None:
    """Out of the backup's own environment; None where it does not say."""
    names = [f"BACKUP_KEEP{period}" for period in ("", "_DAILY", "_WEEKLY", "_MONTHLY")]
    found = [environment.get(name, "") for name in names]
    if not all(value.isascii() and value.isdigit() for value in found):
        return None
    return Keep(*map(int, found))


def next_to_go(store: Picture, keep: Keep) -> list[str] | None:
    """What the next backup that ends well removes, oldest first; None where that is not known."""
    # Of a damaged set it is not known here whether it counts there.
    if not store.is_known or any(each.state is State.DAMAGED for each in store.sets):
        return None
    found = [
        Kept(
            each.name,
            each.verdict is not None,
            each.is_pinned,
            bool(each.manifest.flagged),
            each.manifest.accepted_shrink,
        )
        for each in store.published
        if each.manifest
    ]
    return removable(found, keep)


def removable(sets: Sequence[Kept], keep: Keep) -> list[str]:
    """Names of those that go; `sets` and the answer are oldest first."""
    flagged = max((at for at, each in enumerate(sets, 1) if each.flagged), default=0)
    accepted = max((at for at, each in enumerate(sets, 1) if each.accepted), default=0)
    if flagged > accepted:
        return []
    limits = {"d": keep.daily, "w": keep.weekly, "m": keep.monthly}
    used: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    number, gone = 0, []
    for each in reversed(sets):
        if not each.verified:
            if number and not each.pinned:
                gone.append(each.name)
            continue
        number += 1
        is_kept = number <= keep.newest
        for period in _periods(each.name):
            kind = period[0]
            if period not in seen and used[kind] < limits[kind]:
                used[kind] += 1
                is_kept = True
            seen.add(period)
        if not is_kept and not each.pinned:
            gone.append(each.name)
    return gone[::-1]


def _periods(name: str) -> list[tuple[str, int]]:
    """The day, week and month of a set; an impossible date has some, too."""
    year, month, day = int(name[7:11]), int(name[11:13]), int(name[13:15])
    first, since = (year - 1, month + 12) if month <= 2 else (year, month)  # noqa: PLR2004
    leaps = first // 4 - first // 100 + first // 400
    days = 365 * first + leaps + (153 * (since - 3) + 2) // 5 + day - 719469
    return [("d", days), ("w", (days + 3) // 7), ("m", year * 100 + month)]
