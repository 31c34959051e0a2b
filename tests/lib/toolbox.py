"""The two worlds in which the scripts must work: GNU tools on glibc, and busybox, bash and zstd on musl."""

import shutil
import subprocess
from enum import StrEnum
from pathlib import Path

from tests.lib.sandbox import REPOSITORY, Sandbox
from toolchain import userland


class Tools(StrEnum):
    """Whose `date`, `find`, `mv`, `stat`, … the scripts get."""

    GNU = "gnu"
    BUSYBOX = "busybox"


def path_of(tools: Tools, box: Sandbox, binaries: Path) -> str:
    """Return a PATH with these tools and PostgreSQL's programs, and nothing else in front."""
    if tools is Tools.GNU:
        return f"{binaries}:/usr/bin:/bin"
    return f"{busybox_directory(box)}:{binaries}"


def busybox_directory(box: Sandbox) -> Path:
    """Return a directory with what the official image has: busybox, links for its applets, bash and zstd."""
    made = box.base / "busybox"
    if made.exists():
        return made
    userland.ensure(REPOSITORY)
    shutil.copytree(userland.directory(REPOSITORY), made, ignore=shutil.ignore_patterns(".*"))
    listing = subprocess.run(
        [made / "busybox", "--list"], capture_output=True, text=True, check=True
    )
    for applet in listing.stdout.split():
        (made / applet).symlink_to("busybox")
    made.chmod(0o755)
    return made


def shim(directory: Path, program: str, body: str) -> Path:
    """Write a program that stands before the real one on PATH, to make one fault happen.

    It works as ever when asked for its version: the fault comes later.
    """
    directory.mkdir(exist_ok=True)
    script = directory / program
    version = f'[[ "${{1-}}" != --version ]] || PATH="${{PATH#*:}}" exec {program} --version'
    script.write_text(f"#!/bin/bash\n{version}\n{body}\n")
    script.chmod(0o755)
    directory.chmod(0o755)
    return directory
