"""Packages of PyPI that a user of the machine would download, fetched beforehand."""

import shutil
import sys

from localcluster import console_image
from tests.lib.project import ROOT
from tests.minikube.bed.programs import HOME
from toolchain import files, stamps
from toolchain.run import run
from toolchain.stamps import Stamp

WHEELS = HOME / "wheels"
"""Of requirements-dev.lock."""
CONSOLE = HOME / "console-wheels"
"""Of the console's image, for its own Python."""

PYTHON = "python3.11"
"""Debian 12's."""

_OURS = ROOT / "requirements-dev.lock"
_CONSOLES = ROOT / "console/requirements.lock"


def ensure() -> None:
    """Fetches them where a lock has changed."""
    wanted = stamps.digest([sys.version], [(lock.name, lock) for lock in (_OURS, _CONSOLES)])
    stamp = Stamp(HOME / ".wheels.stamp")
    if stamp.is_current(wanted):
        return
    stamp.clear()
    for folder in (WHEELS, CONSOLE):
        if folder.exists():
            shutil.rmtree(folder)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    with files.replacing(WHEELS) as aside:
        run([*pip, "--no-deps", "--require-hashes", "-r", _OURS, "--dest", aside])
    with files.replacing(CONSOLE) as aside:
        aside.mkdir()
        console_image.download(_CONSOLES, PYTHON, aside)
    stamp.set(wanted)
