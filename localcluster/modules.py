"""Kernel modules that a node needs and that nothing loads by itself."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from toolchain import packages
from toolchain.errors import SetupError
from toolchain.run import ask

NEEDED: Mapping[str, Callable[[], bool]] = MappingProxyType(
    {
        "overlay": lambda: "overlay" in Path("/proc/filesystems").read_text().split(),
        # Without it a Service cannot be reached from a pod of the same bridge.
        "br_netfilter": Path("/proc/sys/net/bridge").is_dir,
    }
)
"""Each with whether the kernel has it, loaded or built in."""


def problems(needed: Mapping[str, Callable[[], bool]] = NEEDED) -> list[str]:
    """Those that are not there and cannot be loaded, each with what to do; nothing is loaded."""
    return [_refusal(name) for name in _absent(needed) if not _modprobe("--dry-run", name)]


def load(needed: Mapping[str, Callable[[], bool]] = NEEDED) -> None:
    """Loads what is not there. It stays: it may have others that use it by now."""
    for name in _absent(needed):
        if not _modprobe(name):
            raise SetupError(_refusal(name))


def _absent(needed: Mapping[str, Callable[[], bool]]) -> list[str]:
    return [name for name, is_there in needed.items() if not is_there()]


def _modprobe(*arguments: str) -> bool:
    program = shutil.which("modprobe", path=packages.PATH)
    return program is not None and ask([program, "--quiet", *arguments]).returncode == 0


def _refusal(name: str) -> str:
    return (
        f"the kernel has not loaded its module {name}, and cannot load it from here: "
        f"`modprobe {name}` as root, in a container on the machine that it runs on "
        "(modprobe is in the package kmod)"
    )
