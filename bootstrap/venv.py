"""Virtual environments with locked requirements. Runs first: standard library only."""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from toolchain.errors import SetupError
from toolchain.stamps import Stamp


def ensure(root: Path) -> bool:
    """Makes `.venv` match requirements-dev.lock; True if something had to be installed."""
    return install(root / ".venv", root / "requirements-dev.lock", "Python environment")


def install(venv: Path, lock: Path, title: str) -> bool:
    """Makes an environment match its lock.

    The stamp is written last, so an interrupted installation is begun afresh. An environment that
    was moved is, too: its programs begin with the path that it had.
    """
    venv = venv.resolve()
    stamp = Stamp(venv / ".lock-installed")
    wanted = digest(lock, venv)
    if stamp.is_current(wanted) and (venv / "bin/python").exists():
        return False
    began = time.monotonic()
    stamp.clear()
    _create(venv)
    _install(lock, venv, title)
    stamp.set(wanted)
    show(f"✓ {title}  installed · {time.monotonic() - began:.1f} s\n")
    return True


def digest(lock: Path, venv: Path) -> str:
    """What the environment depends on: the lock's bytes, the Python that made it, and its place."""
    return hashlib.sha256(lock.read_bytes() + f"{sys.version}{venv}".encode()).hexdigest()


def _create(venv: Path) -> None:
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(venv)],
        check=False,
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        shutil.rmtree(venv, ignore_errors=True)
        raise SetupError(
            "Python cannot make a virtual environment. On Debian: apt-get install python3-venv\n"
            + (made.stdout + made.stderr).strip()
        )


def _install(lock: Path, venv: Path, title: str) -> None:
    # Hashes in the lock are those of the registry's files, so a local folder of wheels built
    # elsewhere (PIP_FIND_LINKS) could only make the installation fail.
    environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
    command = [str(venv / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install"]
    total = sum("==" in line for line in lock.read_text().splitlines())
    last_lines: deque[str] = deque(maxlen=20)
    done = 0
    with subprocess.Popen(
        [*command, "--progress-bar=off", "--no-deps", "--require-hashes", "-r", str(lock)],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            last_lines.append(line)
            if line.startswith("Collecting "):
                done += 1
                show(f"\r  {title}: package {done} of {total}", live=True)
    show("\r\x1b[K", live=True)
    if process.returncode != 0:
        raise SetupError(f"pip could not install {lock.name}:\n{''.join(last_lines)}".rstrip())


def show(text: str, *, live: bool = False) -> None:
    """Progress goes to stderr; what is overwritten again only to a terminal."""
    if not live or sys.stderr.isatty():
        sys.stderr.write(text)
        sys.stderr.flush()
