"""What kind of machine this is: each of its architecture's names in this one place."""

import platform
import re
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import SetupError


@dataclass(frozen=True)
class Architecture:
    """One architecture, as each of those that name it does."""

    kernel: str
    """As `uname -m` and Python's wheels say it."""
    go: str
    """As makers of programs in Go name it."""
    loader: str
    """The path that programs have their dynamic loader at."""

    @property
    def triplet(self) -> str:
        """Of the directories of libraries in Debian."""
        return f"{self.kernel}-linux-gnu"

    @property
    def wheel_platforms(self) -> tuple[str, ...]:
        """Of wheels that a Debian of these years can use."""
        versions = ("manylinux_2_28", "manylinux2014", "manylinux_2_17")
        return tuple(f"{version}_{self.kernel}" for version in versions)


KNOWN = {
    known.kernel: known
    for known in (
        Architecture("x86_64", "amd64", "/lib64/ld-linux-x86-64.so.2"),
        Architecture("aarch64", "arm64", "/lib/ld-linux-aarch64.so.1"),
    )
}
"""Where every program that the local cluster is made of exists."""

# macOS has its own word for the same processor.
SYNONYMS = {"arm64": "aarch64", "amd64": "x86_64"}


CONTAINER_LIMITS = ("memory.max", "memory/memory.limit_in_bytes")
"""In /sys/fs/cgroup, by either version of cgroups."""


def kernel_name() -> str:
    """What the kernel says that it runs on."""
    name = platform.machine().lower()
    return SYNONYMS.get(name, name)


def architecture() -> Architecture:
    """This machine's."""
    name = kernel_name()
    if name not in KNOWN:
        raise SetupError(
            f"this machine is a {name}, and PostgreSQL's programs are pinned for "
            f"{' and '.join(sorted(KNOWN))} only: use a cluster of another machine, KUBE_CONTEXT=…"
        )
    return KNOWN[name]


def free_memory(root: Path = Path("/")) -> float | None:
    """In GiB, what programs can still have; None where that is not said, as on macOS.

    A container has no more than its limit, though the machine may.
    """
    try:
        said = (root / "proc/meminfo").read_text()
    except FileNotFoundError:
        return None
    free = int(re.findall(r"^MemAvailable: +([0-9]+) kB$", said, re.MULTILINE)[0]) * 1024
    for limit in CONTAINER_LIMITS:
        try:
            free = min(free, int((root / "sys/fs/cgroup" / limit).read_text()))
        except (FileNotFoundError, ValueError):
            continue  # the other version of cgroups, or no limit ("max")
    return free / 2**30
