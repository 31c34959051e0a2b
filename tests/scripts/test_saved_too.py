"""What is no database's content, and lies in a set or is named in it all the same."""

import os
import re
import subprocess
from collections.abc import Iterator

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store, refresh_sums

pytestmark = pytest.mark.usefixtures("filled")


@pytest.mark.trap(57)
def test_what_is_set_for_all_roles_is_saved(
    filled: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    """pg_dumpall asks role by role, pg_dump database by database: neither has it."""
    filled.sql(
        "alter role all set statement_timeout = '30s'; alter role all set search_path = a, \"B c\""
    )
    ask = "select setconfig from pg_db_role_setting where setdatabase = 0 and setrole = 0"
    before = filled.sql(ask)

    scripts.backup()

    lines = [x for x in store.globals().splitlines() if x.startswith("ALTER ROLE ALL")]
    assert len(lines) == 2
    target.sql("\n".join(lines))
    assert target.sql(ask) == before
    target.sql("alter role all reset all")


ROLES = """
create role keeper; create role lonely;
create role brewer login createdb connection limit 3 in role keeper;
alter role brewer set work_mem = '5MB';
"""
ALTERED = {
    "a role": (r"^.* ROLE lonely.*\n", "", "role lonely (missing)"),
    "an attribute": ("CREATEDB LOGIN", "NOCREATEDB LOGIN", "role brewer (another)"),
    "a limit": ("CONNECTION LIMIT 3", "", "role brewer (another)"),
    "a membership": (r"^GRANT keeper TO brewer.*\n", "", "role brewer (another)"),
    "a setting": ("'5MB'", "'6MB'", "role brewer (another)"),
    "all settings": (r"^ALTER ROLE brewer SET.*\n", "", "role brewer (another)"),
}


@pytest.fixture
def roles(filled: Server) -> Iterator[None]:
    """Roles that own nothing, for the time of a test."""
    filled.sql(ROLES)
    yield
    filled.sql("drop role brewer; drop role keeper; drop role lonely")


@pytest.mark.usefixtures("roles")
@pytest.mark.parametrize("what", some(ALTERED))
def test_what_is_altered_of_a_role_is_named(what: str, scripts: Scripts, store: Store) -> None:
    """As a faulty program would have written it: all sums fit."""
    name = scripts.backup()
    pattern, other, said = ALTERED[what]
    text = re.sub(pattern, other, store.globals(), flags=re.MULTILINE)
    assert text != store.globals()
    path = store.newest() / store.manifest()["globals"]["file"]
    path.write_bytes(
        subprocess.run(["zstd", "-q"], input=text.encode(), capture_output=True, check=True).stdout
    )
    refresh_sums(store.newest())

    done = scripts.verify(name).expect(78)

    assert said in done.stderr, done.said
    assert store.names() == [name]


@pytest.mark.usefixtures("roles")
def test_roles_that_come_back_as_they_were_are_none_of_it(scripts: Scripts) -> None:
    name = scripts.backup()
    scripts.verify(name).expect(0)


def test_a_value_of_two_lines_stays_out_of_what_is_said(scripts: Scripts) -> None:
    """psql names the last line of a statement that was refused, and that is the value's."""
    text = "ALTER ROLE a SET \"app.key\" TO 'first\nSECRET';\nCREATE ROLE b;\n"
    said = "psql:x:2: ERROR:  22023: no\n"
    lines = 'printf "%s" "$1" >"$WORK/a"; printf "%s" "$2" >"$WORK/b"; awk -v OFS="\t" "$AWK_TEXT$AWK_ROLES_REFUSED" "$WORK/a" "$WORK/b"'

    found = scripts.functions("verify", lines, text, said).expect(0).stdout

    assert "ALTER ROLE a SET" in found
    assert "SECRET" not in found


def test_a_live_server_keeps_its_own_settings_of_all_roles(
    filled: Server, scripts: Scripts, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = "ALTER ROLE ALL SET work_mem TO '1MB';\nALTER ROLE other SET work_mem TO '1MB';\n"
    lines = 'printf \'%s\' "$1" >"$WORK/text"; : >"$WORK/none";'

    live, fresh = (
        scripts.functions("backup", f'{lines} globals_filter "$WORK/none" {x} <"$WORK/text"', text)
        for x in (0, 1)
    )

    assert "ROLE ALL" not in live.expect(0).stdout
    assert "ROLE ALL" in fresh.expect(0).stdout


def test_grants_of_roles_that_are_gone_are_left_out(scripts: Scripts) -> None:
    """A catalog that lost a row shows a number in its place, and the number is no role's name."""
    text = (
        'CREATE ROLE "77";\nCREATE ROLE a;\nGRANT "77" TO a;\nGRANT a TO "77" GRANTED BY "99";\n'
        'GRANT "99" TO a;\nGRANT a TO "99";\nGRANT SET ON PARAMETER work_mem TO "99";\n'
        'GRANT SET ON PARAMETER work_mem TO "77";\n'
    )
    lines = 'printf \'%s\' "$1" >"$WORK/text"; : >"$WORK/none";'

    done = scripts.functions("backup", f'{lines} globals_filter "$WORK/none" 1 <"$WORK/text"', text)

    assert done.expect(0).stdout == (
        'CREATE ROLE "77";\nCREATE ROLE a;\nGRANT "77" TO a;\nGRANT a TO "77";\n'
        'GRANT SET ON PARAMETER work_mem TO "77";\n'
    )


def test_a_grant_on_a_database_to_a_role_that_is_gone_is_left_out(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql(
        f"create role stays; grant connect on database {AUTH} to stays;"
        f"create role leaves; grant connect on database {AUTH} to leaves;"
        "set allow_system_table_mods = on; delete from pg_authid where rolname = 'leaves'"
    )

    scripts.backup()

    said = " ".join(store.database(AUTH)["settings"])
    assert "stays" in said
    assert said.count("GRANT CONNECT") == 3, "PUBLIC, the owner, stays"
    assert "unknown" not in said


@pytest.mark.trap(57)
def test_what_alter_system_has_set_is_named_but_no_secret(
    lone: Server, scripts: Scripts, store: Store
) -> None:
    """They are in no dump: after a lost disk nobody knew that they had been there."""
    for name, value in (
        ("max_connections", "300"),
        ("password_encryption", "md5"),
        ("primary_conninfo", "host=x password=hush"),
        ("ssl_passphrase_command", "echo hush"),
    ):
        lone.sql(f"alter system set {name} = '{value}'")

    scripts.with_(server=lone).backup()

    assert store.manifest()["server_settings"] == [
        {"name": "max_connections", "value": "300"},
        {"name": "password_encryption", "value": "md5"},
        {"name": "primary_conninfo", "value": None},
        {"name": "ssl_passphrase_command", "value": None},
    ]
    assert "hush" not in (store.newest() / "manifest.json").read_text()


def test_what_template1_has_of_its_own_is_named(
    lone: Server, scripts: Scripts, store: Store
) -> None:
    lone.sql("create function mine() returns int language sql as 'select 1'", "template1")

    done = scripts.with_(server=lone).run("backup").expect(0)

    assert store.manifest()["template1"] == ["function mine"]
    assert "template1 has objects of its own" in done.stderr


def test_a_template1_that_is_closed_stops_no_set(
    lone: Server, scripts: Scripts, store: Store
) -> None:
    lone.sql("alter database template1 allow_connections false")

    done = scripts.with_(server=lone).run("backup").expect(0)

    assert store.manifest()["template1"] == []
    assert "template1 cannot be looked into" in done.stderr


def test_a_sequence_behind_its_column_is_a_note_about_the_source(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    """The INSERT that collides after a restore collides before it, too."""
    filled.sql(
        "create table late (id int generated by default as identity, n int);"
        "insert into late (id) values (7);"
        "create table fine (id serial, n int); insert into fine (n) values (1), (2);"
        "create table down (id int generated by default as identity (increment -1));"
        "insert into down values (5);"
        "create table apart (id int); insert into apart values (7);"
        "create sequence own owned by apart.id",
        AUTH,
    )

    done = scripts.run("backup").expect(0)

    notes = store.manifest()["notes"]
    assert notes == [
        f"{AUTH}: the sequence public.late_id_seq stands at 1, and public.late has a row 7: INSERTs there collide"
    ]
    assert notes[0] in done.stderr


def test_bytes_of_a_database_without_an_encoding_come_back_as_they_were(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    """One such database, and no set of any other was taken."""
    filled.sql("create database legacy encoding 'SQL_ASCII' locale 'C' template template0")
    filled.sql(
        "create table names (n text);"
        "insert into names values (convert_from('\\x636166e9', 'SQL_ASCII'))",
        "legacy",
    )

    name = scripts.backup()

    dump = store.root / name / store.database("legacy")["file"]
    command = [scripts.server.binaries / "pg_restore", "--file=-", dump]  # type: ignore[union-attr]
    assert b"\ncaf\xe9\n" in subprocess.run(command, check=True, capture_output=True).stdout


def test_the_values_of_sequences_are_found_in_an_old_encoding_and_under_odd_settings(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql("create database old encoding 'LATIN1' locale 'C' template template0")
    filled.sql(
        'set client_encoding = utf8; create sequence "é \'x\'" start 7; create schema "SET"', "old"
    )
    filled.sql('create sequence "SET"."SEQUENCE SET" start 9', "old")
    filled.sql("alter database old set quote_all_identifiers = on")

    done = scripts.run("backup").expect(0)

    values = {x["name"]: x["last_value"] for x in store.database("old")["sequences"]}
    assert values == {"é 'x'": 7, "SEQUENCE SET": 9}
    assert "could not be read" not in done.stderr


def test_a_set_tells_how_much_room_the_servers_data_volume_has(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    name = scripts.backup()

    told = store.manifest(name)["server"]
    room = os.statvfs(filled.data)
    assert told["data_size_bytes"] == room.f_blocks * room.f_frsize
    assert 0 < told["data_free_bytes"] <= told["data_size_bytes"]
