"""Builds a Go package into a file, only when something that goes into it has changed."""

import hashlib
import os
import subprocess
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path


class BuildError(Exception):
    """The Go tool could not build a package; the text holds its last lines."""


@dataclass(frozen=True)
class Progress:
    """Packages compiled so far; those that Go has in its cache are never counted."""

    done: int
    total: int
    package: str


type_of_report = Callable[[Progress], None]


def build(
    module_dir: Path,
    package: str,
    output: Path,
    *,
    ldflags: str = "",
    tags: str = "",
    report: type_of_report | None = None,
) -> bool:
    """Builds `package` as seen from `module_dir` into `output`; True if it had to.

    Built beside and renamed, the stamp written last: an interrupted build leaves the old binary, or
    none, and is taken up again by the next call (Go's own cache has what was compiled).
    """
    stamp = output.with_name(f".{output.name}.stamp")
    wanted = _digest(module_dir, package, ldflags, tags)
    if is_current(output, stamp, wanted):
        return False
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".{output.name}.{os.getpid()}.new")
    try:
        _compile(module_dir, package, aside, ldflags, tags, report)
        aside.replace(output)
        stamp.write_text(wanted + "\n")
    finally:
        aside.unlink(missing_ok=True)
    return True


def is_current(output: Path, stamp: Path, wanted: str) -> bool:
    """Whether the binary there is the one that these inputs make."""
    return output.is_file() and stamp.is_file() and stamp.read_text().strip() == wanted


def _digest(module_dir: Path, package: str, ldflags: str, tags: str) -> str:
    """One hash over everything that decides what the binary is."""
    hashed = hashlib.sha256()
    for part in (go_version(), package, ldflags, tags):
        hashed.update(part.encode() + b"\0")
    for path in _inputs(module_dir):
        hashed.update(path.relative_to(module_dir).as_posix().encode() + b"\0")
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


def _inputs(module_dir: Path) -> Iterator[Path]:
    for path in sorted(module_dir.rglob("*")):
        is_source = path.suffix == ".go" and not path.name.endswith("_test.go")
        if path.is_file() and (is_source or path.name in ("go.mod", "go.sum")):
            yield path


def go_version() -> str:
    """For example `go1.26.1 linux/amd64`."""
    try:
        done = subprocess.run(
            ["go", "env", "GOVERSION", "GOOS", "GOARCH"],
            check=True,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        raise BuildError(
            "there is no `go` on PATH, and tools have to be built with it: "
            "install Go 1.25 or newer (https://go.dev/doc/install), then run this again"
        ) from None
    return " ".join(done.stdout.split())


def _compile(
    module_dir: Path,
    package: str,
    output: Path,
    ldflags: str,
    tags: str,
    report: type_of_report | None,
) -> None:
    """Runs `go build -v`, which names each package on stderr as it gets to it."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    flags = ["-trimpath", "-tags", tags, "-ldflags", ldflags]
    total = _count_packages(module_dir, package, tags, environment) if report else 0
    last_lines: deque[str] = deque(maxlen=20)
    with subprocess.Popen(
        ["go", "build", "-v", *flags, "-o", str(output), package],
        cwd=module_dir,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None  # noqa: S101 - for the type checker: it is a pipe
        for done, line in enumerate(process.stderr, start=1):
            last_lines.append(line)
            if report:
                report(Progress(min(done, total), total, line.strip()))
    if process.returncode != 0:
        raise BuildError(f"go build {package} failed:\n{''.join(last_lines)}".rstrip())


def _count_packages(module_dir: Path, package: str, tags: str, environment: dict[str, str]) -> int:
    listed = subprocess.run(
        ["go", "list", "-deps", "-tags", tags, package],
        cwd=module_dir,
        env=environment,
        check=False,  # a missing module shows in the build itself, with its own message
        capture_output=True,
        text=True,
    )
    return len(listed.stdout.splitlines())
