"""Object lists of databases, saved and compared by the scripts' own library."""

import json
from pathlib import Path

from tests.lib.postgres import Server, quoted
from tests.lib.sandbox import Sandbox, run_as
from tests.lib.scripts import Done, Scripts, scripts_directory
from tests.lib.toolbox import Tools, path_of

QUIET = "set client_min_messages = error; set allow_system_table_mods = on;\n"


class Lists:
    """Saves and compares the object lists of one server's databases."""

    def __init__(self, box: Sandbox, server: Server, tools: Tools = Tools.GNU) -> None:
        """Use the server's own programs."""
        path = path_of(tools, box, server.binaries)
        self.box, self.server = box, server
        self.scripts = Scripts(box, scripts_directory(box), path, box.base, server)

    def call(self, text: str, *arguments: str) -> Done:
        """Run bash lines with the library."""
        library = 'source "$SCRIPTS/lib/objects.bash"\npsql_prepare\n'
        return self.scripts.functions("verify", library + text, *arguments)

    def save(self, database: str) -> Path:
        """Write a database's list to a file."""
        file = self.box.directory("list") / "objects"
        self.call('objects_sql | psql_run "$1" -f - >"$2"', database, str(file)).expect(0)
        return file

    def differences(self, saved: Path, database: str) -> list[list[str]]:
        """Return the lines of objects_compare: how, kind, identity, what."""
        done = self.call('objects_compare "$1" "$2"', str(saved), database).expect(0)
        lines = [line.split("\t") for line in done.stdout.splitlines()]
        return [[x[0], x[3], json.loads(x[4]), x[5]] for x in lines]


def dump(server: Server, database: str, box: Sandbox) -> Path:
    """Return an archive of a database, as a set holds it."""
    file = box.directory("dump") / "archive"
    words = [server.binaries / "pg_dump", "-Fc", "-f", file, database]
    done = run_as(server.identity, words, {**server.environment(), **server.client()})
    assert done.returncode == 0, done.stderr
    return file


def restore(server: Server, archive: Path, database: str) -> None:
    """Load an archive into a new database."""
    server.sql(f"create database {quoted(database)} template template0")
    words = [server.binaries / "pg_restore", "-e", "-d", database, archive]
    done = run_as(server.identity, words, {**server.environment(), **server.client()})
    assert done.returncode == 0, done.stderr


def round_trip(lists: Lists, schema: str) -> list[list[str]]:
    """Return what differs once a schema was dumped and restored."""
    server = lists.server
    server.sql("create database made template template0")
    server.sql(QUIET + schema, "made")
    restore(server, dump(server, "made", lists.box), "again")
    return lists.differences(lists.save("made"), "again")
