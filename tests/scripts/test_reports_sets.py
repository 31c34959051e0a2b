"""Situations that people reported: what makes a backup fail, or leaves something out of it, for no good reason."""

import signal
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import create, password_of
from tests.lib.hooks import start_until
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store


@pytest.mark.parametrize(
    ("encoding", "byte"), some([("SQL_ASCII", "e9"), ("WIN1252", "81"), ("LATIN1", "9f")])
)
def test_a_database_of_another_encoding_ends_no_backup_and_its_bytes_come_back(
    encoding: str, byte: str, source: Server, target: Server, both: Scripts
) -> None:
    """An old database without an encoding, or with a byte that its encoding leaves undefined."""
    create(source, "app", "create table t as select 'Zoë' as n")
    source.sql(f"create database legacy encoding '{encoding}' locale 'C' template template0")
    source.sql(
        f"set client_encoding = '{encoding}'; create table names (n text);"
        f" insert into names values (E'caf\\x{byte}'); create index \"by name\" on names (n)",
        "legacy",
    )

    name = both.backup()

    both.verify(name).expect(0)
    both.with_(server=target).run("restore", name).expect(0)
    look = "select encode(convert_to(n, 'SQL_ASCII'), 'hex') from names"
    assert target.sql(look, "legacy") == f"636166{byte}"
    assert target.sql("select n from t", "app") == "Zoë"


def test_rows_of_an_unlogged_table_that_a_crash_took_do_not_pull_the_brake(
    lone: Server, scripts: Scripts, store: Store
) -> None:
    """An unlogged cache is empty after a crash, by definition."""
    create(
        lone,
        "app",
        "create table users as select generate_series(1, 1000) as id;"
        " create unlogged table cache as select generate_series(1, 50000) as k",
    )
    here = scripts.with_(server=lone)
    here.backup()
    lone.signal(signal.SIGQUIT)
    lone.start()
    assert lone.sql("select count(*) from cache", "app") == "0"

    name = here.backup()

    assert store.manifest(name)["flagged"] is None
    here.verify(name).expect(0)
    lone.sql("delete from users", "app")
    assert store.manifest(here.backup())["flagged"], "of logged rows the brake still speaks"


def test_a_database_that_is_dropped_before_its_turn_is_named_and_the_others_get_their_set(
    source: Server, scripts: Scripts, store: Store
) -> None:
    """A test runner's database is there when the list is made and gone when its turn comes."""
    create(source, "app", "create table t as select 1 as n")
    source.sql("create database zz_test_42")
    running, hook = start_until(scripts, "globals", "backup")
    source.sql("drop database zz_test_42")
    hook.release()

    name = running.wait().expect(0).stdout.strip()

    manifest = store.manifest(name)
    assert "app" in [x["name"] for x in manifest["databases"]]
    assert "zz_test_42" not in [x["name"] for x in manifest["databases"]]
    (skipped,) = [x["why"] for x in manifest["skipped"] if x["name"] == "zz_test_42"]
    assert "gone" in skipped or "dropped" in skipped
    scripts.verify(name).expect(0)


@pytest.fixture
def pod(scripts: Scripts, binaries: Path) -> Pod:
    """A pod whose disk was lost."""
    pod = Pod.make(scripts, binaries)
    pod.databases, pod.passwords = (
        ("app",),
        {"app": password_of("app"), "postgres": "of the Secret"},
    )
    return pod


def test_settings_of_all_roles_come_back(source: Server, scripts: Scripts, pod: Pod) -> None:
    """They are in no dump: pg_dumpall asks role by role, pg_dump database by database."""
    create(source, "app")
    source.sql(
        "alter role all set statement_timeout = '30s'; alter role all set timezone = 'Asia/Tokyo'"
    )
    look = "select setconfig from pg_db_role_setting where setdatabase = 0 and setrole = 0"
    before = source.sql(look)
    assert "statement_timeout=30s" in before
    scripts.verify(scripts.backup()).expect(0)

    pod.prepare().expect(0)

    with pod.running() as server:
        assert server.sql(look) == before


def test_what_alter_system_had_set_is_named_after_a_lost_disk(
    lone: Server, scripts: Scripts, store: Store, pod: Pod
) -> None:
    create(lone, "app")
    for setting in ("max_connections = 300", "wal_level = logical"):
        lone.sql(f"alter system set {setting}")
    name = scripts.with_(server=lone).backup()
    assert "max_connections" in (store.root / name / "manifest.json").read_text()
    scripts.verify(name).expect(0)

    pod.prepare().expect(0)

    for setting in ("max_connections", "wal_level"):
        assert setting in pod.started


def test_a_database_that_quotes_all_identifiers_is_saved_without_a_warning(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    """Values of sequences were not found in the dump, as their names are quoted there."""
    create(source, "app", "create sequence tickets; create table t as select 1 as n")
    source.sql("select setval('tickets', 4711)", "app")
    source.sql("alter database app set quote_all_identifiers = on")
    source.sql("alter database app set work_mem = '7MB'")

    done = scripts.run("backup").expect(0)

    assert "warning" not in done.stderr
    name = done.stdout.strip()
    scripts.verify(name).expect(0)
    scripts.with_(server=target).run("restore", name).expect(0)
    assert target.sql("select nextval('tickets')", "app") == "4712"
    assert target.sql("show work_mem", "app") == "7MB"
    assert target.sql("show quote_all_identifiers", "app") == "on"
