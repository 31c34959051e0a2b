"""minikube's preload: the images of Kubernetes and its programs, as they lie below a node's /var.

minikube downloads one such file for every version of Kubernetes and unpacks it into each new node.
This one is made of the programs built here.
"""

import os

from tests.minikube.bed import images, programs
from tests.minikube.bed.machine import Machine
from toolchain import files
from toolchain.run import run

FILE = programs.HOME / "preload.tar.lz4"
NAME = f"preloaded-images-k8s-v18-v{programs.KUBERNETES}-docker-overlay2-amd64.tar.lz4"
"""Under which minikube looks for it, below its own cache/preloaded-tarball."""

BINARIES = ("kubeadm", "kubelet", "kubectl")


def make(machine: Machine) -> None:
    """Out of a machine whose Docker has nothing yet, and which is of no use afterwards."""
    images.load_all(machine)
    machine.stop()
    var = machine.home / "var"
    binaries = var / f"lib/minikube/binaries/v{programs.KUBERNETES}"
    binaries.mkdir(parents=True)
    for name in BINARIES:
        os.link(programs.NODE, binaries / name)
    docker = var / "lib/docker"
    docker.mkdir()
    for name in ("image", "overlay2"):
        (machine.home / "docker" / name).rename(docker / name)
    with files.replacing(FILE) as aside:
        fast = "--use-compress-program=lz4 -1"
        run(["tar", "--create", fast, f"--directory={var}", f"--file={aside}", "lib"])
