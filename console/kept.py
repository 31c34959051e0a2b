"""A small file that a thread of its own replaces: a volume that hangs holds up nobody."""

import logging
import os
import threading
from pathlib import Path

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds for a write."""


class Kept:
    """One file, replaced as a whole."""

    def __init__(self, path: Path, loss: str) -> None:
        """`loss`: what follows where it cannot be written."""
        self._path, self._loss = path, loss
        self._thread: threading.Thread | None = None
        self._latest = ""
        self.is_written = True
        """Whether the file has what it was last given."""

    def write(self, text: str) -> None:
        """Waits for it, but not for ever."""
        self._latest, self.is_written = text, False
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._write, args=(text,), daemon=True)
            self._thread.start()
            self._thread.join(PATIENCE)
        if self._thread.is_alive():
            self._complain(f"it takes more than {PATIENCE:.0f} s")

    def _write(self, text: str) -> None:
        try:
            write_atomically(self._path, text)
        except OSError as error:
            self._complain(str(error))
        else:
            self.is_written = text == self._latest

    def _complain(self, why: str) -> None:
        log.error("cannot write %s, %s: %s", self._path, self._loss, why)


def write_atomically(path: Path, text: str) -> None:
    """The old content or the new one, whatever happens."""
    aside = path.with_name(f".{path.name}.new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
