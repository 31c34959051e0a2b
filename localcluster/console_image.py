"""What lies beside the Dockerfiles of the console and of its Python when they are built.

Nothing is fetched during the build: packages of Debian and of PyPI are downloaded beforehand.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from localcluster import debian, images
from toolchain.errors import SetupError
from toolchain.machine import architecture
from toolchain.run import run

FOLDER = Path(__file__).resolve().parent / "images" / "python"
PROGRAMS = {"busybox-static": "busybox", "bash": "bash"}
PACKAGES = (*PROGRAMS, "python3-minimal", "libpython3-stdlib", "libstdc++6")
"""Which Python 3 that is, and what it needs, apt knows."""


def stage(context: Path) -> None:
    """Lays the console's wheels beside its Dockerfile, and builds the Python that it stands on."""
    base = context.with_name("python")
    shutil.copytree(FOLDER, base)
    python = stage_python(base)
    images.build_only(images.PYTHON, base)
    download(context / "requirements.lock", python, context / "wheels")


def download(lock: Path, python: str, folder: Path) -> None:
    """The wheels of a lock for a Python such as `python3.11`."""
    _pip("--require-hashes", "-r", str(lock), python=python, to=folder)


def stage_python(context: Path) -> str:
    """Lays `rootfs` beside the Dockerfile and returns the Python in it, such as `python3.11`."""
    root = context / "rootfs"
    debian.make_root(root)
    (root / "usr/bin/sh").symlink_to("bash")
    unpacked = debian.unpack(PACKAGES, context)
    for package, program in PROGRAMS.items():
        debian.copy_program(program, unpacked[package], root)
    for files in unpacked.values():
        debian.copy_libraries(files, root)
    python = python_of(unpacked)
    for package in (f"lib{python}-minimal", f"lib{python}-stdlib", f"{python}-minimal"):
        shutil.copytree(unpacked[package] / "usr", root / "usr", dirs_exist_ok=True, symlinks=True)
    (root / "usr/bin/python3").symlink_to(python)
    # It says that apt-get installs packages here; in this image there is none.
    (root / "usr/lib" / python / "EXTERNALLY-MANAGED").unlink()
    _pip("pip", python=python, to=context / "pip")
    (wheel,) = (context / "pip").glob("pip-*.whl")
    shutil.unpack_archive(wheel, root / "usr/lib/python3/dist-packages", "zip")
    shutil.rmtree(context / "unpacked")
    return python


def python_of(packages: Iterable[str]) -> str:
    """The one Python among the names of packages, such as `python3.11`."""
    (name,) = (name for name in packages if re.fullmatch(r"python3\.[0-9]+-minimal", name))
    return name.removesuffix("-minimal")


def _pip(*what: str, python: str, to: Path) -> None:
    """Wheels for the image's Python, whatever Python runs here."""
    done = run(
        [
            sys.executable,
            "-m",
            "pip",
            "--disable-pip-version-check",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            f"--python-version={python.removeprefix('python')}",
            *(f"--platform={platform}" for platform in architecture().wheel_platforms),
            "--dest",
            to,
            *what,
        ],
        # Hashes are those of the registry's files.
        env={k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"},
    )
    if not list(to.glob("*.whl")):
        raise SetupError(f"pip downloaded nothing: {done}")
