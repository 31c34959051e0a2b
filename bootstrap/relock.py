"""`make lock`: each .lock from the .txt of its name, in a new environment.

To be run with the oldest Python that is promised, 3.11 (`make lock PYTHON=…`): pip takes what fits
the one that it runs on.
"""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from toolchain import files

ROOT = Path(__file__).resolve().parent.parent
# In this order: the second is held to the versions of the first.
LOCKED = [
    ROOT / "requirements.txt",
    ROOT / "requirements-dev.txt",
    ROOT / "console" / "requirements.txt",
    ROOT / "tests" / "foreign" / "requirements.txt",
]
# pip-tools reaches into pip's own modules, so the two are a pair.
PIP_TOOLS = "pip-tools>=7.5,<8"
HEADER = """\
# Exact versions and hashes, as the tests ran with; made from {0}.txt by `make lock`.
# Installed with `pip install --no-deps --require-hashes -r {0}.lock`.
"""
COMPILE = [
    *["-m", "piptools", "compile", "--quiet", "--generate-hashes"],
    *["--strip-extras", "--allow-unsafe", "--no-header", "--no-emit-options"],
    *["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"],
]


def main() -> int:
    """All locks; arguments are passed on to pip-tools."""
    # Hashes must be those of the registry's files, and the lock must name no place.
    environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
    with tempfile.TemporaryDirectory() as aside:
        python = Path(aside) / "venv/bin/python"
        venv.create(Path(aside) / "venv", with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", PIP_TOOLS], check=True, env=environment
        )
        for requirements in LOCKED:
            lock(python, requirements, Path(aside) / "lock", environment)
    return 0


def lock(python: Path, requirements: Path, output: Path, environment: dict[str, str]) -> None:
    """Writes one beside and renames it."""
    old = requirements.with_suffix(".lock")
    output.write_bytes(old.read_bytes() if old.exists() else b"")  # versions that still fit stay
    subprocess.run(
        [python, *COMPILE, "--output-file", output, requirements.name, *sys.argv[1:]],
        check=True,
        cwd=requirements.parent,
        env=environment,
    )
    lines = [line for line in output.read_text().splitlines() if line and line[0] != "#"]
    files.write(old, HEADER.format(requirements.stem) + "\n".join(lines) + "\n", mode=0o644)


if __name__ == "__main__":
    sys.exit(main())
