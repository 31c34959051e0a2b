"""Reads a file of a store that anybody may have written."""

import os
import stat
from pathlib import Path

from console import manifest
from console.checked import UnusableError


def read(path: Path, most: int = manifest.MAX_BYTES) -> bytes:
    """A regular file, whole. A pipe would wait for ever, a link may lead out of the store."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise UnusableError(f"{path.name} is not a file")
        if seen.st_size > most:
            raise UnusableError(f"{path.name} has {seen.st_size} bytes, which is too much")
        return file.read(most)
