"""Debian packages, downloaded and unpacked beside a Dockerfile, never installed."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.packages import download
from toolchain.run import run

LIBRARIES = "lib/x86_64-linux-gnu"


def unpack(packages: Sequence[str], context: Path) -> Path:
    """Each package into a directory of its own; returns where they lie."""
    downloads, unpacked = context / "debs", context / "unpacked"
    downloads.mkdir()
    unpacked.mkdir()
    download(packages, downloads)
    for package in packages:
        files = list(downloads.glob(f"{package}_*.deb"))
        if len(files) != 1:
            raise SetupError(f"apt-get gave {len(files)} files for the package {package}")
        run(["dpkg-deb", "--extract", files[0], unpacked / package])
    shutil.rmtree(downloads)
    return unpacked


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
