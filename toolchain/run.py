"""Runs another program whose output is wanted, not shown."""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from toolchain.errors import SetupError


def run(
    command: Sequence[str | Path],
    *,
    stdin: BinaryIO | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """The program's output; its failure is an error that quotes what it said."""
    done = ask(command, stdin=stdin, env=env, cwd=cwd)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        words = " ".join(str(word) for word in command)
        raise SetupError(f"`{words}` ended with {done.returncode}: {said or 'it said nothing'}")
    return done.stdout


def ask(
    command: Sequence[str | Path],
    *,
    stdin: BinaryIO | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> "subprocess.CompletedProcess[str]":
    """The same where a failure is an answer too."""
    return subprocess.run(
        [str(word) for word in command],
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=env,
        cwd=cwd,
        encoding="utf-8",
        errors="replace",
    )
