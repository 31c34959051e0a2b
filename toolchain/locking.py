"""One process at a time where two would build or change the same thing."""

import fcntl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from toolchain.errors import SetupError


@contextmanager
def exclusive(
    path: Path, say: Callable[[str], object] | None = None, timeout: float | None = None
) -> Iterator[None]:
    """Holds a lock on the file; says so where it has to wait, and gives up after `timeout` seconds.

    The kernel releases it with its holder, so there is nothing stale after a kill. The file stays:
    a lock on a name that was removed would be no lock.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        if not taken(file):
            (say or _say)(f"waiting for another process of this project, which holds {path}")
            _wait(file, path, timeout)
        yield


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _wait(file: TextIO, path: Path, timeout: float | None) -> None:
    if timeout is None:
        fcntl.flock(file, fcntl.LOCK_EX)
        return
    deadline = time.monotonic() + timeout
    while not taken(file):
        if time.monotonic() > deadline:
            raise SetupError(
                f"waited {timeout:.0f} s for the lock on {path}: `fuser -v {path}` shows who has it"
            )
        time.sleep(0.1)


def taken(file: TextIO) -> bool:
    """Takes the lock on a file if nobody has it, and says whether."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
