"""Debian packages, downloaded and unpacked beside a Dockerfile, never installed."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from toolchain.machine import architecture
from toolchain.packages import download_all
from toolchain.run import run


def libraries() -> str:
    """The directory of libraries, below / and below /usr."""
    return f"lib/{architecture().triplet}"


def unpack(packages: Sequence[str], context: Path) -> dict[str, Path]:
    """The packages and all that they depend on, each unpacked into a directory of its own."""
    downloads, unpacked = context / "debs", context / "unpacked"
    downloads.mkdir()
    unpacked.mkdir()
    download_all(packages, downloads)
    found = {}
    for file in sorted(downloads.glob("*.deb")):
        name = file.name.partition("_")[0]
        found[name] = unpacked / name
        run(["dpkg-deb", "--extract", file, found[name]])
    shutil.rmtree(downloads)
    return found


def make_root(root: Path) -> None:
    """The directories and links that every root file system has."""
    for directory in ("usr/bin", "usr/sbin", f"usr/{libraries()}", "usr/lib64", "usr/share", "etc"):
        (root / directory).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    loader = Path(architecture().loader)
    (root / "usr" / loader.relative_to("/")).symlink_to(f"/{libraries()}/{loader.name}")


def copy_libraries(package: Path, root: Path) -> None:
    """The libraries alone, links as links."""
    target = root / "usr" / libraries()
    for folder in (package / libraries(), package / "usr" / libraries()):
        for library in sorted(folder.glob("*.so*")):
            shutil.copy2(library, target / library.name, follow_symlinks=False)
        # pgcrypto's older ciphers are in OpenSSL's legacy module.
        if (folder / "ossl-modules").is_dir():
            shutil.copytree(folder / "ossl-modules", target / "ossl-modules", dirs_exist_ok=True)


def copy_program(name: str, package: Path, root: Path) -> None:
    """A program, whether the release has it in /bin or in /usr/bin."""
    places = (package / "bin" / name, package / "usr/bin" / name)
    (program,) = (place for place in places if place.is_file())
    shutil.copy2(program, root / "usr/bin" / name)
