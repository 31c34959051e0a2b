"""Debian packages, installed where that needs nobody's leave."""

import os
import subprocess
from pathlib import Path

from bootstrap.errors import BootstrapError


def install(names: list[str], log: Path) -> None:
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
        raise BootstrapError(f"apt-get install {' '.join(names)} failed ({log}):\n{tail}")
