"""pgBackRest, restic and age out of Debian's packages: for the tests and the local cluster's image.

With all its libraries beside it, the C library and its loader too: this release's want a newer one
than Debian 12 has, and what a machine has installed is then of no account.
"""

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from toolchain import files
from toolchain.locking import exclusive
from toolchain.machine import architecture
from toolchain.packages import download, download_all, lists_of
from toolchain.run import run

RELEASE = "trixie"
"""Of Debian: the first whose pgBackRest knows PostgreSQL 16."""
PACKAGES = ("pgbackrest", "restic", "age")
"""Each with the program of its name."""
PROGRAMS = (*PACKAGES, "age-keygen")
NOT_OURS = {"postgresql-common"}
"""What they depend on besides libraries: of a server that Debian's own scripts manage."""


def directory(root: Path) -> Path:
    """Where `bin` is, or will be."""
    return root / ".tools" / "archiving"


def ensure(root: Path, say: Callable[[str], object] | None = None) -> bool:
    """Unpacks the programs into `.tools`; True if it had to. Unpacked beside and renamed."""
    target = directory(root)
    if _is_there(target):
        return False
    with exclusive(target.with_name(".archiving.lock"), say):
        if _is_there(target):
            return False
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as aside:
            _unpack(Path(aside))
            with files.replacing(target) as tree:
                if target.exists():
                    shutil.rmtree(target)
                _lay(Path(aside) / "unpacked", tree)
    return True


def start(name: str) -> str:
    """A script that starts a program of the tree, wherever that lies.

    By the loader itself: a program's own path to it is the machine's. The program knows itself
    by the script's name, and so do those that it starts.
    """
    loader, tree = Path(architecture().loader).name, "${0%/*}/.."
    return (
        f'#!/bin/sh\nexec "{tree}/lib/{loader}" --argv0 "$0" --library-path "{tree}/lib" '
        f'"{tree}/libexec/{name}" "$@"\n'
    )


def _is_there(tree: Path) -> bool:
    return all((tree / "bin" / name).is_file() for name in PROGRAMS)


def _unpack(aside: Path) -> None:
    lists = lists_of(RELEASE, aside)
    download(PACKAGES, aside, lists)
    libraries = {name for deb in aside.glob("*.deb") for name in _depends(deb)} - NOT_OURS
    download_all(sorted(libraries), aside, lists)
    for deb in aside.glob("*.deb"):
        run(["dpkg-deb", "--extract", deb, aside / "unpacked"])


def _depends(deb: Path) -> list[str]:
    """Such as `libpq5, zlib1g (>= 1:1.1.4), perl:any, debconf | debconf-2.0`."""
    named = run(["dpkg-deb", "--field", deb, "Depends"]).split(",")
    return [re.split("[ :|(]", name.strip())[0] for name in named]


def _lay(unpacked: Path, tree: Path) -> None:
    for name in ("bin", "lib", "libexec"):
        (tree / name).mkdir(parents=True)
    for library in sorted((unpacked / "usr/lib" / architecture().triplet).glob("*.so*")):
        shutil.copy2(library, tree / "lib", follow_symlinks=False)
    for name in PROGRAMS:
        shutil.copy2(unpacked / "usr/bin" / name, tree / "libexec")
        files.write(tree / "bin" / name, start(name), mode=0o755)
    # Tests run it as another user than the one who unpacked it.
    for path in (tree, *tree.iterdir()):
        path.chmod(0o755)
