"""What lies beside the Dockerfile of the PostgreSQL image when it is built: its root file system.

The official image's userland, PostgreSQL from the PyPI wheel, and its libraries out of Debian
packages that are unpacked and not installed (seconds, where a debootstrap takes half a minute).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

from localcluster import debian
from localcluster.debian import LIBRARIES
from localcluster.layout import REPOSITORY
from toolchain import postgresql, userland

LIBRARY_PACKAGES = [
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "libtinfo6",
    "libreadline8",
    "zlib1g",
    "liblzma5",
    "liblz4-1",
    "libzstd1",
    "libssl3",
    "libgssapi-krb5-2",
    "libkrb5-3",
    "libk5crypto3",
    "libkrb5support0",
    "libcom-err2",
    "libkeyutils1",
    "libxml2",
    "libxslt1.1",
    "libgcrypt20",
    "libgpg-error0",
    "libicu72",
    "libossp-uuid16",
]

LEFT_OUT = ("*.a", "*plpython*", "libecpg*", "libpgtypes*", "pgxs", "pkgconfig", "ecpg", "doc")
"""Of PostgreSQL's own: what is for compiling, and PL/Python, for there is no Python."""


FIRST_WITH_VERSION_IN_PATH = 18


def arguments(version: str) -> Mapping[str, str]:
    """The Dockerfile's arguments for a version of PostgreSQL, such as 17.11."""
    major = version.partition(".")[0]
    moved = int(major) >= FIRST_WITH_VERSION_IN_PATH
    volume = "/var/lib/postgresql" if moved else "/var/lib/postgresql/data"
    data = f"/var/lib/postgresql/{major}/docker" if moved else volume
    return {"VERSION": version, "MAJOR": major, "DATA": data, "DATA_VOLUME": volume}


def stage(context: Path, version: str = postgresql.VERSION) -> None:
    """Lays `rootfs` beside the Dockerfile."""
    root = context / "rootfs"
    debian.make_root(root)
    (root / "usr/bin/sh").symlink_to("busybox")
    unpacked = debian.unpack([*LIBRARY_PACKAGES, "tzdata", "libc-bin"], context)
    userland.ensure(REPOSITORY)
    for program in userland.PROGRAMS:
        shutil.copy2(userland.directory(REPOSITORY) / program.name, root / "usr/bin")
    for package in LIBRARY_PACKAGES:
        debian.copy_libraries(unpacked / package, root)
    zones = unpacked / "tzdata/usr/share/zoneinfo"
    shutil.copytree(zones, root / "usr/share/zoneinfo", symlinks=True)
    # C.UTF-8: glibc has it as files, where musl has it built in.
    shutil.copytree(unpacked / "libc-bin/usr/lib/locale", root / "usr/lib/locale")
    _copy_postgresql(root, version)
    _copy_scripts(context, root)
    shutil.rmtree(unpacked)


def _copy_postgresql(root: Path, version: str) -> None:
    source = postgresql.directory(REPOSITORY, version)
    postgresql.ensure(REPOSITORY, version)
    local = root / "usr/local"
    for name in ("bin", "lib", "share"):
        ignore = shutil.ignore_patterns(*LEFT_OUT)
        shutil.copytree(source / name, local / name, symlinks=True, ignore=ignore)
    # Where the official image has it.
    (local / "share/postgresql").symlink_to(".")
    # postgres_fdw and others look for it among the system's libraries only.
    (root / "usr" / LIBRARIES / "libpq.so.5").symlink_to("/usr/local/lib/libpq.so.5")


def _copy_scripts(context: Path, root: Path) -> None:
    for script in sorted(context.glob("docker-*.sh")):
        shutil.move(script, root / "usr/local/bin" / script.name)
    (root / "usr/local/bin/docker-enforce-initdb.sh").symlink_to("docker-ensure-initdb.sh")
