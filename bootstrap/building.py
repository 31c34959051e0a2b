"""What building and running take of a machine, asked before anything is compiled."""

import os
import shutil
from pathlib import Path

from bootstrap.clusters import Cluster, Kind
from bootstrap.place import Place
from localcluster import binary
from toolchain import gobuild, machine
from toolchain.errors import SetupError

# All in GiB. Measured with empty caches: Go modules 3, Go's build cache 3, tools and venv 1.5.
BUILD_SPACE = 8
TEMPORARY_SPACE = 4
"""Measured: 3.3 of Go's own files, which it puts into TMPDIR while it compiles."""
BUILD_MEMORY = 4
"""Measured on two processors: 3.9 while the largest program is linked."""

RUN_SPACE = 1
"""Where nothing is left to build: the local cluster and the stack."""
RUN_MEMORY = 1.5
"""Measured: the cluster with the stack 0.6, Pulumi and its plugins 0.5."""


def problems(place: Place, cluster: Cluster | None) -> list[str]:
    """What is too little or too old here, each with what to do; nothing is changed."""
    is_building = builds(place, cluster)
    found = _space(place, BUILD_SPACE if is_building else RUN_SPACE)
    found += _temporary(TEMPORARY_SPACE if is_building else RUN_SPACE)
    if is_building:
        found += gobuild.problems([*gobuild.MODULES.glob("*/go.mod"), binary.MODULE / "go.mod"])
    if is_building or (cluster and cluster.kind is Kind.LOCALCLUSTER):
        found += _memory(BUILD_MEMORY if is_building else RUN_MEMORY)
    return found


def builds(place: Place, cluster: Cluster | None) -> bool:
    """Whether Go has to compile Kubernetes and Pulumi."""
    # Elsewhere Pulumi is downloaded; where it cannot be, `require` asks for what a build takes.
    return (cluster is None or cluster.kind is Kind.LOCALCLUSTER) and not _is_built(place)


def require(place: Place) -> None:
    """Ends where something could not be downloaded, and cannot be built either."""
    if found := problems(place, None):
        raise SetupError("it cannot be built here either:\n- " + "\n- ".join(found))


def _is_built(place: Place) -> bool:
    """A hint, not a guarantee: a rebuild after a change fits into Go's existing caches."""
    names = ("pulumi", "localcluster-node")
    return all((place.bin / name).is_file() for name in names)


def _space(place: Place, wanted: float) -> list[str]:
    found = [
        f"{path} has {_free(path):.1f} GiB free, {wanted} are needed: make room. "
        "`go clean -cache -modcache` frees what Go can fetch again"
        for path in sorted({nearest(place.tools), nearest(_go_cache())})
        if _free(path) < wanted
    ]
    if _is_without_programs(nearest(place.tools)):
        found.append(
            f"{place.tools} is on a file system without programs (noexec), and tools are to run "
            "from there: put this checkout elsewhere"
        )
    return found


def _temporary(wanted: float) -> list[str]:
    path = Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - the default of all programs
    another = "name another directory, as in TMPDIR=/var/tmp make up"
    if not path.is_dir():
        return [f"TMPDIR={path} is not a directory: {another}"]
    if not os.access(path, os.W_OK | os.X_OK):
        return [f"TMPDIR={path} cannot be written: {another}"]
    if _is_without_programs(path):
        return [f"TMPDIR={path} is on a file system without programs (noexec): {another}"]
    if (free := _free(path)) < wanted:
        return [f"TMPDIR={path} has {free:.1f} GiB free, {wanted} are needed: {another}"]
    return []


def _memory(wanted: float) -> list[str]:
    free = machine.free_memory()
    if free is None or free >= wanted:
        return []
    return [
        f"{free:.1f} GiB of memory are free, {wanted} are needed: end other programs, or give this "
        "machine more"
    ]


def nearest(path: Path) -> Path:
    """The path, or the closest directory above it that exists."""
    return next(entry for entry in (path, *path.parents) if entry.exists())


def _free(path: Path) -> float:
    return shutil.disk_usage(path).free / 2**30


def _is_without_programs(path: Path) -> bool:
    """Mounted noexec; macOS does not say."""
    return bool(os.statvfs(path).f_flag & getattr(os, "ST_NOEXEC", 0))


def _go_cache() -> Path:
    """Where Go puts what it compiles."""
    base = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(os.environ.get("GOCACHE") or Path(base) / "go-build")
