"""The programs of the node and of its images: built from Go modules, as everything here is."""

import json
import shutil
from pathlib import Path

from localcluster import binary
from tests.lib.project import ROOT
from toolchain import files, gobuild, minikube
from toolchain.run import run

HOME = minikube.directory(ROOT.resolve()).resolve()
"""Where the bed keeps what it has made."""
BIN = HOME / "bin"

KUBERNETES = "1.34.0"
"""What this minikube starts when nothing else is asked for; the code is localcluster's."""

NODE = BIN / "kubernetes"
"""kubeadm, kubelet, kubectl, the control plane, etcd, CoreDNS, kube-proxy: by the name it has."""
CRI_DOCKERD = BIN / "cri-dockerd"
CRICTL = BIN / "crictl"
STORAGE_PROVISIONER = BIN / "storage-provisioner"
ALL = (NODE, CRI_DOCKERD, CRICTL, STORAGE_PROVISIONER, binary.PAUSE)

_CRI_TOOLS = "sigs.k8s.io/cri-tools"


def build() -> None:
    """Builds what is out of date: minutes with empty caches."""
    gobuild.build(binary.MODULE, ".", NODE, ldflags=binary.ldflags(KUBERNETES), tags="kubeadm")
    gobuild.build(binary.MODULE, "./pause", binary.PAUSE, ldflags="-s -w")
    gobuild.build(
        gobuild.MODULES / "minikube",
        "./storage-provisioner",
        STORAGE_PROVISIONER,
        ldflags="-s -w",
    )
    gobuild.build(_for_debians_docker(), ".", CRI_DOCKERD, ldflags="-s -w")
    gobuild.build(
        gobuild.MODULES / "crictl",
        f"{_CRI_TOOLS}/cmd/crictl",
        CRICTL,
        ldflags=f"-s -w -X {_CRI_TOOLS}/pkg/version.Version=1.34.0",
    )


def _for_debians_docker() -> Path:
    """A copy of cri-dockerd, which asks for API 1.42; Debian 12's Docker has 1.41, and that does."""
    source = module("cri-dockerd", "github.com/Mirantis/cri-dockerd")
    copy, wanted = HOME / "cri-dockerd", Path("libdocker/client.go")
    text = (source / wanted).read_text()
    found = '"1.42.0"'
    assert text.count(found) == 1, f"{source / wanted} does not ask for Docker's API 1.42 any more"
    with files.replacing(copy) as aside:
        # Without its vendor: its go.sum says the same.
        shutil.copytree(source, aside, ignore=shutil.ignore_patterns("vendor"))
        for folder in (aside, *aside.rglob("*/")):
            folder.chmod(0o755)
        (aside / wanted).unlink()
        (aside / wanted).write_text(text.replace(found, '"1.41.0"'))
        shutil.rmtree(copy, ignore_errors=True)
    return copy


def module(folder: str, path: str) -> Path:
    """The folder of a module's own files, fetched where it is not there yet."""
    fetch = ["go", "mod", "download", "-json", path]
    said = run(fetch, cwd=gobuild.MODULES / folder, env=gobuild.environment())
    return Path(json.loads(said)["Dir"])
