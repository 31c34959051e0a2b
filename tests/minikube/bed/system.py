"""A Debian 12 with Docker: the root of the machine, and what the node's image is made of."""

import shutil
from pathlib import Path

from tests.minikube.bed.programs import HOME
from toolchain import files, stamps
from toolchain.packages import KEYS, origin
from toolchain.run import run
from toolchain.stamps import Stamp

ROOT = HOME / "system"
RELEASE = "bookworm"

PACKAGES = (
    # Of the machine, beside Docker: what README asks a person for, and git for the clone.
    "docker.io",
    "python3",
    "python3-venv",
    "make",
    "git",
    "procps",
    "iproute2",
    "tini",
    # Of the node: what minikube's own image has, as far as its Docker needs it.
    "systemd",
    "systemd-sysv",
    "openssh-server",
    "sudo",
    "iptables",
    "conntrack",
    "ebtables",
    "ethtool",
    "socat",
    "mount",
    "kmod",
    "ca-certificates",
    "lz4",
    "containernetworking-plugins",
)
LEFT_OUT = ("doc", "man", "locale", "info", "lintian")
"""Below /usr/share."""


def ensure() -> bool:
    """Unpacks it where that was not done, or with other packages; True if it had to."""
    stamp, wanted = Stamp(HOME / ".system.stamp"), digest()
    if ROOT.is_dir() and stamp.is_current(wanted):
        return False
    stamp.clear()
    with files.replacing(ROOT) as aside:
        options = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
        run(
            [
                *("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", *options),
                *(f"--include={','.join(PACKAGES)}", RELEASE, aside),
                f"deb [signed-by={KEYS}] {origin()} {RELEASE} main",
            ]
        )
        _remove(ROOT)
    stamp.set(wanted)
    return True


def digest() -> str:
    """Of all that decides what is in it, but for the day's versions of the packages."""
    return stamps.digest((RELEASE, *PACKAGES, *LEFT_OUT))


def _remove(tree: Path) -> None:
    if tree.exists():
        shutil.rmtree(tree)
