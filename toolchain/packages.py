"""Debian packages: which are missing; installed where nobody has to be asked, or only fetched."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from toolchain.errors import SetupError
from toolchain.run import run

KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
NO_ORIGIN = (
    "apt has no source of Debian's packages, which the local cluster's image is made of: add one "
    "to /etc/apt/sources.list.d, signed by the keys of the package debian-archive-keyring"
)
_ENVIRONMENT = {**os.environ, "LC_ALL": "C"}

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


def reasons(needs: Sequence[Need]) -> str:
    """The packages to install, each with what is wanted of it."""
    lacking: dict[str, list[str]] = {}
    for need in needs:
        if not _is_there(need):
            lacking.setdefault(need.package, []).append(need.path)
    return ", ".join(f"{name} ({', '.join(paths)})" for name, paths in sorted(lacking.items()))


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


def has_origin() -> bool:
    """Whether apt here knows where Debian's own packages are, as those of Ubuntu are others."""
    return bool(_origins())


def origin() -> str:
    """From where the machine's apt has Debian's packages."""
    if not (places := _origins()):
        raise SetupError(NO_ORIGIN)
    return places[0]


def download_all(names: Sequence[str], directory: Path, lists: Sequence[str] = ()) -> None:
    """Fetches the packages and all that they depend on, as files; nothing is installed.

    apt finds the names: what a release calls otherwise provides the former one (libssl3 is
    libssl3t64 in Debian 13), and what a library needs there comes with it.
    """
    archives = directory / "archives"
    (archives / "partial").mkdir(parents=True)
    apt = [*_apt_that_has_nothing(directory, lists), "--download-only", "install", *names]
    try:
        run(apt, env=_ENVIRONMENT)
    except SetupError:
        if lists:
            raise
        # A machine whose lists are missing or older than what the archive still has.
        run(["apt-get", "--quiet", "update"], env=_ENVIRONMENT)
        run(apt, env=_ENVIRONMENT)
    for file in archives.glob("*.deb"):
        file.rename(directory / file.name)
    shutil.rmtree(archives)


def download(names: Sequence[str], directory: Path, lists: Sequence[str] = ()) -> None:
    """Fetches these packages alone, as files, without what they depend on."""
    run([*_apt_get(), *lists, "download", *names], cwd=directory, env=_ENVIRONMENT)


def resolve(names: Sequence[str], directory: Path, lists: Sequence[str] = ()) -> list[str]:
    """The names of what `download_all` would fetch."""
    apt = [*_apt_that_has_nothing(directory, lists), "--print-uris", "install", *names]
    # One a line: 'address' file size checksum.
    files = [line.split()[1] for line in run(apt, env=_ENVIRONMENT).splitlines()]
    return sorted(file.partition("_")[0] for file in files)


def _apt_that_has_nothing(directory: Path, lists: Sequence[str]) -> list[str]:
    """So that it fetches what this machine has installed as well."""
    status = directory / "status"
    status.touch()
    options = {
        "Dir::State::status": status,
        "Dir::Cache::archives": directory / "archives",
        # The machine's own is for what is installed there.
        "Dir::Cache::pkgcache": "",
        "Debug::NoLocking": "true",
    }
    return [*_apt_get(options), "-qq", "--yes", "--no-install-recommends", *lists]


def download_sources(names: Sequence[str], release: str, directory: Path) -> None:
    """Fetches the tar files that these packages' authors released, as Debian's release has them."""
    lists = lists_of(release, directory, "deb-src")
    only = ["--download-only", "--tar-only", "--only-source"]
    run([*_apt_get(), *lists, "source", *only, *names], cwd=directory, env=_ENVIRONMENT)


def lists_of(release: str, directory: Path, kind: str = "deb") -> list[str]:
    """The options by which apt sees a release of Debian instead of this machine's.

    By the machine's apt from where it has its packages, with lists of our own: it may have no
    sources, and none of that release.
    """
    for name in ("lists/partial", "cache/archives/partial"):
        (directory / name).mkdir(parents=True)
    source = f"{kind} [signed-by={KEYS}] {origin()} {release} main\n"
    (directory / "sources.list").write_text(source)
    options = _options(
        {
            "Dir::Etc::sourcelist": directory / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::State::lists": directory / "lists",
            "Dir::Cache": directory / "cache",
        }
    )
    run([*_apt_get(), *options, "update"], env=_ENVIRONMENT)
    return options


def _origins() -> list[str]:
    origins = ("indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian")
    return [place for place in run(["apt-get", *origins]).split() if "security" not in place]


def _apt_get(options: Mapping[str, object] = MappingProxyType({})) -> list[str]:
    # As root all the same: apt's own user cannot write where we download, and apt would warn.
    return ["apt-get", "--quiet", *_options({"APT::Sandbox::User": "root", **options})]


def _options(options: Mapping[str, object]) -> list[str]:
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
