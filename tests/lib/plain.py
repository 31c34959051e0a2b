"""What PostgreSQL's own programs bring back of a database: the measure that none of ours had a hand in."""

import re

from tests.lib.postgres import Server, quoted
from tests.lib.sandbox import run_as

LONGEST = 120.0


def dumped(server: Server, database: str) -> str:
    """Return the text of a database, with its rows."""
    words = [server.binaries / "pg_dump", "--no-sync", database]
    done = run_as(
        server.identity, words, {**server.environment(), **server.client()}, timeout=LONGEST
    )
    assert done.returncode == 0, done.stderr
    # The key is new in each dump.
    text = re.sub(r"^\\(un)?restrict .*\n", "", done.stdout, flags=re.MULTILINE)
    return re.sub(r"(^ALTER DEFAULT PRIVILEGES .*\n)+", _in_order, text, flags=re.MULTILINE)


def _in_order(lines: re.Match[str]) -> str:
    """Sort them: PostgreSQL has them by the roles' numbers, which are each server's own."""
    return "".join(sorted(lines[0].splitlines(keepends=True)))


def brought_back(server: Server, database: str) -> str:
    """Return the text of a database that was dumped and loaded once, by pg_dump and psql, as far as they come.

    Not all that pg_dump writes is written so again: a child's columns, say, are in another order.
    """
    copy = f"{database} by psql"
    server.sql(f"create database {quoted(copy)} template template0")
    words = [server.binaries / "psql", "-Xqf", "-", copy]
    text = dumped(server, database)
    run_as(
        server.identity,
        words,
        {**server.environment(), **server.client()},
        text=text,
        timeout=LONGEST,
    )
    text = dumped(server, copy)
    server.sql(f"drop database {quoted(copy)}")
    return text
