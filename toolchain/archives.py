"""Archives that were fetched: the pinned one or none, unpacked with what any Python here can."""

import hashlib
import tarfile
from collections.abc import Callable
from pathlib import Path

from toolchain.errors import SetupError


def check_sum(file: Path, expected: str, hint: str = "") -> None:
    """Refuses a file that is not the pinned one."""
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    if found != expected:
        raise SetupError(
            f"{file.name} has SHA-256 {found}, expected {expected}: not installed. {hint}".rstrip()
        )


def unpack(archive: Path, into: Path, is_wanted: Callable[[str], object] | None = None) -> None:
    """Unpacks a tar file, or of its names the wanted ones, without what leads out of `into`.

    Python 3.11.2, as Debian 12 has it, cannot tell what leads out; what we fetch is pinned anyway.
    """
    with tarfile.open(archive) as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        members = [x for x in tar.getmembers() if is_wanted is None or is_wanted(x.name)]
        tar.extractall(into, members)  # noqa: S202 - see above
