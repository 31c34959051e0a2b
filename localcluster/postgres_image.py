"""What lies beside the Dockerfile of the PostgreSQL image when it is built: its root file system.

The official image's userland, PostgreSQL from the PyPI wheel, and its libraries out of Debian
packages that are unpacked and not installed (seconds, where a debootstrap takes half a minute).
"""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from localcluster import debian
from localcluster.layout import REPOSITORY
from toolchain import postgresql, userland

PACKAGES = (
    "libstdc++6",
    "libreadline8",
    "zlib1g",
    "liblz4-1",
    "libzstd1",
    "libssl3",
    "libgssapi-krb5-2",
    "libxml2",
    "libxslt1.1",
    "libossp-uuid16",
    "libc-bin",
    "tzdata",
)
"""What PostgreSQL's programs link to and look up; what these need in turn apt knows."""

DEBIANS_ID = "999"
"""Of postgres in Debian's images."""
DEBIANS_USERLAND = (
    "bash",
    "coreutils",
    "dash",
    "diffutils",
    "findutils",
    "grep",
    "gzip",
    "hostname",
    "mawk",
    "sed",
    "tar",
    "util-linux",
    "zstd",
)

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
    root = _stage(context, PACKAGES, version)
    (root / "usr/bin/sh").symlink_to("busybox")
    userland.ensure(REPOSITORY)
    for program in userland.PROGRAMS:
        shutil.copy2(userland.directory(REPOSITORY) / program.name, root / "usr/bin")
    shutil.rmtree(context / "unpacked")


def stage_debian(context: Path) -> None:
    """The same with Debian's userland."""
    root = _stage(context, (*PACKAGES, *DEBIANS_USERLAND))
    for package in DEBIANS_USERLAND:
        for folder in ("bin", "sbin", "usr/bin", "usr/sbin"):
            source = context / "unpacked" / package / folder
            if source.is_dir():
                target = root / "usr" / Path(folder).name
                shutil.copytree(source, target, dirs_exist_ok=True, symlinks=True)
    for name, program in (("sh", "dash"), ("awk", "mawk")):
        (root / "usr/bin" / name).unlink(missing_ok=True)
        (root / "usr/bin" / name).symlink_to(program)
    shutil.rmtree(context / "unpacked")


def _stage(context: Path, packages: Sequence[str], version: str = postgresql.VERSION) -> Path:
    """What the images have in common; the packages stay unpacked beside it."""
    root = context / "rootfs"
    debian.make_root(root)
    unpacked = debian.unpack(packages, context)
    for package in unpacked.values():
        debian.copy_libraries(package, root)
    zones = unpacked["tzdata"] / "usr/share/zoneinfo"
    shutil.copytree(zones, root / "usr/share/zoneinfo", symlinks=True)
    # C.UTF-8: glibc has it as files, where musl has it built in.
    shutil.copytree(unpacked["libc-bin"] / "usr/lib/locale", root / "usr/lib/locale")
    _copy_postgresql(root, version)
    _copy_scripts(context, root)
    return root


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
    (root / "usr" / debian.libraries() / "libpq.so.5").symlink_to("/usr/local/lib/libpq.so.5")


def _copy_scripts(context: Path, root: Path) -> None:
    for script in sorted(context.glob("docker-*.sh")):
        shutil.move(script, root / "usr/local/bin" / script.name)
    (root / "usr/local/bin/docker-enforce-initdb.sh").symlink_to("docker-ensure-initdb.sh")
