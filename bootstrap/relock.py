"""`make lock`: requirements.lock from requirements.txt, in an environment of its own."""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# pip-tools reaches into pip's own modules, so the two are a pair.
PIP_TOOLS = "pip-tools>=7.5,<8"
HEADER = """\
# Exact versions and hashes, as the tests ran with; made from requirements.txt by `make lock`.
# Installed with `pip install --no-deps --require-hashes -r requirements.lock`.
"""


def main() -> int:
    """Writes the lock beside and renames it."""
    lock = ROOT / "requirements.lock"
    # Hashes must be those of the registry's files, and the lock must name no place.
    environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
    with tempfile.TemporaryDirectory() as aside:
        python = Path(aside) / "venv/bin/python"
        output = Path(aside) / "lock"
        if lock.exists():
            output.write_bytes(lock.read_bytes())  # versions that still fit stay
        venv.create(Path(aside) / "venv", with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", PIP_TOOLS], check=True, env=environment
        )
        compile_lock: list[str | Path] = [
            python,
            "-m",
            "piptools",
            "compile",
            "--quiet",
            "--generate-hashes",
        ]
        compile_lock += ["--strip-extras", "--allow-unsafe", "--no-header", "--no-emit-options"]
        compile_lock += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
        subprocess.run(
            [*compile_lock, "--output-file", output, "requirements.txt", *sys.argv[1:]],
            check=True,
            cwd=ROOT,
            env=environment,
        )
        lines = [line for line in output.read_text().splitlines() if line and line[0] != "#"]
        new = lock.with_suffix(".new")
        new.write_text(HEADER + "\n".join(lines) + "\n")
        new.replace(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main())
