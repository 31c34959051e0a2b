"""PostgreSQL's own regression tests, out of Debian's source package: schemas that nobody here wrote."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY, Sandbox
from toolchain.archives import unpack
from toolchain.locking import exclusive
from toolchain.packages import download_sources

PACKAGE, RELEASE = "postgresql-15", "bookworm"
"""Of a Debian release, so that it stays where it is. None of them has 16; what 15 tests, 16 has too."""

DIRECTORY = REPOSITORY / ".tools" / "postgresql" / f"{PACKAGE}-tests"
WANTED = re.compile(
    r"[^/]+/(src/test/regress/(parallel_schedule|(sql|data)/.*)|contrib/\w+/(Makefile|(sql|data)/.*))"
)

LIKE_PG_REGRESS = {
    "PGTZ": "America/Los_Angeles",
    "PGDATESTYLE": "Postgres, MDY",
    "PGOPTIONS": "-c intervalstyle=postgres_verbose",
}
SERVER_OPTIONS = ["-c", "allow_in_place_tablespaces=on", "-c", "max_prepared_transactions=2"]
LONGEST = 120.0
"""For one file, in seconds."""


def fetched() -> Path:
    """Return the directory with the sources' `src` and `contrib`, fetched once."""
    with exclusive(DIRECTORY.with_name(".tests.lock")):
        if not DIRECTORY.is_dir():
            with tempfile.TemporaryDirectory(dir=DIRECTORY.parent, prefix=".new-") as aside:
                _fetch(Path(aside))
                (tree,) = (Path(aside) / "tree").iterdir()
                tree.replace(DIRECTORY)
    return DIRECTORY


def _fetch(aside: Path) -> None:
    download_sources([PACKAGE], RELEASE, aside)
    (archive,) = aside.glob("*.orig.tar.*")
    unpack(archive, aside / "tree", WANTED.fullmatch)


class Regression:
    """The tests of one source tree, run in a server's databases for what they leave there."""

    def __init__(self, box: Sandbox, server: Server) -> None:
        """Copy the sources to where the server's user can read them."""
        self.server = server
        self.sources = box.base / "sources"
        shutil.copytree(fetched(), self.sources)
        self.output = box.directory("output")
        (self.output / "results").mkdir()
        server.identity.own(self.output)

    def core(self, database: str) -> dict[str, str]:
        """Run those of the server, one after the other; return what each of them said."""
        folder = self.sources / "src/test/regress"
        schedule = (folder / "parallel_schedule").read_text()
        names = " ".join(re.findall(r"^test:(.*)", schedule, re.MULTILINE)).split()
        return {name: self._run(folder, name, database) for name in names}

    def contrib(self, module: str, database: str) -> None:
        """Run those of one extension; to fail they would have to say nothing at all of it."""
        folder = self.sources / "contrib" / module
        made = (folder / "Makefile").read_text().replace("\\\n", " ")
        (names,) = re.findall(r"^REGRESS = (.*)", made, re.MULTILINE)
        for name in names.split():
            self._run(folder, name, database)

    def _run(self, folder: Path, name: str, database: str) -> str:
        """Errors are part of the tests; a psql that could not do its work is none."""
        places = {
            "PG_ABS_SRCDIR": folder,
            "PG_ABS_BUILDDIR": self.output,
            "PG_LIBDIR": self.output,
            "PG_DLSUFFIX": ".so",
        }
        done = subprocess.run(
            [
                self.server.binaries / "psql",
                "-Xq",
                "-d",
                database,
                "-f",
                folder / "sql" / f"{name}.sql",
            ],
            env={
                **self.server.environment(),
                **self.server.client(),
                **LIKE_PG_REGRESS,
                **{k: str(v) for k, v in places.items()},
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
            timeout=LONGEST,
            cwd=folder,
            **self.server.identity.options(),
        )
        assert done.returncode == 0, f"{name}: {done.returncode}: {done.stderr}"
        return done.stderr
