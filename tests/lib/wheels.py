"""PostgreSQL's programs in any version that the tests need."""

from pathlib import Path

from tests.lib.sandbox import REPOSITORY, Sandbox
from toolchain import postgresql as project
from toolchain.locking import exclusive


def postgresql(version: str) -> Path:
    """Return the directory with the programs of this version, fetched once."""
    # The workers of one run ask at the same time.
    with exclusive(REPOSITORY / ".tools" / ".postgresql.lock"):
        project.ensure(REPOSITORY, version)
    return project.directory(REPOSITORY, version) / "bin"


def programs_of(box: Sandbox, version: str) -> Path:
    """Return the same where the sandbox's user can read them."""
    return box.readable(postgresql(version).parent, "bin/postgres") / "bin"
