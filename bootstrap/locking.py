"""One make at a time where two would build or change the same thing."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusive(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Holds a lock on the file; waits for another holder, and says so.

    The kernel releases it with its holder, so there is nothing stale after a kill.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another make, which holds {path}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
