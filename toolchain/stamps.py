"""Stamps: a small file beside something that was made, which says what it was made from.

The stamp is removed before the thing is made and written after it, so whatever was interrupted is
made again.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from toolchain import files


@dataclass(frozen=True)
class Stamp:
    """The file that holds one digest."""

    path: Path

    def text(self) -> str:
        """The digest; empty where there is no stamp."""
        try:
            return self.path.read_text().strip()
        except FileNotFoundError:
            return ""

    def is_current(self, wanted: str) -> bool:
        """Whether the thing was made from just this."""
        return self.text() == wanted

    def clear(self) -> None:
        """Before the thing is made."""
        self.path.unlink(missing_ok=True)

    def set(self, wanted: str) -> None:
        """After the thing was made."""
        files.write(self.path, f"{wanted}\n", mode=0o644)


def digest(words: Iterable[str], contents: Iterable[tuple[str, Path]] = ()) -> str:
    """One hash over words and over files, each file under the name given with it."""
    hashed = hashlib.sha256()
    for word in words:
        hashed.update(word.encode() + b"\0")
    for name, path in contents:
        hashed.update(name.encode() + b"\0")
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()
