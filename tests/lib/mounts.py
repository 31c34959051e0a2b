"""Small file systems of our own."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lib.sandbox import Sandbox


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
