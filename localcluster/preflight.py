"""What a cluster needs of the machine, checked before anything is changed."""

import os
import platform
from pathlib import Path

from localcluster import cgroups
from toolchain import packages, userland
from toolchain.errors import SetupError
from toolchain.packages import Need

NEEDS = (
    Need("containerd", "containerd"),
    Need("containerd", "ctr"),
    Need("runc", "runc"),
    Need("containernetworking-plugins", "/usr/lib/cni/bridge"),
    Need("iptables", "iptables"),
    Need("conntrack", "conntrack"),
    Need("socat", "socat"),
    Need("buildah", "buildah"),
    Need("bash", "bash"),
    Need("zstd", "zstd"),
    Need("iproute2", "ip"),
    Need("util-linux", "unshare"),
    Need("util-linux", "nsenter"),
    Need("mount", "mount"),
    Need("dpkg", "dpkg-deb"),
    *userland.NEEDS,
)


def problems() -> list[str]:
    """Everything that keeps a cluster from starting here, each with what to do."""
    if platform.system() != "Linux":
        return ["localcluster runs on Linux only: elsewhere use minikube, `minikube start`"]
    found = []
    if os.geteuid() != 0:
        found.append("localcluster makes namespaces, mounts and cgroups: run it as root, with sudo")
    if not cgroups.is_unified() and not cgroups.hierarchies():
        found.append("no cgroups are mounted below /sys/fs/cgroup: mount them, or start systemd")
    if "overlay" not in Path("/proc/filesystems").read_text() and not _has_module("overlay"):
        found.append("the kernel has no overlay file system: `modprobe overlay`")
    if missing := packages.missing(NEEDS):
        found.append(packages.install_line(missing))
    return found


def _has_module(name: str) -> bool:
    folder = Path("/lib/modules", platform.release())
    return folder.is_dir() and any(folder.rglob(f"{name}.ko*"))


def check() -> None:
    """Raises with the whole list: a person fixes all of it at once."""
    found = problems()
    if found:
        raise SetupError("this machine cannot run a cluster yet:\n- " + "\n- ".join(found))
