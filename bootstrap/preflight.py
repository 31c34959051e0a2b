"""What a machine must have, asked before anything is changed. Standard library only: runs first."""

import os
import shutil
import sys
from pathlib import Path

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.place import Place
from localcluster import preflight as localcluster_preflight
from toolchain import packages
from toolchain.packages import Need

# Measured with empty caches: Go modules 3 GB, Go's build cache 3 GB, tools and venv 1.5 GB.
BUILD_SPACE = 8
TEST_NEEDS = (
    Need("prometheus", "prometheus"),
    Need("prometheus", "promtool"),
    Need("chromium", "chromium"),
    Need("npm", "npm"),
    Need("fuse3", "fusermount3"),
)
"""What only the tests use: `make up` does without it."""

RUN_SPACE = 1
"""GiB to be free where nothing is left to build: the local cluster and the stack."""


def problems(place: Place, cluster: Cluster | None) -> list[str]:
    """Everything that keeps `make` from going on, each with what to do; nothing is changed.

    Without a cluster (make test) the tools of the local one are wanted all the same.
    """
    found = _directories(place) + _space(place, cluster)
    if cluster is None or cluster.kind is Kind.LOCALCLUSTER:
        found += _localcluster(place, for_tests=cluster is None)
    elif shutil.which("kubectl") is None:
        found.append("there is no `kubectl` on PATH: https://kubernetes.io/docs/tasks/tools/")
    return found


def _directories(place: Place) -> list[str]:
    found = []
    for path, meaning in (
        (place.tools, "tools"),
        (place.state, "state"),
        (place.venv, "the Python environment"),
    ):
        if path.exists() and not path.is_dir():
            found.append(f"{path} is a file, but {meaning} are to be kept there: move it away")
    if place.backup_dir.exists() and not place.backup_dir.is_dir():
        found.append(
            f"BACKUP_DIR={place.backup_dir} is a file, but backup sets go into a directory: "
            "name another one, as in BACKUP_DIR=/var/backups/brewget make up"
        )
    # Once it is a store, it belongs to the server's user.
    elif not (place.backup_dir / ".store.json").exists() and not os.access(
        nearest(place.backup_dir), os.W_OK
    ):
        found.append(
            f"BACKUP_DIR={place.backup_dir} cannot be written: "
            f"make it yours (chown), or name another one"
        )
    return found


def nearest(path: Path) -> Path:
    """The path, or the closest directory above it that exists."""
    return next(entry for entry in (path, *path.parents) if entry.exists())


def _space(place: Place, cluster: Cluster | None) -> list[str]:
    wanted = BUILD_SPACE if builds(place, cluster) else RUN_SPACE
    found = []
    for path in {nearest(place.tools), nearest(go_cache())}:
        free = shutil.disk_usage(path).free / 2**30
        if free < wanted:
            found.append(
                f"{path} has {free:.1f} GiB free, {wanted} are needed: make room. "
                "`go clean -cache -modcache` frees what Go can fetch again"
            )
    return found


def builds(place: Place, cluster: Cluster | None) -> bool:
    """Whether Go may have to compile Kubernetes or Pulumi."""
    if cluster is None or cluster.kind is Kind.LOCALCLUSTER:
        return not is_built(place)
    return shutil.which("pulumi") is None and not (place.bin / "pulumi").is_file()


def is_built(place: Place) -> bool:
    """A hint, not a guarantee: a rebuild after a change fits into Go's existing caches."""
    names = ("pulumi", "localcluster-node")
    return all((place.bin / name).is_file() for name in names)


def go_cache() -> Path:
    """Where Go puts what it compiles."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(os.environ.get("GOCACHE") or Path(base) / "go-build")


def _localcluster(place: Place, *, for_tests: bool) -> list[str]:
    found = []
    needs = localcluster_preflight.problems()
    if missing := missing_packages(for_tests=for_tests):
        # With one line for all; where they can be installed, the step "packages" brings them.
        needs = [need for need in needs if "Debian packages are missing" not in need]
        if not packages.can_install():
            needs.append(packages.install_line(missing))
    found += needs
    if needs:
        found.append(
            "or install minikube, which needs none of this: https://minikube.sigs.k8s.io/docs/start"
        )
    if shutil.which("go") is None and not is_built(place):
        found.append(
            "there is no `go` on PATH: install Go 1.25 or newer, https://go.dev/doc/install"
        )
    return found


def missing_packages(*, for_tests: bool) -> list[str]:
    """Debian packages that the local cluster, and with `for_tests` the tests, lack."""
    needs = localcluster_preflight.NEEDS + (TEST_NEEDS if for_tests else ())
    return packages.missing(needs)


def check(place: Place, *, with_cluster: bool) -> None:
    """Ends the program with the whole list: a person fixes all of it at once."""
    cluster = clusters.find(place) if with_cluster else None
    found = problems(place, cluster)
    if found:
        sys.exit("error: this machine is not ready, nothing was changed:\n- " + "\n- ".join(found))
