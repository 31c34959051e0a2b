"""A restore is all or nothing, and says the truth about which."""

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH, DATABASES, SETTINGS, USERS, Golden, count, create, password_of
from tests.lib.hooks import STEP_REACHED, start_until
from tests.lib.postgres import Server, SqlError
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import shim
from tests.lib.waiting import wait_for


def test_without_a_set_the_latest_is_restored_with_roles_owners_and_rows(
    target: Server, both: Scripts, kept: Store, golden: Golden
) -> None:
    assert target.databases() == ["postgres"], "the loss came first"
    (name,) = kept.names()
    before = kept.snapshot()

    done = both.with_(server=target).run("restore").expect(0)

    assert name in done.stdout
    assert all(x in done.stdout for x in DATABASES)
    assert target.dump_all() == golden.dump
    assert count(target, AUTH, "users") == USERS
    assert kept.snapshot() == before, "a restore changes nothing in the store"


@pytest.mark.trap(11)
def test_roles_that_are_missing_come_back_with_the_passwords_of_the_set(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    with pytest.raises(SqlError):
        target.sql("select 1", SETTINGS, user=SETTINGS, password=password_of(SETTINGS))

    scripts.with_(server=target).run("restore", kept.names()[0]).expect(0)

    login = {"user": SETTINGS, "password": password_of(SETTINGS), "host": "127.0.0.1"}
    assert target.sql("select count(*) from settings", SETTINGS, **login) == "100"


@pytest.mark.usefixtures("kept")
def test_the_password_in_force_of_the_connecting_superuser_stays_in_force(
    target: Server, scripts: Scripts
) -> None:
    target.sql("alter role postgres password 'new since the backup'")
    target.password = "new since the backup"
    try:
        scripts.with_(server=target).run("restore").expect(0)
        assert target.sql("select 1", host="127.0.0.1") == "1"
    finally:
        target.password = "Sup3r/user+pass word"
        target.sql(
            f"alter role postgres password '{target.password}'", password="new since the backup"
        )


def test_one_database_is_restored_and_the_others_are_left_alone(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    done = scripts.with_(server=target).run("restore", kept.names()[0], "--database", SETTINGS)

    done.expect(0)
    assert target.databases() == [SETTINGS, "postgres"]
    assert AUTH not in done.stdout


@pytest.mark.usefixtures("kept")
def test_restoring_into_an_empty_database_keeps_its_owner_and_fills_it(
    target: Server, scripts: Scripts
) -> None:
    create(target, AUTH, password="in force")
    create(target, SETTINGS, password="in force")

    scripts.with_(server=target).run("restore").expect(0)

    assert count(target, AUTH, "users") == USERS
    owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'brewget_auth'"
    assert target.sql(owner) == AUTH


@pytest.mark.usefixtures("kept")
def test_what_is_written_into_an_empty_database_during_the_restore_is_kept(
    target: Server, scripts: Scripts
) -> None:
    create(target, AUTH, password="in force")
    create(target, SETTINGS, password="in force")
    restore, hook = start_until(scripts.with_(server=target), "roles", "restore")
    target.sql("create table first_user as select 1 as n", AUTH)
    hook.release()

    done = restore.wait().expect(0)

    assert count(target, AUTH, "users") == USERS
    (kept,) = [x for x in target.databases() if x.startswith("brewget_kept_")]
    assert kept in done.stderr
    assert target.sql("select n from first_user", kept) == "1"
    assert not [x for x in target.databases() if x.startswith(("brewget_drop_", "brewget_load_"))]


NOT_EMPTY = {
    "table": "create table mine (n int)",
    "an empty schema": "create schema mine",
    "sequence": "create sequence mine",
    "function": "create function mine() returns int language sql as 'select 1'",
    "type": "create type mine as enum ('a')",
    "domain": "create domain mine as int",
    "operator": "create operator === (leftarg = int, rightarg = int, function = int4eq)",
    "large object": "select lo_create(1)",
    "publication": "create publication mine",
    "view": "create view mine as select 1",
    "procedure": "create procedure mine() language sql as 'select 1'",
    "cast": "create cast (json as money) with inout",
    "collation": "create collation mine (locale = 'C')",
    "text search": "create text search configuration mine (copy = simple)",
    "foreign wrapper": "create foreign data wrapper mine",
}


@pytest.mark.trap(24)
@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("what", some(NOT_EMPTY))
def test_a_database_that_holds_anything_is_refused_and_none_is_touched(
    what: str, target: Server, scripts: Scripts
) -> None:
    create(target, SETTINGS)
    target.sql(NOT_EMPTY[what], SETTINGS)
    before = target.dump_all()

    done = scripts.with_(server=target).run("restore").expect(78)

    assert SETTINGS in done.stderr
    assert "--replace" in done.stderr, "the message names the next command"
    assert target.dump_all() == before, "not even the missing database was created"


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "what",
    [
        "create extension pgcrypto",
        "create extension pg_stat_statements",
        # What few extensions have: a table with a key, long values and a sequence, and types of its own.
        "create extension hstore; create table t (id serial primary key, x text);"
        "create type r as range (subtype = time); create type pair as (a int, b text);"
        "alter extension hstore add table t; alter extension hstore add sequence t_id_seq;"
        "alter extension hstore add type r; alter extension hstore add type pair",
        "comment on schema public is 'mine'",
        "analyze",
    ],
)
def test_members_of_extensions_do_not_make_a_database_full(
    what: str, target: Server, scripts: Scripts
) -> None:
    create(target, SETTINGS)
    target.sql(what, SETTINGS)

    scripts.with_(server=target).run("restore", "--database", SETTINGS).expect(0)

    assert count(target, SETTINGS, "settings") == 100


def test_replace_swaps_by_rename_and_keeps_the_old_database(
    target: Server, both: Scripts, kept: Store
) -> None:
    create(target, AUTH, "create table mine as select 42 as answer")

    both.with_(server=target).run("restore", kept.names()[0], "--replace").expect(0)

    assert count(target, AUTH, "users") == USERS
    (old,) = [x for x in target.databases() if x not in {*DATABASES, "postgres"}]
    assert AUTH in old
    assert target.sql("select answer from mine", old) == "42", "reversible until dropped"


@pytest.mark.long
def test_replace_keeps_old_databases_whose_long_names_begin_alike(
    filled: Server, scripts: Scripts
) -> None:
    names = ["l" * 50 + "ä", "l" * 50 + "ö"]
    for name in names:
        create(filled, name)
        filled.sql(f"create table t as select '{name}' as whose", name)
    scripts.backup()

    scripts.run("restore", "--replace").expect(0)

    kept = [x for x in filled.databases() if x.startswith("lll") and x not in names]
    assert {filled.sql("select whose from t", x) for x in (*kept, *names)} == set(names)
    assert len(kept) == 2
    scripts.run("backup").expect(0)
    scripts.run("restore", "--replace").expect(0)


@pytest.mark.usefixtures("kept")
def test_replace_works_while_an_application_is_connected(target: Server, scripts: Scripts) -> None:
    create(target, AUTH, "create table mine (n int)")
    running = scripts.with_(server=target).start("restore", "--replace", "--database", AUTH)

    running.wait().expect(0)

    assert count(target, AUTH, "users") == USERS
    target.sql("insert into users (name, joined) values ('after', now())", AUTH)
    newest = target.sql("select max(id) from users", AUTH)
    assert newest == str(USERS + 1), "the sequence goes on where the set ended"


@pytest.mark.usefixtures("kept")
def test_sessions_of_the_restored_databases_are_left_alone_however_slow_the_swaps_helper_is(
    target: Server, scripts: Scripts
) -> None:
    """What ends the old databases' sessions may begin to work only after the swap."""
    create(target, AUTH, "create table mine (n int)")
    late = """
[[ "$*" == *terminate.sql* ]] || PATH="${PATH#*:}" exec psql "$@"
trap '' TERM # as where the signal comes too late
export PATH="${PATH#*:}"
until psql -XAtqc 'TABLE public.users LIMIT 0' brewget_auth 2>/dev/null; do sleep 0.05; done
exec psql "$@"
"""
    shims = shim(scripts.box.directory("shims"), "psql", late)
    replacing = scripts.with_(server=target, path=f"{shims}:{scripts.path}")
    running = replacing.start("restore", "--replace", "--database", AUTH)
    wait_for("the restored database", lambda: has_users(target), STEP_REACHED, every=0.02)

    assert target.sql("select pg_sleep(1.5)", AUTH) == ""

    running.wait().expect(0)


def has_users(server: Server) -> bool:
    """Tell whether the restored database has its name already."""
    try:
        return server.sql("select to_regclass('public.users') is not null", AUTH) == "t"
    except SqlError:  # a session of the old database, ended by the restore
        return False


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("options", [(), ("--replace",)])
def test_half_dropped_databases_do_not_stand_in_the_way(
    options: tuple[str, ...], target: Server, scripts: Scripts
) -> None:
    """An interrupted DROP DATABASE leaves a name that nobody can open or alter."""
    for name in (AUTH, "brewget_drop_20200101_000000_0", "brewget_load_20200101_000000_0"):
        create(target, name, "create table mine (n int)")
        target.sql(f"update pg_database set datconnlimit = -2 where datname = '{name}'")

    done = scripts.with_(server=target).run("restore", *options).expect(0)

    assert f"database {AUTH} is half dropped" in done.stderr
    assert target.databases() == [AUTH, SETTINGS, "postgres"]
    assert count(target, AUTH, "users") == USERS


@pytest.mark.usefixtures("kept")
def test_a_dry_run_changes_nothing_and_says_what_it_would_do(
    target: Server, scripts: Scripts
) -> None:
    create(target, "bystander")
    before = target.dump_all()

    done = scripts.with_(server=target).run("restore", "--dry-run").expect(0)

    assert all(x in done.stdout + done.stderr for x in DATABASES)
    assert target.dump_all() == before


@pytest.mark.usefixtures("kept")
def test_a_dry_run_refuses_what_the_real_run_would_refuse(target: Server, scripts: Scripts) -> None:
    create(target, SETTINGS, "create table mine (n int)")

    scripts.with_(server=target).run("restore", "--dry-run").expect(78)


def test_latest_verified_is_the_verified_one_not_the_newest(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    (verified,) = kept.names()
    newer = kept.copy_set(verified, "backup_20991231_235959")
    (newer / "verified.json").unlink()
    (kept.root / "latest").unlink()
    (kept.root / "latest").symlink_to(newer.name)

    done = scripts.with_(server=target).run("restore", "latest-verified").expect(0)

    assert verified in done.stdout
    assert newer.name not in done.stdout


def test_statistics_are_there_after_a_restore(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    scripts.with_(server=target).run("restore", kept.names()[0]).expect(0)

    rows = "select reltuples::int from pg_class where relname = 'users'"
    assert target.sql(rows, AUTH) == str(USERS), "ANALYZE has run"
