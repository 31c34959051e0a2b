"""minikube itself: the official program where it can be downloaded, else built from its Go module.

Kept apart from `.tools/bin`, so that it never stands before one that somebody installed.
"""

from collections.abc import Callable
from pathlib import Path

from toolchain import gobuild, released
from toolchain.locking import exclusive

VERSION = "1.37.0"
STORAGE_PROVISIONER = "v5"
"""The tag of its storage provisioner's image, which upstream's build writes into the program."""

RELEASES = f"https://github.com/kubernetes/minikube/releases/download/v{VERSION}"

_PACKAGE = "k8s.io/minikube/pkg/version"
LDFLAGS = (
    f"-s -w -X {_PACKAGE}.version=v{VERSION} "
    f"-X {_PACKAGE}.storageProvisionerVersion={STORAGE_PROVISIONER}"
)


def directory(root: Path) -> Path:
    """Where everything of minikube's is, or will be."""
    return root / ".tools" / "minikube"


def program(root: Path) -> Path:
    """Where the program is, or will be."""
    return directory(root) / "bin" / "minikube"


def ensure(root: Path, say: Callable[[str], object], report: gobuild.Report | None = None) -> str:
    """Puts the program into place and says how: official, built, or already there."""
    target = program(root)
    address = f"{RELEASES}/minikube-{'-'.join(released.machine())}"
    with exclusive(target.parent / ".lock", say):
        if released.is_there(address, target):
            return "already there"
        # Where it was built once, the official one was out of reach, and is not asked for again.
        if not gobuild.stamp_of(target).text():
            if released.fetch(address, target):
                return f"official {VERSION}"
            say("the official minikube cannot be downloaded: building it from its Go module")
        is_new = gobuild.build(
            gobuild.MODULES / "minikube",
            "k8s.io/minikube/cmd/minikube",
            target,
            ldflags=LDFLAGS,
            report=report,
        )
        return f"built {VERSION}" if is_new else "already there"
