"""`make lint`: every checker over every tracked file, all findings at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from bootstrap import console_venv, scanners
from bootstrap.place import Place
from toolchain.run import run

TYPED = ["toolchain", "localcluster", "bootstrap", "components", "policy"]


_PROCESSORS = os.cpu_count() or 1

IMPORTS = ["lint-imports", "--no-cache", "--no-logo"]
"""Which package may import which: the contracts are in pyproject.toml."""


def lint(place: Place) -> int:
    """Runs all checkers and returns 1 if any of them found something."""
    files = tracked(place)
    scanners.build_actionlint(place.root)
    return _run(place, commands(place, files) + go_commands(place, files))


def check(place: Place) -> int:
    """The same with Python alone: what comes with Go is left to `make lint`."""
    return _run(place, commands(place, tracked(place)))


def _run(place: Place, checkers: list[list[str]]) -> int:
    console_venv.ensure(place.root)
    environment = {
        **os.environ,
        "PATH": f"{place.venv / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }

    def checked(command: list[str]) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            command,
            check=False,
            cwd=place.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    failed = False
    with ThreadPoolExecutor(_PROCESSORS) as pool:
        for command, done in zip(checkers, pool.map(checked, checkers), strict=True):
            shown = f"{' '.join(command[:6])}{' …' if len(command) > 6 else ''}"  # noqa: PLR2004
            sys.stderr.write(f"$ {shown}\n")
            sys.stderr.flush()
            sys.stderr.buffer.write(done.stdout)
            # gofmt -l lists files and exits 0.
            failed |= done.returncode != 0 or (command[0] == "gofmt" and bool(done.stdout))
    return int(failed)


def tracked(place: Place) -> list[str]:
    """The project's files: committed, and new ones that git does not ignore."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = {name for name in run(listing, cwd=place.root).split("\0") if name}
    return sorted(name for name in names if (place.root / name).is_file())


def commands(place: Place, files: list[str]) -> list[list[str]]:
    """Each command that Python's packages bring, to be run in the project's folder."""
    scripts = [name for name in files if is_shell_script(place, name)]
    typed = [name for name in TYPED if (place.root / name / "__init__.py").is_file()]
    found = [
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["mypy", "--strict", *[word for name in typed for word in ("-p", name)]],
        # Its packages are in an environment of their own.
        ["mypy", "--strict", "-p", "console", "--python-executable", _console_python(place)],
        IMPORTS,
    ]
    if scripts:
        # By far the slowest: it reads each library again for every script that sources it.
        parts = [scripts[first::_PROCESSORS] for first in range(_PROCESSORS)]
        found += [["shellcheck", "-x", *part] for part in parts if part]
        found.append(["shfmt", "-d", *scripts])
    return found


def go_commands(place: Place, files: list[str]) -> list[list[str]]:
    """No `go vet`: it analyses every dependency too, and these are all of Kubernetes and Pulumi."""
    go_files = [name for name in files if name.endswith(".go")]
    workflows = [name for name in files if name.startswith(".github/workflows/")]
    return [["gofmt", "-l", *go_files], [str(scanners.actionlint(place.root)), *workflows]]


def _console_python(place: Place) -> str:
    return str(console_venv.python(place.root).relative_to(place.root))


def is_shell_script(place: Place, name: str) -> bool:
    """By its ending, or by its first line."""
    if name.endswith((".sh", ".bash")):
        return True
    with (place.root / name).open("rb") as file:
        first = file.readline(100)
    words = first.removeprefix(b"#!").split()
    return first.startswith(b"#!") and any(word.endswith((b"bash", b"/sh")) for word in words[:2])
