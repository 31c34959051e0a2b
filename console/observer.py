"""Looks into the store in a thread of its own: one that hangs silences neither page nor alarm."""

import logging
import threading
import time
from dataclasses import replace

from console.archive import Archive, View
from console.sets import Identity, Picture
from console.store import Store

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that somebody waits for a look; after that the last one has to do."""
NOTHING = Picture(Identity.UNREADABLE, "it does not answer")


Sight = tuple[Picture, Archive | None]


class Observer:
    """Whoever asks gets a look that began after that. While one hangs: the last, at once."""

    def __init__(self, store: Store, archive: View | None, hangs_after: float) -> None:
        """`hangs_after`: seconds within which a look ends."""
        self._store, self._archive, self._limit = store, archive, hangs_after
        self._changed = threading.Condition()
        self._is_wanted = False
        self._began: float | None = None
        """When the look that is under way began."""
        self._last: tuple[float, Sight] | None = None
        """When the last one that ended began, and what it found."""
        self._thread: threading.Thread | None = None

    def look(self) -> Sight:
        """Never waits for a store that hangs."""
        asked = time.monotonic()
        with self._changed:
            self._start()
            self._is_wanted = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_since(asked), self._patience(asked))
            store, archive = self._last[1] if self._last else (NOTHING, None)
            return replace(store, silent=self._silent()), archive

    @property
    def hangs(self) -> bool:
        """Whether the store does not answer."""
        with self._changed:
            return self._silent() > 0

    def _silent(self) -> float:
        took = 0.0 if self._began is None else time.monotonic() - self._began
        return took if took >= self._limit else 0.0

    def _is_since(self, moment: float) -> bool:
        return self._last is not None and self._last[0] >= moment

    def _patience(self, now: float) -> float:
        """Before the first look has ended there is nothing else to show."""
        since = now if self._began is None else self._began
        return max(0.0, since + (min(PATIENCE, self._limit) if self._last else self._limit) - now)

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="observe", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_wanted)
                self._is_wanted, self._began = False, time.monotonic()
            found = self._see()
            with self._changed:
                assert self._began is not None  # noqa: S101 (nobody else writes it)
                self._last, self._began = (self._began, found), None
                self._changed.notify_all()

    def _see(self) -> Sight:
        try:
            archive = self._archive.look(time.time()) if self._archive else None
            return self._store.look(), archive
        except Exception as error:  # a fault of ours must not look like the last good look
            log.exception("looking into the store failed")
            return Picture(Identity.UNREADABLE, f"the console failed: {error!r}"), None
