"""`make lock`: each requirements.lock from the requirements.txt beside it.

In an environment of its own.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# pip-tools reaches into pip's own modules, so the two are a pair.
PIP_TOOLS = "pip-tools>=7.5,<8"
PLACES = (ROOT, ROOT / "console")
HEADER = """\
# Exact versions and hashes, as the tests ran with; made from requirements.txt by `make lock`.
# Installed with `pip install --no-deps --require-hashes -r requirements.lock`.
"""


def main() -> int:
    """Writes each lock beside and renames it."""
    # Hashes must be those of the registry's files, and the lock must name no place.
    environment = {k: v for k, v in os.environ.items() if k != "PIP_FIND_LINKS"}
    with tempfile.TemporaryDirectory() as aside:
        python = Path(aside) / "venv/bin/python"
        # Not by `import venv`: run as a script, that would be bootstrap/venv.py.
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True, cwd=aside)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", PIP_TOOLS], check=True, env=environment
        )
        for place in PLACES:
            lock = place / "requirements.lock"
            text = compiled(python, lock, Path(aside) / "lock", environment)
            new = lock.with_suffix(".new")
            new.write_text(HEADER + text)
            new.replace(lock)
    return 0


def compiled(python: Path, lock: Path, output: Path, environment: dict[str, str]) -> str:
    """The lock's lines, without comments of pip-tools' own."""
    output.unlink(missing_ok=True)
    if lock.exists():
        output.write_bytes(lock.read_bytes())  # versions that still fit stay
    compile_lock = [str(python), "-m", "piptools", "compile", "--quiet", "--generate-hashes"]
    compile_lock += ["--strip-extras", "--allow-unsafe", "--no-header", "--no-emit-options"]
    compile_lock += ["--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host"]
    compile_lock += ["--output-file", str(output), "requirements.txt", *sys.argv[1:]]
    subprocess.run(compile_lock, check=True, cwd=lock.parent, env=environment)
    lines = [line for line in output.read_text().splitlines() if line and line[0] != "#"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
