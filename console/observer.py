"""A thread of its own looks into the store, so that a store that hangs silences nothing else."""

import logging
import threading
import time
from dataclasses import replace

from console.archive import Archive, View
from console.sets import Identity, Picture
from console.store import Store

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a question waits for its answer; after that the last one has to do."""
NEVER_ANSWERED = Picture(Identity.UNREADABLE, "it does not answer")

Observation = tuple[Picture, Archive | None]


class Observer:
    """Answers a question with a look that began after it, or, if that takes long, the last one."""

    def __init__(self, store: Store, archive: View | None, hangs_after: float) -> None:
        """`hangs_after`: seconds after which a store that has not answered is said to hang."""
        self._store, self._archive, self._limit = store, archive, hangs_after
        self._changed = threading.Condition()
        self._open: list[float] = []
        """When the questions were asked that no look has answered, oldest first."""
        self._last: tuple[float, Observation] | None = None
        """When the last look that ended had begun, and what it found."""
        self._thread: threading.Thread | None = None

    def look(self) -> Observation:
        """Never waits long for a store that hangs."""
        asked = time.monotonic()
        with self._changed:
            self._open.append(asked)
            self._ensure_thread()
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_answered(asked), self._patience(asked))
            store, archive = self._last[1] if self._last else (NEVER_ANSWERED, None)
            return replace(store, silent=self._silent()), archive

    @property
    def hangs(self) -> bool:
        """Whether the store does not answer."""
        with self._changed:
            return self._silent() > 0

    def _silent(self) -> float:
        """Seconds since the oldest open question, where those are too many."""
        waits = time.monotonic() - self._open[0] if self._open else 0.0
        return waits if waits >= self._limit else 0.0

    def _is_answered(self, asked: float) -> bool:
        return self._last is not None and self._last[0] >= asked

    def _patience(self, asked: float) -> float:
        """Nobody waits long behind one who waits already. At first nothing else can be shown."""
        most = min(PATIENCE, self._limit) if self._last else self._limit
        return max(0.0, self._open[0] + most - asked)

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._run, name="observe", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._open))
            began = time.monotonic()
            found = self._see()
            with self._changed:
                self._last = began, found
                self._open = [asked for asked in self._open if asked > began]
                self._changed.notify_all()

    def _see(self) -> Observation:
        try:
            archive = self._archive.look(time.time()) if self._archive else None
            return self._store.look(), archive
        except Exception as error:  # a fault of ours must not look like the last good look
            log.exception("looking into the store failed")
            return Picture(Identity.UNREADABLE, f"the console failed: {error!r}"), None
