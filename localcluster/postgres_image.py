"""What lies beside the Dockerfile of the PostgreSQL image when it is built: its root file system.

Out of Debian packages that are unpacked and not installed (seconds, where a debootstrap takes
half a minute), and of PostgreSQL from the PyPI wheel.
"""

import os
import shutil
from pathlib import Path

from bootstrap import postgresql
from localcluster.errors import ClusterError
from localcluster.layout import REPOSITORY
from localcluster.run import run

LIBRARIES = "lib/x86_64-linux-gnu"

PROGRAMS = {
    "busybox-static": "bin/busybox",
    "bash": "bin/bash",
    "zstd": "usr/bin/zstd",
    # Alpine's busybox has this applet, Debian's lacks it.
    "util-linux": "usr/bin/flock",
}

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


def stage(context: Path) -> None:
    """Lays `rootfs` beside the Dockerfile."""
    root = context / "rootfs"
    for directory in ("usr/bin", "usr/sbin", f"usr/{LIBRARIES}", "usr/lib64", "usr/share", "etc"):
        (root / directory).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to(f"usr/{name}")
    (root / "usr/bin/sh").symlink_to("busybox")
    unpacked = _unpack(context)
    for package, program in PROGRAMS.items():
        shutil.copy2(unpacked / package / program, root / "usr/bin")
    for package in LIBRARY_PACKAGES:
        _copy_libraries(unpacked / package, root)
    (root / "usr/lib64/ld-linux-x86-64.so.2").symlink_to(f"/{LIBRARIES}/ld-linux-x86-64.so.2")
    zones = unpacked / "tzdata/usr/share/zoneinfo"
    shutil.copytree(zones, root / "usr/share/zoneinfo", symlinks=True)
    # C.UTF-8: glibc has it as files, where musl has it built in.
    shutil.copytree(unpacked / "libc-bin/usr/lib/locale", root / "usr/lib/locale")
    _copy_postgresql(root)
    _copy_scripts(context, root)
    shutil.rmtree(unpacked)


def _unpack(context: Path) -> Path:
    """Each package into a directory of its own."""
    packages = [*PROGRAMS, *LIBRARY_PACKAGES, "tzdata", "libc-bin"]
    downloads, unpacked = context / "debs", context / "unpacked"
    downloads.mkdir()
    unpacked.mkdir()
    _download(packages, downloads)
    for package in packages:
        files = list(downloads.glob(f"{package}_*.deb"))
        if len(files) != 1:
            raise ClusterError(f"apt-get gave {len(files)} files for the package {package}")
        run(["dpkg-deb", "--extract", files[0], unpacked / package])
    shutil.rmtree(downloads)
    return unpacked


def _download(packages: list[str], directory: Path) -> None:
    # As root all the same: apt's own user cannot write here, and apt would warn of that.
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "--quiet", "download", *packages]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        run(command, cwd=directory, env=environment)
    except ClusterError:
        # A machine whose lists are missing or older than what the archive still has.
        run(["apt-get", "--quiet", "update"], env=environment)
        run(command, cwd=directory, env=environment)


def _copy_libraries(package: Path, root: Path) -> None:
    """The libraries alone, links as links."""
    for folder in (package / LIBRARIES, package / "usr" / LIBRARIES):
        for library in sorted(folder.glob("*.so*")):
            target = root / "usr" / LIBRARIES / library.name
            shutil.copy2(library, target, follow_symlinks=False)
        # pgcrypto's older ciphers are in OpenSSL's legacy module.
        if (folder / "ossl-modules").is_dir():
            shutil.copytree(folder / "ossl-modules", root / "usr" / LIBRARIES / "ossl-modules")


def _copy_postgresql(root: Path) -> None:
    source = postgresql.directory(REPOSITORY)
    postgresql.ensure(REPOSITORY)
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
