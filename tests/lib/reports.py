"""Schemas that people reported (tests/reports): each a file with its story and with what is right for it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY, run_as

FOLDER = REPOSITORY / "tests" / "reports"
APP = "app"
"""The database, and the role that owns it, that each of them is made in."""


class Right(StrEnum):
    """What a set of such a schema is to come to."""

    WHOLE = "whole"
    LEFT_OUT = "left out"
    """All rows are there; what the server refuses is named, with its sentence."""
    DIFFERS = "differs"
    """All rows are there; what came back otherwise, and nobody refused, is named."""
    NOT_HERE = "not here"
    """Rows do not come back here: the set stays as it is, and says why."""


@dataclass(frozen=True)
class Report:
    """One file; its head has lines `-- key: value`."""

    path: Path

    @property
    def text(self) -> str:
        """Return the SQL that makes it, run as superuser."""
        return self.path.read_text()

    def head(self, key: str) -> list[str]:
        """Return the values of a key."""
        start = f"-- {key}: "
        return [x.removeprefix(start) for x in self.text.splitlines() if x.startswith(start)]

    @property
    def right(self) -> Right:
        """Return what is right for it."""
        (found,) = self.head("right")
        return Right(found)

    @property
    def named(self) -> list[tuple[str, str]]:
        """Return what is left out: a part of its name, and of the server's sentence."""
        pairs = [x.partition(": ") for x in self.head("left out")]
        return [(name, why) for name, _, why in pairs]


def reports() -> list[Report]:
    """Return all that are of the version which the project runs."""
    return [Report(x) for x in sorted(FOLDER.glob("*/*.sql")) if x.parent.name != "versions"]


def plain_restore(source: Server, target: Server) -> str:
    """What pg_restore says by itself of this database, in an archive as pg_dump makes it."""
    archive = source.box.directory("plain") / "dump"
    at_source = {**source.environment(), **source.client()}
    words: list[str | Path] = [source.binaries / "pg_dump", "-Fc", f"--file={archive}", APP]
    run_as(source.identity, words, at_source).check_returncode()
    roles = run_as(source.identity, [source.binaries / "pg_dumpall", "--roles-only"], at_source)
    target.sql("\n".join(x for x in roles.stdout.splitlines() if " postgres" not in x))
    target.sql(f"create database {APP} owner {APP}")
    words = [target.binaries / "pg_restore", f"--dbname={APP}", archive]
    return run_as(target.identity, words, {**target.environment(), **target.client()}).stderr


# Columns of reg* types are numbers of a server: what they print may differ where they name nothing.
CENSUS = r"""
select format('select %L, count(*), md5(coalesce(string_agg(x::text, chr(10) order by x::text collate "C"), ''''))'
    ' from (select %s from only %s) x', c.oid::regclass,
    coalesce((select string_agg(quote_ident(attname), ', ' order by attname) from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and not atttypid::regtype::text ~ '^reg'), 'null'),
    c.oid::regclass)
from pg_class c where relkind = any(:'kinds') and relispopulated and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
order by c.oid::regclass::text collate "C" \gexec
"""


def census(server: Server, kinds: str) -> str:
    """The rows of all tables (kind r), of materialized views too (m) where that is asked."""
    return server.sql(f"set search_path = ''; \\set kinds '{{{','.join(kinds)}}}'\n{CENSUS}", APP)
