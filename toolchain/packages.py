"""Debian packages: which are missing; installed where nobody has to be asked, or only fetched."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.run import run

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"

# Where programs are although an ordinary user's PATH leaves them out.
PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/sbin"


@dataclass(frozen=True)
class Need:
    """A program or file, and the Debian package that has it."""

    package: str
    path: str


def missing(needs: Sequence[Need]) -> list[str]:
    """The Debian packages to install; empty where all is there."""
    return sorted({need.package for need in needs if not _is_there(need)})


def _is_there(need: Need) -> bool:
    if need.path.startswith("/"):
        return Path(need.path).exists()
    return shutil.which(need.path, path=PATH) is not None


def install_line(names: Sequence[str]) -> str:
    """What is missing and the command that brings it."""
    return f"Debian packages are missing: apt-get install --no-install-recommends {' '.join(names)}"


def can_install() -> bool:
    """Whether packages can be installed without asking anybody."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install(names: Sequence[str], log: Path) -> None:
    """Installs the packages; the output goes to a file, its end into the error."""
    log.parent.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with log.open("w") as output:
        for arguments in (
            ["update", "-q"],
            ["install", "-q", "-y", "--no-install-recommends", *names],
        ):
            done = subprocess.run(
                ["apt-get", *arguments],
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise SetupError(f"apt-get install {' '.join(names)} failed ({log}):\n{tail}")


def download(names: Sequence[str], directory: Path) -> None:
    """Fetches the packages as files; nothing is installed."""
    # As root all the same: apt's own user cannot write here, and apt would warn of that.
    command = ["apt-get", "-o", "APT::Sandbox::User=root", "--quiet", "download", *names]
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        run(command, cwd=directory, env=environment)
    except SetupError:
        # A machine whose lists are missing or older than what the archive still has.
        run(["apt-get", "--quiet", "update"], env=environment)
        run(command, cwd=directory, env=environment)


def download_sources(names: Sequence[str], release: str, directory: Path) -> None:
    """Fetches the tar files that these packages' authors released, as Debian's release has them.

    By the machine's apt from where it has its packages, with lists of our own: it may have no
    sources.
    """
    for name in ("lists/partial", "cache/archives/partial"):
        (directory / name).mkdir(parents=True)
    origins = ("indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian")
    places = [place for place in run(["apt-get", *origins]).split() if "security" not in place]
    if not places:
        raise SetupError("apt has no source of Debian's packages: /etc/apt/sources.list names none")
    source = f"deb-src [signed-by={KEYS}] {places[0]} {release} main\n"
    (directory / "sources.list").write_text(source)
    options = {
        "Dir::Etc::sourcelist": directory / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": directory / "lists",
        "Dir::Cache": directory / "cache",
        # As root all the same: apt's own user cannot write here, and apt would warn of that.
        "APT::Sandbox::User": "root",
    }
    apt = ["apt-get", "--quiet", *[x for k, v in options.items() for x in ("-o", f"{k}={v}")]]
    environment = {**os.environ, "LC_ALL": "C"}
    run([*apt, "update"], env=environment)
    only = ["--download-only", "--tar-only", "--only-source"]
    run([*apt, "source", *only, *names], cwd=directory, env=environment)
