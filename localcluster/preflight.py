"""What a cluster needs of the machine, checked before anything is changed."""

import os
import platform
import shutil

from localcluster import cgroups, modules
from localcluster.layout import REPOSITORY
from toolchain import packages, userland
from toolchain.errors import SetupError
from toolchain.machine import architecture
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
    # Debian 13's buildah builds nothing without it, though no build here has a network.
    Need("netavark", "/usr/lib/podman/netavark"),
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
    if found := _wrong_machine():
        return found
    found = []
    if os.geteuid() != 0:
        found.append("localcluster makes namespaces, mounts and cgroups: run it as root, with sudo")
    found += cgroups.problems() + modules.problems()
    if missing := packages.missing(NEEDS):
        found.append(packages.install_line(missing))
    if not userland.is_built(REPOSITORY) and not packages.has_origin():
        found.append(packages.NO_ORIGIN)
    return found


def _wrong_machine() -> list[str]:
    """What nothing that is installed can change: the only thing to say then."""
    if platform.system() != "Linux":
        return ["localcluster runs on Linux only: elsewhere use minikube, `minikube start`"]
    if shutil.which("apt-get") is None:
        return ["localcluster is made of Debian's packages, and there is no apt-get: use minikube"]
    try:
        architecture()
    except SetupError as error:
        return [str(error)]
    return []


def check() -> None:
    """Raises with the whole list, so that a person fixes all of it at once; else loads modules."""
    found = problems()
    if found:
        raise SetupError("this machine cannot run a cluster yet:\n- " + "\n- ".join(found))
    modules.load()
