"""Debian packages, downloaded and unpacked beside a Dockerfile, never installed."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from localcluster.errors import ClusterError
from localcluster.run import run

LIBRARIES = "lib/x86_64-linux-gnu"


def unpack(packages: Sequence[str], context: Path) -> Path:
    """Each package into a directory of its own; returns where they lie."""
    downloads, unpacked = context / "debs", context / "unpacked"
    downloads.mkdir()
    unpacked.mkdir()
    _download(packages, downloads)
    for package in packages:
        files = list(downloads.glob(f"{package}_*.deb"))
        if len(files) != 1:
            raise ClusterError(f"apt-get gave {len(files)} files for the package {package}")
        run(["dpkg-deb", "--extract", files[0], unpacked / package])
    shutil.rmtree(downloads)
    return unpacked


def _download(packages: Sequence[str], directory: Path) -> None:
    # As root all the same: apt's own user cannot write here, and apt would warn of that.
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "--quiet", "download", *packages]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        run(command, cwd=directory, env=environment)
    except ClusterError:
        # A machine whose lists are missing or older than what the archive still has.
        run(["apt-get", "--quiet", "update"], env=environment)
        run(command, cwd=directory, env=environment)


def make_root(root: Path) -> None:
    """The directories and links that every root file system has."""
    for directory in ("usr/bin", "usr/sbin", f"usr/{LIBRARIES}", "usr/lib64", "usr/share", "etc"):
        (root / directory).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "usr/lib64/ld-linux-x86-64.so.2").symlink_to(f"/{LIBRARIES}/ld-linux-x86-64.so.2")


def copy_libraries(package: Path, root: Path) -> None:
    """The libraries alone, links as links."""
    for folder in (package / LIBRARIES, package / "usr" / LIBRARIES):
        for library in sorted(folder.glob("*.so*")):
            target = root / "usr" / LIBRARIES / library.name
            shutil.copy2(library, target, follow_symlinks=False)
        # pgcrypto's older ciphers are in OpenSSL's legacy module.
        if (folder / "ossl-modules").is_dir():
            shutil.copytree(folder / "ossl-modules", root / "usr" / LIBRARIES / "ossl-modules")
