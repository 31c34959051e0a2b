"""The data that must survive: two databases as an application fills and reads them.

`brewget_auth` holds Django's own auth schema with a user who can log in, `brewget_settings`
200,000 rows of settings with a sequence, an index, a view and a large object.
"""

import os
import subprocess
import sys
from dataclasses import dataclass

import psycopg
from psycopg import sql

from tests.lib.project import ROOT

USER, PASSWORD = "brewer", "ale & 'stout' %s ü"
SETTINGS_ROWS = 200_000

Fingerprint = dict[str, tuple[int, str]]
"""`schema.table` -> number of rows, md5 over all rows in order."""


@dataclass(frozen=True)
class Login:
    """Where a database is and as whom to enter it."""

    host: str
    port: int
    database: str
    user: str
    password: str

    def connect(self) -> psycopg.Connection:
        """Open a session of this login."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=self.database,
            user=self.user,
            password=self.password,
            # By `kubectl port-forward`, which would end with the first TLS session.
            sslmode="disable",
            connect_timeout=10,
            autocommit=True,
        )


def fill(auth: Login, settings: Login) -> None:
    """Create the application's schemas and data, as their owners."""
    _webapp(auth, "migrate")
    _webapp(auth, "create-user", USER)
    with settings.connect() as session:
        session.execute(
            """
            CREATE TABLE setting (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                brewer text NOT NULL, key text NOT NULL, value jsonb, changed timestamptz,
                UNIQUE (brewer, key));
            CREATE VIEW recent AS SELECT * FROM setting ORDER BY changed DESC LIMIT 10;
            CREATE TABLE label (file oid);
            """
        )
        with session.cursor().copy("COPY setting (brewer, key, value, changed) FROM STDIN") as copy:
            for i in range(SETTINGS_ROWS):
                copy.write_row(
                    (
                        f"brewer-{i % 977}",
                        f"key-{i}",
                        f'{{"hops": {i}, "name": "Märzen"}}',
                        "2026-11-22",
                    )
                )
        session.execute("INSERT INTO label SELECT lo_from_bytea(0, 'a label')")


def add_setting(settings: Login, brewer: str) -> None:
    """One more row, so that two sets differ."""
    with settings.connect() as session:
        session.execute("INSERT INTO setting (brewer, key) VALUES (%s, 'later')", (brewer,))


def fingerprint(login: Login) -> Fingerprint:
    """Rows and content of every user table, by another way than the scripts' own hashes."""
    with login.connect() as session:
        session.execute("SET timezone = 'UTC'")
        tables = session.execute(
            "SELECT schemaname, tablename FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"
        ).fetchall()
        found: Fingerprint = {}
        for schema, table in tables:
            row = session.execute(
                sql.SQL(
                    "SELECT count(*), coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '')"
                    " FROM {} t"
                ).format(sql.Identifier(schema, table))
            ).fetchone()
            assert row is not None
            found[f"{schema}.{table}"] = row
        return found


def can_log_in(auth: Login) -> bool:
    """Whether the application accepts its user's password."""
    return _webapp(auth, "login", USER, check=False) == 0


def _webapp(login: Login, *arguments: str, check: bool = True) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "tests.lib.webapp", *arguments],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PGHOST": login.host,
            "PGPORT": str(login.port),
            "PGDATABASE": login.database,
            "PGUSER": login.user,
            "PGPASSWORD": login.password,
            "PGSSLMODE": "disable",
            "WEBAPP_PASSWORD": PASSWORD,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if check and done.returncode:
        raise AssertionError(f"webapp {arguments}: {done.stdout}{done.stderr}")
    return done.returncode
