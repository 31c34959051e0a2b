"""The virtual environment with the locked requirements. Runs first: standard library only."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST_PYTHON = (3, 11)


class VenvError(Exception):
    """The environment could not be made; the text says what to do."""


def ensure(root: Path) -> bool:
    """Makes `.venv` match requirements.lock; True if something had to be installed.

    The stamp is written last, so an interrupted installation is begun afresh.
    """
    venv = root / ".venv"
    stamp = venv / ".lock-installed"
    wanted = digest(root / "requirements.lock")
    if stamp.is_file() and stamp.read_text() == wanted and (venv / "bin/python").exists():
        return False
    if sys.version_info < OLDEST_PYTHON:
        raise VenvError(f"Python {sys.version.split()[0]} is too old: install 3.11 or newer")
    stamp.unlink(missing_ok=True)
    _create(venv)
    _install(root, venv)
    stamp.write_text(wanted)
    return True


def digest(lock: Path) -> str:
    """What the environment depends on: the lock's bytes and the Python that made it."""
    return hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()


def _create(venv: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(venv)], capture_output=True, text=True
    )
    if made.returncode != 0:
        shutil.rmtree(venv, ignore_errors=True)
        raise VenvError(
            "Python cannot make a virtual environment. On Debian: apt-get install python3-venv\n"
            + (made.stdout + made.stderr).strip()
        )


def _install(root: Path, venv: Path) -> None:
    # Hashes in the lock are those of the registry's files, so a local folder of wheels built
    # elsewhere (PIP_FIND_LINKS) could only make the installation fail.
    environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
    pip = [str(venv / "bin/python"), "-m", "pip", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "install", "--quiet", "--require-hashes", "-r", "requirements.lock"],
        cwd=root,
        env=environment,
        stdout=sys.stderr,
    )
    if done.returncode != 0:
        raise VenvError("pip could not install requirements.lock (its own message is above)")


if __name__ == "__main__":
    try:
        ensure(Path(__file__).resolve().parent.parent)
    except (VenvError, OSError) as error:
        sys.exit(f"error: {error}")
