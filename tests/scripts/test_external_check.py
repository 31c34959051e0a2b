"""The check of a server that others run, as its pod runs it: what it refuses, and what it notes."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from components.settings.types import TlsMode
from tests.lib.postgres import SUPERUSER_PASSWORD, Server, free_port, literal
from tests.lib.project import ROOT
from tests.lib.sandbox import Sandbox, run_as
from tests.lib.tls import OTHER_CA, TlsServer
from tests.lib.toolbox import Tools, path_of

PROGRAM = ROOT / "components" / "external"
NOTES = {
    "it may not read the passwords": "may not read the passwords of roles",
    "reads": "it has not pg_read_all_data",
    "rls": "it has not BYPASSRLS",
    "createdb": "it has not CREATEDB",
    "createrole": "it has not CREATEROLE",
}


@dataclass
class Check:
    """The pod's command, on a server, as a role."""

    box: Sandbox
    path: str
    server: Server

    def run(self, role: str = "postgres", **also: str) -> tuple[int, list[str]]:
        """Status, and what the kubelet would keep, by line; the log says the same."""
        folder = self.box.directory("check")
        secret, kept = folder / "password", folder / "termination-log"
        secret.write_text(SUPERUSER_PASSWORD)
        self.box.identity.own(folder)
        client = self.server.client(user=role)
        del client["PGPASSWORD"], client["PGDATABASE"]
        environment = {
            "PATH": self.path,
            "PGPASSWORD_FILE": str(secret),
            "PGSSLMODE": "disable",
            "BACKUP_DATABASES": "",
            "QUESTIONS": (PROGRAM / "check.sql").read_text(),
            "TERMINATION_LOG": str(kept),
            "PAUSE": "0",
        }
        done = run_as(
            self.box.identity,
            ["bash", "-c", (PROGRAM / "check.sh").read_text()],
            environment | client | also,
        )
        said = kept.read_text()
        assert done.stdout.strip("\n") == said.strip("\n"), done.stderr
        return done.returncode, said.splitlines()


@pytest.fixture(
    name="check", params=[pytest.param(Tools.GNU, marks=pytest.mark.long), Tools.BUSYBOX]
)
def _check(request: pytest.FixtureRequest, box: Sandbox, binaries: Path, source: Server) -> Check:
    return Check(box, path_of(request.param, box, binaries), source)


def role(server: Server, words: str = "", *, member: str = "") -> str:
    """Make a role that is no superuser."""
    server.sql(f"create role saver login {words} password {literal(SUPERUSER_PASSWORD)}")
    if member:
        server.sql(f"grant {member} to saver")
    return "saver"


def test_of_a_superuser_there_is_nothing_to_say(check: Check) -> None:
    assert check.run() == (0, [])


def test_a_role_that_may_nothing_is_told_all_of_it(check: Check) -> None:
    status, said = check.run(role(check.server))
    assert status == 0
    assert len(said) == len(NOTES)
    for words in NOTES.values():
        assert [line for line in said if line.startswith("note ") and words in line], words


def test_a_managed_administrator_lacks_one_thing(check: Check) -> None:
    name = role(check.server, "createdb createrole", member="pg_monitor, pg_read_all_data")
    status, said = check.run(name)
    assert (status, len(said)) == (0, 1)
    assert NOTES["rls"] in said[0]


def test_a_database_that_is_not_there_is_refused_by_name(check: Check) -> None:
    check.server.sql('create database "It\'s here"')
    assert check.run(BACKUP_DATABASES="It's here\npostgres") == (0, [])
    status, said = check.run(role(check.server), BACKUP_DATABASES="It's here\nale's")
    assert status == 78
    assert said[0].startswith("refused external.databases has 'ale''s', which the server has not")
    assert said[1].startswith("note "), "what is refused comes first"


def test_where_postgres_is_missing_another_database_is_asked(check: Check) -> None:
    check.server.sql("drop database postgres with (force)", "template1")
    try:
        assert check.run() == (0, [])
    finally:
        check.server.sql("create database postgres", "template1")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PGUSER": "nobody-here"}, 'password authentication failed for user "nobody-here"'),
        ({"PGHOST": "127.0.0.1", "PGSSLMODE": "require"}, "server does not support SSL"),
        ({"PGHOST": "127.0.0.1", "PGPORT": str(free_port())}, "Connection refused"),
    ],
)
def test_who_is_not_let_in_is_told_by_libpq(
    check: Check, changes: dict[str, str], words: str
) -> None:
    status, said = check.run(**changes)
    assert status == 69
    assert words in "\n".join(said)


def test_a_clock_that_differs_is_noted(check: Check) -> None:
    folder = check.box.directory("late")
    (folder / "date").write_text("#!/bin/sh\necho 1000000000\n")
    (folder / "date").chmod(0o755)
    check.box.identity.own(folder)
    check.path = f"{folder}:{check.path}"
    status, said = check.run()
    assert status == 0
    assert said == ["note its clock differs from that of the node by more than five minutes"]


def test_the_certificate_is_looked_at(box: Sandbox, binaries: Path) -> None:
    server = TlsServer(box, binaries, TlsMode.REQUIRED)
    server.start()
    try:
        check = Check(box, path_of(Tools.GNU, box, binaries), server)
        sure = {key: value for key, value in server.verifying().items() if key != "PGPASSWORD"}
        assert check.run(server.superuser, **sure) == (0, [])
        strange = server.mount("strange.crt", OTHER_CA["certificate"])
        status, said = check.run(server.superuser, **sure | {"PGSSLROOTCERT": str(strange)})
        assert status == 69
        assert "certificate verify failed" in said[-1]
        status, said = check.run(
            server.superuser, **{key: value for key, value in sure.items() if key != "PGHOST"},
            PGHOST="another.example",
        )  # fmt: skip
        assert status == 69
        assert 'does not match host name "another.example"' in "\n".join(said)
    finally:
        server.remove()
