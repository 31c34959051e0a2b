"""Small file systems of our own."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.lib.sandbox import Sandbox

FULL = re.compile(r"No space left on device|\(\S+ is full\)")
"""pgBackRest says it itself where the first byte has no room, but not where a later one has none."""


@contextmanager
def volatile(box: Sandbox, size: str = "16m") -> Iterator[Path]:
    """A small file system in memory: volatile, and soon full."""
    directory = box.directory("tmpfs")
    owner = f"uid={box.identity.uid},gid={box.identity.gid},mode=700"
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},{owner}", "tmpfs", str(directory)]
    subprocess.run(mount, check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


def fill(directory: Path) -> None:
    """Leave no byte free on the file system there."""
    with suppress(OSError), (directory / "filler").open("wb") as filler:
        while True:
            filler.write(bytes(4096))
            filler.flush()
