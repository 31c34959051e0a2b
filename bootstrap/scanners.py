"""What only the tests use, to judge the manifests: kubeconform (schemas) and checkov (policies)."""

from pathlib import Path

from bootstrap import venv
from toolchain import gobuild

BOOTSTRAP = Path(__file__).resolve().parent


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


def checkov(root: Path) -> Path:
    """Where the program is, or will be."""
    return root / ".tools" / "checkov" / "bin" / "checkov"


def install_checkov(root: Path) -> bool:
    """Installs it into an environment of its own, as its hundred packages disagree with ours."""
    lock = BOOTSTRAP / "checkov" / "requirements.lock"
    (root / ".tools").mkdir(exist_ok=True)
    return venv.install(root / ".tools" / "checkov", lock, "checkov")
