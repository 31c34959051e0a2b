"""The node's binary: built from `localcluster/node` when that has changed."""

from pathlib import Path

from localcluster.layout import TOOLS
from toolchain.gobuild import build

MODULE = Path(__file__).resolve().parent / "node"
KUBERNETES = "1.34.4"

NODE = TOOLS / "bin" / "localcluster-node"
PAUSE = TOOLS / "bin" / "localcluster-pause"
KUBECTL = TOOLS / "bin" / "kubectl"


def ldflags(version: str) -> str:
    """What stamps Kubernetes' programs with a version."""
    major, minor, _ = version.split(".")
    stamp = "k8s.io/component-base/version"
    return (
        f"-s -w -X {stamp}.gitVersion=v{version} "
        f"-X {stamp}.gitMajor={major} -X {stamp}.gitMinor={minor}"
    )


LDFLAGS = ldflags(KUBERNETES)


def build_node() -> bool:
    """Builds what is out of date; True where there was something to do."""
    is_new = build(MODULE, ".", NODE, ldflags=LDFLAGS)
    is_new |= build(MODULE, "./pause", PAUSE, ldflags="-s -w")
    if not KUBECTL.is_symlink() or KUBECTL.readlink() != Path(NODE.name):
        KUBECTL.unlink(missing_ok=True)
        KUBECTL.symlink_to(NODE.name)
    return is_new
