"""Locks that cannot be left behind."""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from localcluster.errors import ClusterError


@contextmanager
def exclusive(name: str, waiting_for: str, timeout: float) -> Iterator[None]:
    """Holds `name` on this machine for as long as the block runs.

    A socket in the abstract namespace is taken by one process at a time, is free again when that
    process ends in whatever way, and is no file that somebody would have to remove.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as held:
        deadline = time.monotonic() + timeout
        while not _taken(held, name):
            if time.monotonic() > deadline:
                raise ClusterError(
                    f"waited {timeout:.0f} s for {waiting_for}: see `ps ax | grep localcluster`"
                )
            time.sleep(0.1)
        yield


def _taken(held: socket.socket, name: str) -> bool:
    try:
        held.bind(f"\0localcluster/{name}")
    except OSError as error:
        if error.errno != errno.EADDRINUSE:  # in use: another process holds it
            raise
        return False
    return True
