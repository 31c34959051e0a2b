"""The userland of the official image, which has no glibc: busybox, bash and zstd built with musl.

As there in what decides how scripts behave: the libc with its words for errors, and the versions
(Debian's busybox is older, and each of them is built with glibc). Out of Debian's sources, as that
is what every machine of this project can reach. The second of the tests' two worlds, and what the
stand-in image has. Static, so that they run anywhere.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from toolchain import archives, files, stamps
from toolchain.errors import SetupError
from toolchain.locking import exclusive
from toolchain.machine import architecture
from toolchain.packages import KEYS, Need, download_sources
from toolchain.stamps import Stamp

NEEDS = (
    Need("musl-tools", "musl-gcc"),
    Need("gcc", "gcc"),
    Need("make", "make"),
    # The C library of what the builds themselves run, and with it the kernel's headers.
    Need("libc6-dev", "/usr/include/linux/fs.h"),
    Need("debian-archive-keyring", KEYS),
)
RELEASE = "trixie"
"""Of Debian, so that these versions stay where they are."""

KERNEL_HEADERS = ("linux", "asm-generic", "mtd")


@dataclass(frozen=True)
class Program:
    """What is built of which source package, and how."""

    name: str
    version: str
    package: str
    sha256: str
    """Of the tar file that its authors released, as Debian keeps it."""
    make: tuple[str, ...]
    """What `make` is told beside the compiler."""
    built: str
    prepare: tuple[str, ...] = ()
    """A command that comes first."""
    settings: tuple[str, ...] = ()
    """Of busybox' configuration, instead of those by default; HEADERS stands for the kernel's."""

    def digest(self) -> str:
        """One hash over everything that decides what the program is."""
        return stamps.digest((self.sha256, *self.prepare, *self.settings, *self.make))


PROGRAMS = (
    Program(
        name="busybox",
        version="1.37.0",
        package="busybox",
        sha256="3311dff32e746499f4df0d5df04d7eb396382d7e108bb9250e7b519b837043a4",
        prepare=("make", "defconfig"),
        # tc asks for what newer kernels' headers no longer have.
        settings=("STATIC=y", "TC=n", 'EXTRA_CFLAGS="-idirafter HEADERS"'),
        make=("busybox",),
        built="busybox",
    ),
    Program(
        name="bash",
        version="5.2.37",
        package="bash",
        sha256="370704c9c859f4060b7df19055e43bb9b5fa09d887699cf6ba87885c5485d36a",
        prepare=(
            "./configure",
            "CC=musl-gcc",
            "CFLAGS=-O1 -std=gnu17 -w",
            "--enable-static-link",
            "--without-bash-malloc",
            "--disable-nls",
            "--disable-readline",
            "--disable-history",
        ),
        make=("bash",),
        built="bash",
    ),
    Program(
        name="zstd",
        version="1.5.7",
        package="libzstd",
        sha256="0c092ef267edce57ba7f3f2645c861f72eaf5e76273c6c3632869423464b90a5",
        make=(
            "--directory=programs",
            "LDFLAGS=-static",
            "HAVE_ZLIB=0",
            "HAVE_LZMA=0",
            "HAVE_LZ4=0",
            "ZSTD_LEGACY_SUPPORT=0",
            "zstd-release",
        ),
        built="programs/zstd",
    ),
)


def directory(root: Path) -> Path:
    """Where the programs are, or will be, side by side."""
    return root / ".tools" / "userland"


def is_built(root: Path) -> bool:
    """Whether all of it is there, of these very sources."""
    return not _outdated(directory(root))


def ensure(root: Path, say: Callable[[str], object] | None = None) -> bool:
    """Builds what is missing or was built from something else; True if it had to.

    A minute on two cores. Each program is put into place when it is whole, its stamp last.
    """
    target = directory(root)
    if not _outdated(target):
        return False
    with exclusive(target / ".lock", say):
        wanted = _outdated(target)
        if wanted:
            # Not below the checkout: with a blank in the directory's name they do not build.
            with tempfile.TemporaryDirectory(prefix="brewget-userland-") as aside:
                _build(wanted, Path(aside), target)
    return bool(wanted)


def _outdated(target: Path) -> list[Program]:
    def is_current(program: Program) -> bool:
        return (target / program.name).is_file() and _stamp(target, program).is_current(
            program.digest()
        )

    return [program for program in PROGRAMS if not is_current(program)]


def _stamp(target: Path, program: Program) -> Stamp:
    return Stamp(target / f".{program.name}.stamp")


def _build(programs: Sequence[Program], aside: Path, target: Path) -> None:
    download_sources([program.package for program in programs], RELEASE, aside)
    headers = aside / "headers"
    _link_kernel_headers(headers)

    def build(program: Program) -> None:
        (archive,) = aside.glob(f"{program.package}_{program.version}*.orig.tar.*")
        archives.check_sum(archive, program.sha256, "The pins are in toolchain/userland.py")
        archives.unpack(archive, aside / program.name)
        (tree,) = (aside / program.name).iterdir()
        log = aside / f"{program.name}.log"
        if program.prepare:
            _run(program.prepare, tree, log)
        if program.settings:
            _configure(tree / ".config", program.settings, headers)
        _run(("make", f"--jobs={os.cpu_count() or 1}", "CC=musl-gcc", *program.make), tree, log)
        stamp = _stamp(target, program)
        stamp.clear()
        with files.replacing(target / program.name) as new:
            new.write_bytes((tree / program.built).read_bytes())
            new.chmod(0o755)
        stamp.set(program.digest())

    # At the same time: much of bash's is one script that uses a single core.
    with ThreadPoolExecutor() as pool:
        list(pool.map(build, programs))


def _link_kernel_headers(headers: Path) -> None:
    """musl's compiler leaves out /usr/include, where glibc's own lie beside them."""
    headers.mkdir()
    system = Path("/usr/include")
    for name in KERNEL_HEADERS:
        (headers / name).symlink_to(system / name)
    (headers / "asm").symlink_to(system / architecture().triplet / "asm")


def _configure(file: Path, settings: Sequence[str], headers: Path) -> None:
    lines = file.read_text().splitlines()
    for setting in settings:
        name = f"CONFIG_{setting.partition('=')[0]}"
        lines = [line for line in lines if line.replace("=", " ").strip("# ").split(" ")[0] != name]
        lines.append(f"CONFIG_{setting}".replace("HEADERS", str(headers)))
    file.write_text("\n".join(lines) + "\n")


def _run(command: Sequence[str], tree: Path, log: Path) -> None:
    """With nothing of ours but the path: a make above has variables that disturb those below."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    with log.open("a") as output:
        done = subprocess.run(
            command,
            cwd=tree,
            # No time of the build in busybox: the same again is the same.
            env={**environment, "KCONFIG_NOTIMESTAMP": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise SetupError(f"`{' '.join(command)}` failed in the sources of {tree.name}:\n{tail}")
