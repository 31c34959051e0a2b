"""The image that minikube makes its nodes from, in the store of a Docker."""

import shutil
import subprocess
from pathlib import Path

from tests.minikube.bed import programs, system
from tests.minikube.bed.machine import Machine

STORE = programs.HOME / "docker"
"""Docker's directory with the image in it: each machine begins with links to what is there."""
FOLDER = Path(__file__).resolve().parents[1] / "node"
TAG = "brewget/bed-node:1"
"""In the setting `base-image` of whoever uses this minikube."""
SYSTEM = "brewget/bed-system"

PROGRAMS = {
    "usr/bin/cri-dockerd": programs.CRI_DOCKERD,
    "usr/bin/crictl": programs.CRICTL,
    "usr/local/sbin/keep-settings": FOLDER / "keep-settings",
    "usr/local/sbin/runc": FOLDER / "runc",
}
UNITS = "usr/lib/systemd/system"


def inputs() -> list[Path]:
    """Files that decide what is in it, beside the system."""
    return [Path(__file__), *sorted(FOLDER.iterdir()), programs.CRI_DOCKERD, programs.CRICTL]


def make(machine: Machine) -> None:
    """In a machine whose Docker has nothing yet, and which is of no use afterwards."""
    context = machine.home / "context"
    shutil.copytree(FOLDER, context)
    _stage(context / "rootfs")
    pack = ["tar", "--create", f"--directory={system.ROOT}", "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packed:
        machine.root(f"docker import - {SYSTEM}", stdin=packed.stdout)
    pack = ["tar", "--create", f"--directory={context}", "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packed:
        machine.root(f"docker build --network=none --tag={TAG} -", stdin=packed.stdout)
    machine.stop()
    if STORE.exists():
        shutil.rmtree(STORE)
    (machine.home / "docker").rename(STORE)


def _stage(root: Path) -> None:
    """What is copied over Debian's; much of it is what kicbase has in its own image."""
    kicbase = programs.module("minikube", "k8s.io/minikube") / "deploy/kicbase"
    automount = kicbase / "automount/minikube-automount"
    scripts = {
        "usr/local/bin/entrypoint": kicbase / "entrypoint",
        "usr/sbin/minikube-automount": automount,
    }
    units = [*FOLDER.glob("*.service"), *FOLDER.glob("*.socket"), Path(f"{automount}.service")]
    for mode, wanted in (
        (0o755, PROGRAMS | scripts),
        (0o644, {f"{UNITS}/{unit.name}": unit for unit in units}),
    ):
        for target, source in wanted.items():
            (root / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, root / target)
            (root / target).chmod(mode)
