"""What only the tests use, to hold the manifests against schemas: kubeconform."""

from pathlib import Path

from toolchain import gobuild


def kubeconform(root: Path) -> Path:
    """Where the program is, or will be."""
    return root / ".tools" / "bin" / "kubeconform"


def build_kubeconform(root: Path) -> bool:
    """Builds it from Go modules; True if it had to."""
    return gobuild.build(
        gobuild.MODULES / "kubeconform",
        "github.com/yannh/kubeconform/cmd/kubeconform",
        kubeconform(root),
        ldflags="-s -w",
    )
