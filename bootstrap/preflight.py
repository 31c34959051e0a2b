"""What a machine must have, asked before anything is changed. Standard library only: runs first."""

import os
import shutil
import sys
from pathlib import Path

from bootstrap import building, clusters, docker, mounts
from bootstrap.building import nearest
from bootstrap.clusters import Cluster, Kind
from bootstrap.docker import Docker
from bootstrap.place import Place
from localcluster import preflight as localcluster_preflight
from toolchain import packages
from toolchain.packages import Need

TEST_NEEDS = (
    Need("prometheus", "prometheus"),
    Need("prometheus", "promtool"),
    Need("chromium", "chromium"),
    Need("npm", "npm"),
    Need("fuse3", "fusermount3"),
    Need("mmdebstrap", "mmdebstrap"),
    Need("lz4", "lz4"),
    Need("ipset", "ipset"),
)
"""What only the tests use: `make up` does without it."""


def problems(place: Place, cluster: Cluster | None) -> list[str]:
    """Everything that keeps `make` from going on, each with what to do; nothing is changed.

    Without a cluster (make test) the tools of the local one are wanted all the same.
    """
    found = _directories(place) + building.problems(place, cluster)
    if cluster is None or cluster.kind is Kind.LOCALCLUSTER:
        found += _localcluster(for_tests=cluster is None)
    elif cluster.kind is Kind.NAMED and shutil.which("kubectl") is None:
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
    return found + (_backup_dir(place.backup_dir) if place.backup_dir else [])


def _backup_dir(path: Path) -> list[str]:
    another = "name another one, as in BACKUP_DIR=/var/backups/brewget make up"
    if set(str(path)) & set(":,'\n"):
        return [
            f"BACKUP_DIR={path} has a colon, a comma, a quote or a line break, which no mount of "
            f"a cluster can have in its name: {another}"
        ]
    if path.exists() and not path.is_dir():
        return [f"BACKUP_DIR={path} is a file, but backup sets go into a directory: {another}"]
    # Once it is a store, it belongs to the server's user.
    if not mounts.holds_store(path) and not os.access(nearest(path), os.W_OK):
        return [f"BACKUP_DIR={path} cannot be written: make it yours (chown), or name another one"]
    return []


def _localcluster(*, for_tests: bool) -> list[str]:
    found = []
    if docker.look() is Docker.DENIED:
        found.append(
            "there is a docker, on which a minikube could run, but this user may not use it: "
            "`sudo usermod -aG docker $USER`, log in again, then run this again"
        )
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
    return found


def missing_packages(*, for_tests: bool) -> list[str]:
    """Debian packages that the local cluster, and with `for_tests` the tests, lack."""
    return packages.missing(wanted(for_tests=for_tests))


def wanted(*, for_tests: bool) -> tuple[Need, ...]:
    """What the local cluster, and with `for_tests` the tests, use of Debian's packages."""
    return localcluster_preflight.NEEDS + (TEST_NEEDS if for_tests else ())


def check(place: Place, *, with_cluster: bool) -> None:
    """Ends the program with the whole list: a person fixes all of it at once."""
    cluster = clusters.find(place) if with_cluster else None
    found = problems(place, cluster)
    if found:
        sys.exit("error: this machine is not ready, nothing was changed:\n- " + "\n- ".join(found))
