"""What lies beside the Dockerfiles of the console and of its Python when they are built.

Nothing is fetched during the build: packages of Debian and of PyPI are downloaded beforehand.
"""

import os
import shutil
import sys
from pathlib import Path

from localcluster import debian, images
from toolchain.errors import SetupError
from toolchain.run import run

FOLDER = Path(__file__).resolve().parent / "images" / "python"
PYTHON = "3.11"

PROGRAMS = {"busybox-static": "bin/busybox", "bash": "bin/bash"}
PACKAGES = ("libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal")
LIBRARIES = (
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "libtinfo6",
    "zlib1g",
    "libbz2-1.0",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libsqlite3-0",
    "libssl3",
    "libuuid1",
)


def stage(context: Path) -> None:
    """Lays the console's wheels beside its Dockerfile, and builds the Python that it stands on."""
    base = context.with_name("python")
    shutil.copytree(FOLDER, base)
    _stage_python(base)
    images.build_only(images.PYTHON, base)
    _pip("--require-hashes", "-r", str(context / "requirements.lock"), to=context / "wheels")


def _stage_python(context: Path) -> None:
    root = context / "rootfs"
    debian.make_root(root)
    (root / "usr/bin/sh").symlink_to("bash")
    unpacked = debian.unpack([*PROGRAMS, *PACKAGES, *LIBRARIES], context)
    for package, program in PROGRAMS.items():
        shutil.copy2(unpacked / package / program, root / "usr/bin")
    for package in LIBRARIES:
        debian.copy_libraries(unpacked / package, root)
    for package in PACKAGES:
        shutil.copytree(unpacked / package / "usr", root / "usr", dirs_exist_ok=True, symlinks=True)
    (root / "usr/bin/python3").symlink_to(f"python{PYTHON}")
    # It says that apt-get installs packages here; in this image there is none.
    (root / f"usr/lib/python{PYTHON}/EXTERNALLY-MANAGED").unlink()
    _pip("pip", to=context / "pip")
    (wheel,) = (context / "pip").glob("pip-*.whl")
    shutil.unpack_archive(wheel, root / "usr/lib/python3/dist-packages", "zip")
    shutil.rmtree(unpacked)


def _pip(*what: str, to: Path) -> None:
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
            f"--python-version={PYTHON}",
            "--platform=manylinux_2_28_x86_64",
            "--platform=manylinux2014_x86_64",
            "--platform=manylinux_2_17_x86_64",
            "--dest",
            to,
            *what,
        ],
        # Hashes are those of the registry's files.
        env={k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"},
    )
    if not list(to.glob("*.whl")):
        raise SetupError(f"pip downloaded nothing: {done}")
