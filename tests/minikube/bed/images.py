"""The images that a node needs: Kubernetes' from the programs built here, two stand-ins of ours.

Each is imported as one layer. Their names are the official ones, because kubeadm, minikube, this
project's settings and the console's Dockerfile ask for those; what is in them says the README.
"""

import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from components.settings.postgres import IMAGE as POSTGRES
from localcluster import binary, console_image, debian, images, recipes
from tests.minikube.bed import programs
from tests.minikube.bed.machine import Machine
from toolchain.minikube import STORAGE_PROVISIONER

REGISTRY = "registry.k8s.io"
CONTROL_PLANE = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy")
KUBERNETES = (
    *(f"{REGISTRY}/{name}:v{programs.KUBERNETES}" for name in CONTROL_PLANE),
    # minikube wants the first one, kubeadm of the code's own version the other.
    f"{REGISTRY}/etcd:3.6.4-0",
    f"{REGISTRY}/etcd:3.6.5-0",
    f"{REGISTRY}/coredns/coredns:v1.12.1",
    f"gcr.io/k8s-minikube/storage-provisioner:{STORAGE_PROVISIONER}",
)
PAUSE = f"{REGISTRY}/pause:3.10.1"
PYTHON = "python:3.11-slim"


def inputs() -> list[Path]:
    """Files that decide what is in them."""
    ours = [Path(__file__), Path(binary.__file__).with_name("console_image.py")]
    built = [programs.NODE, programs.STORAGE_PROVISIONER, binary.PAUSE]
    folders = sorted(path for path in recipes.FOLDER.rglob("*") if path.is_file())
    return [*ours, *built, *folders, *recipes.POSTGRES.inputs]


def load_all(machine: Machine) -> None:
    """Into the machine's Docker."""
    with tempfile.TemporaryDirectory(dir=programs.HOME, prefix=".images-") as aside:
        top = Path(aside)
        _import(machine, _kubernetes(top / "kubernetes"), KUBERNETES, "/coredns")
        _import(machine, _pause(top / "pause"), (PAUSE,), "/pause")
        recipes.build(recipes.POSTGRES)
        _load(machine, recipes.POSTGRES.archive, POSTGRES)
        _load(machine, _python(top / "python"), PYTHON)


def _kubernetes(context: Path) -> Path:
    root = context / "root"
    debian.make_root(root)
    # What kube-proxy calls, and its libraries.
    unpacked = debian.unpack(["iptables"], context)
    for files in unpacked.values():
        debian.copy_libraries(files, root)
    shutil.copytree(unpacked["iptables"] / "usr", root / "usr", symlinks=True, dirs_exist_ok=True)
    for name in ("iptables", "ip6tables"):
        for ending in ("", "-save", "-restore"):
            (root / "usr/sbin" / f"{name}{ending}").symlink_to("xtables-nft-multi")
    local = root / "usr/local/bin"
    local.mkdir(parents=True)
    shutil.copy2(programs.NODE, local / "kubernetes")
    for name in (*CONTROL_PLANE, "etcd", "coredns"):
        (local / name).symlink_to("kubernetes")
    (root / "coredns").symlink_to("usr/local/bin/coredns")
    shutil.copy2(programs.STORAGE_PROVISIONER, root / "storage-provisioner")
    (root / "tmp").mkdir(mode=0o1777)
    return root


def _pause(root: Path) -> Path:
    root.mkdir()
    shutil.copy2(binary.PAUSE, root / "pause")
    return root


def _import(machine: Machine, root: Path, tags: Sequence[str], entrypoint: str) -> None:
    """One layer of a directory's content, under several names."""
    path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    change = f"--change 'ENTRYPOINT {json.dumps([entrypoint])}' --change 'ENV {path}'"
    pack = ["tar", "--create", f"--directory={root}", "--owner=0", "--group=0", "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packed:
        machine.root(f"docker import {change} - {tags[0]}", stdin=packed.stdout)
    for tag in tags[1:]:
        machine.root(f"docker tag {tags[0]} {tag}")


def _python(context: Path) -> Path:
    base = context / "python"
    shutil.copytree(console_image.FOLDER, base)
    console_image.stage_python(base)
    return images.build(images.PYTHON, base, folder=context)


def _load(machine: Machine, archive: Path, tag: str) -> None:
    """An OCI archive, which Docker takes once it has the list that its own archives have."""
    with tempfile.NamedTemporaryFile(dir=programs.HOME) as copy:
        shutil.copyfile(archive, copy.name)
        with tarfile.open(copy.name) as tar:
            listed = json.dumps([_described(tar, tag)]).encode()
        with tarfile.open(copy.name, "a") as tar:
            entry = tarfile.TarInfo("manifest.json")
            entry.size = len(listed)
            tar.addfile(entry, BytesIO(listed))
        with Path(copy.name).open("rb") as content:
            machine.root("docker load", stdin=content)


def _described(tar: tarfile.TarFile, tag: str) -> dict[str, Any]:
    index = _read(tar, "index.json")["manifests"][0]["digest"]
    manifest = _read(tar, _blob(index))
    layers = [_blob(layer["digest"]) for layer in manifest["layers"]]
    return {"Config": _blob(manifest["config"]["digest"]), "RepoTags": [tag], "Layers": layers}


def _read(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    file = tar.extractfile(name)
    assert file is not None, f"the archive has no file {name}"
    found: dict[str, Any] = json.load(file)
    return found


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"
