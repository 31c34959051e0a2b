"""Images: built by buildah, kept as OCI archives outside the cluster, loaded into the node.

There is no registry. What lies in `.tools/images` is in every cluster after its start, so an image
is built once and not again after a `delete`.
"""

import re
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from localcluster import processes
from localcluster.layout import TOOLS, Layout
from toolchain import files
from toolchain.errors import SetupError
from toolchain.locking import exclusive
from toolchain.run import run

ARCHIVES = TOOLS / "images"
OPTIONAL = ARCHIVES / "optional"
"""Images that a start does not load by itself: what is not wanted costs nothing."""
STORE = TOOLS / "buildah"

PAUSE = "localhost/localcluster/pause:1"
POSTGRES_NAME = "localhost/brewget/postgres-standin"
POSTGRES = f"{POSTGRES_NAME}:16.15"
POSTGRES_DEBIAN = "localhost/brewget/postgres-debian:16.15"
PYTHON = "localhost/brewget/python-standin:3"
CONSOLE_NAME = "localhost/brewget/console"
TOOLS_NAME = "localhost/brewget/postgres-tools"
"""Their tags are hashes of their sources: see `recipes.tag_of`."""

# A newer buildah would set limits above ours, for which a container may lack CAP_SYS_RESOURCE.
BUILD = ("--layers", "--quiet", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")

SOCKET = "run/containerd/containerd.sock"
PATIENCE = 20.0


def archive_of(tag: str, folder: Path = ARCHIVES) -> Path:
    """Where the image of a tag is kept."""
    return folder / (re.sub(r"[^A-Za-z0-9._-]+", "_", tag) + ".tar")


def full_name(tag: str) -> str:
    """As Kubernetes will ask for it: a name without a registry means docker.io everywhere."""
    first, slash, _ = tag.partition("/")
    if not slash:
        tag = f"docker.io/library/{tag}"
    elif not ("." in first or ":" in first or first == "localhost"):
        tag = f"docker.io/{tag}"
    return tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest"


def build(
    tag: str,
    directory: Path,
    *,
    folder: Path = ARCHIVES,
    arguments: Mapping[str, str] | None = None,
) -> Path:
    """Builds a directory's Dockerfile and returns the archive, replaced only when all went well.

    In a mount namespace of its own, so that buildah's storage leaves no mount behind.
    """
    if not (directory / "Dockerfile").is_file():
        raise SetupError(f"{directory} has no Dockerfile")
    name, archive = full_name(tag), archive_of(full_name(tag), folder)
    chosen = [f"--build-arg={key}={value}" for key, value in (arguments or {}).items()]
    with _alone(), files.replacing(archive) as aside:
        _buildah("build", *BUILD, *chosen, "--tag", name, str(directory))
        _buildah("push", "--quiet", name, f"oci-archive:{aside}:{name}")
    return archive


def build_only(tag: str, directory: Path) -> None:
    """Builds an image that others are built from; no cluster ever needs it by itself."""
    with _alone():
        _buildah("build", *BUILD, "--tag", full_name(tag), str(directory))


def _alone() -> AbstractContextManager[None]:
    """One build at a time in buildah's storage."""
    return exclusive(STORE.with_name(".buildah.lock"), timeout=600)


def _buildah(verb: str, *arguments: str) -> None:
    storage = ["--root", str(STORE / "root"), "--runroot", str(STORE / "run")]
    own_mounts = ["unshare", "--mount", "--propagation", "private"]
    run(
        [*own_mounts, "buildah", *storage, "--storage-driver", "overlay", verb, *arguments],
        # No user namespace, no runc: works in a container as well.
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "BUILDAH_ISOLATION": "chroot",
        },
    )


def load_all(layout: Layout) -> None:
    """Loads every archive that the node does not have yet in this very state."""
    known = layout.home / "images.json"
    loaded = files.read_json(known) or {}
    for archive in sorted(ARCHIVES.glob("*.tar")):
        try:
            _load_new(layout, archive, known, loaded)
        except FileNotFoundError:
            # Another cluster may remove one meanwhile; anything else that is missing is said.
            if archive.is_file():
                raise


def load_changed(layout: Layout, archive: Path) -> None:
    """Loads one archive unless the node has it in this very state."""
    known = layout.home / "images.json"
    _load_new(layout, archive, known, files.read_json(known) or {})


def _load_new(layout: Layout, archive: Path, known: Path, loaded: dict[str, Any]) -> None:
    seen = archive.stat()
    state = f"{seen.st_size} {seen.st_mtime_ns}"
    if loaded.get(archive.name) != state:
        load(layout, archive)
        loaded[archive.name] = state
        files.write_json(known, loaded)


def load(layout: Layout, archive: Path) -> None:
    """Loads an OCI archive into the running node."""
    if not archive.is_file():
        raise SetupError(f"there is no image archive {archive}")
    with archive.open("rb") as content:
        run([*_ctr(layout), "images", "import", "-"], stdin=content)


def names(layout: Layout) -> list[str]:
    """The images that the running node has, by name; containerd's aliases by digest left out."""
    listed = run([*_ctr(layout), "images", "ls", "-q"]).split()
    return sorted(name for name in listed if not name.startswith("sha256:"))


def _ctr(layout: Layout) -> list[str]:
    """containerd's own client, inside the node: from outside its socket cannot be seen."""
    identity = files.read_json(layout.process)
    if identity is None or not processes.is_alive(identity):
        raise SetupError(
            f"the cluster {layout.profile} does not run: start it with "
            f"`python -m localcluster --profile {layout.profile} start`"
        )
    pid = identity["pid"]
    deadline = time.monotonic() + PATIENCE
    while not Path(f"/proc/{pid}/root", SOCKET).exists():
        if time.monotonic() > deadline or not processes.is_alive(identity):
            raise SetupError(
                "containerd did not start: see the ends of containerd.log and node.log in "
                f"{layout.logs}"
            )
        time.sleep(0.02)
    enter = ["nsenter", "--target", str(pid), "--mount", "--pid", "--net"]
    return [*enter, "ctr", "--address", f"/{SOCKET}", "--namespace", "k8s.io"]
