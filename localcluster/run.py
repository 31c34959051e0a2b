"""Runs the programs of the machine that a cluster is put together with."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from localcluster.errors import ClusterError


def run(
    command: Sequence[str | Path],
    *,
    stdin: BinaryIO | None = None,
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> str:
    """The program's output; its failure is an error that quotes what it said."""
    done = subprocess.run(
        [str(word) for word in command],
        stdin=stdin or subprocess.DEVNULL,
        capture_output=True,
        check=False,
        env=env,
        cwd=cwd,
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        words = " ".join(str(word) for word in command)
        raise ClusterError(f"`{words}` ended with {done.returncode}: {said or 'it said nothing'}")
    return done.stdout.decode(errors="replace")
