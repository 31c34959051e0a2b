"""The console's own Python environment: what its image will have, and nothing of make's.

Tests start the console with it, and mypy reads its packages' types from it. In the project's own
environment each `make up` would install them, whether the console is wanted or not.
"""

from pathlib import Path

from bootstrap import venv
from toolchain.locking import exclusive


def directory(root: Path) -> Path:
    """Where it is, or will be."""
    return root / ".tools" / "console"


def python(root: Path) -> Path:
    """Its interpreter."""
    return directory(root) / "bin" / "python"


def ensure(root: Path) -> bool:
    """Makes it match console/requirements.lock; True if something had to be installed."""
    with exclusive(root / ".tools" / ".console.lock"):
        lock = root / "console" / "requirements.lock"
        return venv.install(directory(root), lock, "Console's Python environment")
