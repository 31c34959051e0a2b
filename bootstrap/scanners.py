"""What only lint and the tests use, built from Go modules: each of these says True if it had to."""

from pathlib import Path

from toolchain import gobuild
from toolchain.locking import exclusive


def program(root: Path, name: str) -> Path:
    """Where one of these programs is, or will be."""
    return root / ".tools" / "bin" / name


def kubeconform(root: Path) -> Path:
    """Where the program is, or will be."""
    return program(root, "kubeconform")


def build_kubeconform(root: Path) -> bool:
    """Holds manifests against schemas."""
    return _build(root, "kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform")


def kube_router(root: Path) -> Path:
    """Where the program is, or will be."""
    return program(root, "kube-router")


def build_kube_router(root: Path) -> bool:
    """Enforces NetworkPolicy objects."""
    return _build(root, "kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router")


def versitygw(root: Path) -> Path:
    """Where the program is, or will be."""
    return program(root, "versitygw")


def build_versitygw(root: Path) -> bool:
    """An S3 server, for what is kept off-site."""
    with exclusive(root / ".tools" / ".versitygw.lock"):
        return _build(root, "versitygw", "github.com/versity/versitygw/cmd/versitygw")


def actionlint(root: Path) -> Path:
    """Where the program is, or will be."""
    return program(root, "actionlint")


def build_actionlint(root: Path) -> bool:
    """Reads the workflows. (PyPI's package of that name is a download.)"""
    with exclusive(root / ".tools" / ".actionlint.lock"):
        return _build(root, "actionlint", "github.com/rhysd/actionlint/cmd/actionlint")


def _build(root: Path, name: str, package: str) -> bool:
    return gobuild.build(gobuild.MODULES / name, package, program(root, name), ldflags="-s -w")
