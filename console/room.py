"""How free room in the store went: a measurement every six hours, for a hundred days.

The sets say how full the server's volume was; of the store nothing did.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from console.forecast import Sample
from console.kept import Kept
from console.sets import Picture
from console.words import HOUR

log = logging.getLogger(__name__)

EVERY = 6 * HOUR
MOST = 400
PATIENCE = 4
"""Measurements in a row, a day: by then a clock that went back is the one that is right."""


class Room:
    """Kept over restarts where there is a directory for it."""

    def __init__(self, path: Path | None) -> None:
        self._kept = Kept(path, "the history of free room ends with this pod") if path else None
        self._store, self._samples = _load(path) if path else ("", ())

    def of(self, store: Picture) -> tuple[Sample, ...]:
        """Oldest first, also those of a clock that ran ahead; of another store there are none."""
        return tuple(sorted(self._of(store), key=lambda each: each.moment))

    def _of(self, store: Picture) -> tuple[Sample, ...]:
        """As they were measured, whatever the clock said."""
        return self._samples if self._store == store.id else ()

    def note(self, store: Picture, now: float) -> None:
        """Takes a measurement where the last one is old enough."""
        if not store.is_known or store.free_bytes is None or store.size_bytes is None:
            return
        known = _believed(self._of(store), now)
        # Those of a clock that ran ahead would hold up all that come.
        newest = max((each.moment for each in known if each.moment <= now), default=None)
        if newest is not None and now - newest < EVERY:
            return
        known.append(Sample(now, store.free_bytes, store.size_bytes))
        self._store, self._samples = store.id, tuple(known[-MOST:])
        if self._kept:
            self._kept.write(_text(self._store, self._samples))


def _believed(known: Sequence[Sample], now: float) -> list[Sample]:
    """Without those ahead of a clock that has stayed behind them for long.

    Not at once: a clock that jumps back for an hour would take the whole history with it.
    """
    ahead = [at for at, each in enumerate(known) if each.moment > now]
    has_stayed = bool(ahead) and len(known) - 1 - ahead[-1] >= PATIENCE
    return [each for each in known if not has_stayed or each.moment <= now]


def _text(store: str, samples: tuple[Sample, ...]) -> str:
    lines = [[int(each.moment), each.free, each.size] for each in samples]
    return json.dumps({"version": 1, "store": store, "samples": lines})


def _load(path: Path) -> tuple[str, tuple[Sample, ...]]:
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["version"] != 1:
            raise ValueError("of another version")
        return str(found["store"]), tuple(Sample(*map(float, x)) for x in found["samples"])
    except FileNotFoundError:
        return "", ()
    except (OSError, ValueError, TypeError, KeyError) as error:
        log.error("cannot use %s, the history of free room starts afresh: %s", path, error)
        return "", ()
