"""Programs as their makers publish them: held against the published sum, or not had at all."""

import hashlib
import http.client
import platform
import urllib.request
from pathlib import Path

from toolchain import files
from toolchain.errors import SetupError
from toolchain.machine import KNOWN, kernel_name
from toolchain.stamps import Stamp

REFUSED_AFTER = 10
"""Seconds without an answer after which a place counts as out of reach."""


def machine() -> tuple[str, str]:
    """The system and the processor, as makers of programs in Go name them: linux, amd64."""
    name = kernel_name()
    return platform.system().lower(), KNOWN[name].go if name in KNOWN else name


def is_there(address: str, target: Path) -> bool:
    """Whether the target was fetched from this very address."""
    return target.is_file() and _stamp(target).is_current(address)


def _stamp(target: Path) -> Stamp:
    return Stamp(target.with_name(f".{target.name}.fetched"))


def fetch(address: str, target: Path) -> bool:
    """Puts a program into place whose sum is at ADDRESS.sha256; False where it is not to be had."""
    try:
        published = _read(f"{address}.sha256").decode().split()
        content = _read(address)
    except (OSError, http.client.HTTPException, UnicodeDecodeError):
        return False
    found = hashlib.sha256(content).hexdigest()
    if published[:1] != [found]:
        raise SetupError(
            f"{address} is not what its makers published: its sum is {found}, theirs "
            f"{' '.join(published[:1]) or 'empty'}. Cut short, or altered on the way: try again"
        )
    stamp = _stamp(target)
    stamp.clear()
    with files.replacing(target) as aside:
        aside.write_bytes(content)
        aside.chmod(0o755)
    stamp.set(address)
    return True


def _read(address: str) -> bytes:
    # Of the callers' own https addresses only.
    with urllib.request.urlopen(address, timeout=REFUSED_AFTER) as answer:  # noqa: S310
        content: bytes = answer.read()
        return content
