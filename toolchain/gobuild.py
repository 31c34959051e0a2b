"""Builds a Go package into a file, only when something that goes into it has changed."""

import os
import re
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from toolchain import files, stamps
from toolchain.errors import SetupError
from toolchain.stamps import Stamp

MODULES = Path(__file__).resolve().parent / "go"
"""What is built for Pulumi and the tests; the node's module is the local cluster's own."""


NO_GO = "there is no `go` on PATH: install Go 1.25 or newer, https://go.dev/doc/install"
FIRST_THAT_FETCHES = (1, 21)


@dataclass(frozen=True)
class Progress:
    """Packages that Go has got to so far; those in its cache are never counted."""

    done: int
    total: int
    package: str


Report = Callable[[Progress], None]


@dataclass(frozen=True)
class Recipe:
    """Which package, seen from which module, and how."""

    module_dir: Path
    package: str
    ldflags: str
    tags: str

    def digest(self) -> str:
        """One hash over everything that decides what the binary is."""
        words = (go_version(), self.package, self.ldflags, self.tags)
        named = ((path.relative_to(self.module_dir).as_posix(), path) for path in self._inputs())
        return stamps.digest(words, named)

    def _inputs(self) -> Iterator[Path]:
        for path in sorted(self.module_dir.rglob("*")):
            is_source = path.suffix == ".go" and not path.name.endswith("_test.go")
            if path.is_file() and (is_source or path.name in ("go.mod", "go.sum")):
                yield path


def build(
    module_dir: Path,
    package: str,
    output: Path,
    *,
    ldflags: str = "",
    tags: str = "",
    report: Report | None = None,
) -> bool:
    """Builds `package` as seen from `module_dir` into `output`; True if it had to.

    Built beside and renamed, the stamp written last: an interrupted build leaves the old binary, or
    none, and is taken up again by the next call (Go's own cache has what was compiled).
    """
    recipe = Recipe(module_dir, package, ldflags, tags)
    wanted = recipe.digest()
    stamp = stamp_of(output)
    if output.is_file() and stamp.is_current(wanted):
        return False
    stamp.clear()
    with files.replacing(output) as aside:
        _compile(recipe, aside, report)
    stamp.set(wanted)
    return True


def stamp_of(output: Path) -> Stamp:
    """What says what a binary was built from."""
    return Stamp(output.with_name(f".{output.name}.stamp"))


@cache
def go_version() -> str:
    """For example `go1.26.1 linux amd64`."""
    try:
        done = subprocess.run(
            ["go", "env", "GOVERSION", "GOOS", "GOARCH"], check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise SetupError(NO_GO) from None
    return " ".join(done.stdout.split())


def problems(modules: Sequence[Path]) -> list[str]:
    """Why Go cannot build what these go.mod name, with what to do; nothing is downloaded."""
    try:
        asked = subprocess.run(
            ["go", "env", "GOVERSION", "GOTOOLCHAIN"],
            check=True,
            cwd="/",  # in a module Go would fetch the version that it asks for, if it may
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return [NO_GO]
    version, toolchain = asked.stdout.split("\n")[:2]
    wanted, module = max((_asked_for(module), module.parent.name) for module in modules)
    has = _numbers(version)
    # Since 1.21 it fetches a newer one itself, where it is left to.
    if has >= wanted or (has >= FIRST_THAT_FETCHES and toolchain.endswith("auto")):
        return []
    return [
        f"{version.replace('go', 'Go ')} is on PATH, and {module}/go.mod asks for "
        f"{'.'.join(map(str, wanted))}: install that or a newer one, https://go.dev/doc/install"
    ]


def _asked_for(module: Path) -> tuple[int, ...]:
    lines = module.read_text().splitlines()
    return _numbers(next(line for line in lines if line.startswith("go ")))


def _numbers(version: str) -> tuple[int, ...]:
    """Of `go1.26.1`, or of a line of go.mod."""
    return tuple(int(number) for number in re.findall(r"[0-9]+", version)[:3])


def environment() -> dict[str, str]:
    """Go's environment: static binaries, versions exactly as in go.mod and go.sum."""
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}


def _compile(recipe: Recipe, output: Path, report: Report | None) -> None:
    """Runs `go build -v`, which names each package on stderr as it gets to it."""
    flags = ["-trimpath", "-tags", recipe.tags, "-ldflags", recipe.ldflags]
    total = _count_packages(recipe) if report else 0
    last_lines: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        ["go", "build", "-v", *flags, "-o", str(output), recipe.package],
        cwd=recipe.module_dir,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        for done, line in enumerate(process.stderr or (), start=1):
            last_lines.append(line)
            if report:
                report(Progress(min(done, total), total, line.strip()))
    if process.returncode != 0:
        raise SetupError(f"go build {recipe.package} failed:\n{''.join(last_lines)}".rstrip())


def _count_packages(recipe: Recipe) -> int:
    listed = subprocess.run(
        ["go", "list", "-deps", "-tags", recipe.tags, recipe.package],
        cwd=recipe.module_dir,
        env=environment(),
        check=False,  # a missing module shows in the build itself, with its own message
        capture_output=True,
        text=True,
    )
    return len(listed.stdout.splitlines())
