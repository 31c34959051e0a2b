"""Servers where we are no superuser, and what stands in the way: one sentence with the way, and the way works."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from tests.lib.content import AUTH, USERS, count, create, password_of
from tests.lib.hooks import start_until
from tests.lib.managed import PROVIDER, Managed, Role, fill_managed, make_role, standby_of
from tests.lib.postgres import Server, visitor
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import shim
from tests.lib.waiting import wait_for
from tests.lib.wheels import programs_of

EXTRA = "extra"


@dataclass(frozen=True)
class Obstacle:
    """What somebody makes in a database of his, what the role is told of it, and the way."""

    made: str
    told: str
    way: str


OBSTACLES = {
    "row security": Obstacle(
        "create table t as select 1 as n; alter table t enable row level security; grant select on t to {role};",
        "row security hides rows of public.t from it",
        "ALTER ROLE {role} BYPASSRLS",
    ),
    "forced row security": Obstacle(
        "create table t as select 1 as n; alter table t enable row level security;"
        " alter table t force row level security; reset role; grant stranger to {role};",
        "row security hides rows of public.t from it",
        "ALTER ROLE {role} BYPASSRLS",
    ),
    "large object": Obstacle(
        "select lo_from_bytea(7, 'malt')",
        "it may not read 1 large objects of stranger, as number 7",
        "GRANT stranger TO {role}",
    ),
    "sequence": Obstacle(
        "create sequence s; create table t (); grant select on t to {role};",
        "it may not read public.s",
        "GRANT pg_read_all_data TO {role}",
    ),
    "schema": Obstacle(
        "create schema mine; create table mine.t (); grant select on all tables in schema mine to {role};",
        "it may not read mine.t",
        "GRANT pg_read_all_data TO {role}",
    ),
}


@contextmanager
def strangers(server: Server, text: str = "") -> Iterator[None]:
    """Have a database of somebody's else, and forget what the way to it was."""
    server.sql("create role stranger")
    server.sql(f"create database {EXTRA} owner stranger")
    try:
        server.sql(text, EXTRA)
        yield
    finally:
        server.sql(f"drop database {EXTRA} with (force)")
        server.sql(
            "drop role stranger; alter role admin nobypassrls; revoke pg_read_all_data from admin"
        )


@pytest.mark.parametrize("obstacle", OBSTACLES.values(), ids=OBSTACLES)
def test_what_it_does_not_read_is_refused_with_the_way_to_it(
    obstacle: Obstacle, managed: Managed, bare: Scripts
) -> None:
    bare.run("init-store").expect(0)
    role = Role.ADMIN
    saving = bare.with_(server=managed.server, PGUSER=role, BACKUP_DATABASES=EXTRA)
    made, way = (x.format(role=role) for x in (obstacle.made, obstacle.way))
    with strangers(managed.server, f"set role stranger; {made}"):
        done = saving.run("backup").expect(69)

        assert (
            f"{role} cannot save all of {EXTRA}: {obstacle.told} (the way: {way}). Or leave"
            in done.stderr
        )
        assert Store(bare.root).names() == []
        managed.server.sql(way)
        saving.backup()


NOT_SAVED = """
create foreign data wrapper f; create server s foreign data wrapper f;
create user mapping for public server s options (password 'secret');
create subscription u connection 'host=nowhere' publication p with (connect = false);
grant stranger to admin;
"""


def test_what_pg_dump_leaves_out_for_it_is_named_and_no_loss(
    managed: Managed, bare: Scripts
) -> None:
    bare.run("init-store").expect(0)
    saving = bare.with_(server=managed.server, PGUSER=Role.ADMIN, BACKUP_DATABASES=EXTRA)
    with strangers(managed.server, NOT_SAVED):
        done = saving.run("backup").expect(0)
        managed.server.sql(
            "alter subscription u set (slot_name = none); drop subscription u", EXTRA
        )

    limits = Store(bare.root).manifest()["role"]["limits"]
    assert limits[1] == "subscriptions are not saved"
    assert (
        limits[3]
        == f"the options, if any, of others' user mappings in database {EXTRA} are not saved"
    )
    assert ",".join(limits) in done.stderr
    assert ",".join(limits) in saving.verify().expect(0).stderr


def test_large_objects_have_the_hash_that_a_superuser_reads(
    managed: Managed, scripts: Scripts, store: Store
) -> None:
    scripts.with_(server=managed.server, BACKUP_DATABASES=AUTH).backup()

    for role in (Role.READER, Role.ADMIN):
        mine, its = (x.database(AUTH) for x in (managed.store(role), store))
        assert mine["large_objects"] == 2
        assert mine["large_objects_hash"] == its["large_objects_hash"]


def test_a_database_of_another_is_refused_by_name(target: Server, managed: Managed) -> None:
    make_role(target, Role.ADMIN)
    restoring = managed.elsewhere(Role.ADMIN, target, Role.ADMIN)
    before = target.dump_all()

    done = restoring.run("restore", "--database", "postgres", "--replace").expect(78)

    assert "cannot restore postgres: admin cannot become its owner postgres. Nothing" in done.stderr
    assert target.dump_all() == before


def test_a_superusers_session_keeps_a_database_in_its_place(
    target: Server, managed: Managed
) -> None:
    make_role(target, Role.ADMIN)
    create(target, AUTH, "create table old as select 1 as n")
    target.sql(f"grant {AUTH} to admin with admin true, inherit false, set false")
    restoring = managed.elsewhere(Role.ADMIN, target, Role.ADMIN)
    running, hook = start_until(restoring, "compared", "restore", "--database", AUTH, "--replace")
    with visitor(target, AUTH):
        hook.release()
        done = running.wait().expect(69)

    assert "None was touched" in done.stderr
    assert f"In the way, and not ours to end: postgres in {AUTH} (process " in done.stderr
    assert target.databases() == [AUTH, "postgres"]
    assert target.sql("select n from old", AUTH) == "1"
    assert target.sql("select count(*) from pg_auth_members where member = 'admin'::regrole") == "3"
    assert target.sql("select count(*) from pg_roles where rolname = 'boss'") == "0"


def test_one_session_that_it_may_not_end_saves_no_other(target: Server, managed: Managed) -> None:
    """An application's, which would come back again and again: the superuser's goes by itself."""
    make_role(target, Role.ADMIN)
    create(target, AUTH, "create table old as select 1 as n")
    target.sql(f"grant {AUTH} to admin with admin true, inherit false, set false")
    restoring = managed.elsewhere(Role.ADMIN, target, Role.ADMIN)
    running, hook = start_until(restoring, "compared", "restore", "--database", AUTH, "--replace")
    application = {"user": AUTH, "password": password_of(AUTH)}
    with visitor(target, AUTH), visitor(target, AUTH, **application):
        hook.release()
        wait_for("the terminator", lambda: target.sql(TERMINATOR), 30, every=0.05)
        target.sql(f"select pg_terminate_backend(pid) {SUPERUSERS}")
        running.wait().expect(0)

    assert count(target, AUTH, "users") == USERS


def test_what_takes_a_superuser_is_refused_word_by_word(target: Server, managed: Managed) -> None:
    make_role(target, Role.READER)

    done = managed.elsewhere(Role.READER, target, Role.READER).run("restore").expect(0)

    assert "role ALTER ROLE boss (" in done.stderr
    kept = "rolsuper, rolreplication, rolbypassrls, rolcanlogin, rolcreatedb, rolconnlimit"
    assert target.sql(f"select {kept} from pg_roles where rolname = 'boss'") == "f|f|f|t|t|3"


def test_forced_row_security_takes_bypassrls_to_be_restored(
    target: Server, managed: Managed, scripts: Scripts
) -> None:
    force = (
        "alter table users enable row level security; alter table users force row level security"
    )
    create(target, AUTH, f"create table users as select 1 as n; {force}")
    scripts.with_(server=target, BACKUP_DATABASES=AUTH).backup()
    make_role(target, Role.ADMIN)
    target.sql(f"grant {AUTH} to admin with admin true")
    restoring = scripts.with_(server=target, PGUSER=Role.ADMIN)

    done = restoring.run("restore", "--database", AUTH, "--as", "other").expect(69)

    assert "row-level security" in done.stderr
    assert "(the way: ALTER ROLE ... BYPASSRLS, for admin)" in done.stderr
    assert target.databases() == [AUTH, "postgres"]
    target.sql("alter role admin bypassrls")
    restoring.run("restore", "--database", AUTH, "--as", "other").expect(0)


@pytest.mark.usefixtures("filled")
def test_no_pooler_is_taken_for_a_server(scripts: Scripts, store: Store) -> None:
    """One in between keeps the settings of a session from the server."""
    pooled = shim(
        scripts.box.directory("pooler"), "psql", 'unset PGOPTIONS; PATH="${PATH#*:}" exec psql "$@"'
    )
    through = scripts.with_(path=f"{pooled}:{scripts.path}")

    for script in ("backup", "restore"):
        if script == "restore":
            scripts.backup()
        done = through.run(script).expect(78)
        assert "not through a transaction pooler, it has to be the server itself" in done.stderr
    assert len(store.names()) == 1


@pytest.mark.usefixtures("filled")
def test_a_clock_that_differs_is_said(scripts: Scripts) -> None:
    body = '[[ "$*" != +%s ]] || exec /usr/bin/date -d "400 seconds" +%s\nexec /usr/bin/date "$@"'
    late = shim(scripts.box.directory("clock"), "date", body)

    told = scripts.with_(path=f"{late}:{scripts.path}").run("backup").expect(0).stderr

    assert "warning: the server's clock and ours differ by " in told
    assert "clock" not in scripts.run("backup").expect(0).stderr


ROLES = """
create role streaming_replica login replication; create role cnpg_metrics_exporter login;
create role "cnpgXtra"; create role taster; grant cnpg_metrics_exporter to taster;
alter role streaming_replica set work_mem = '5MB';
"""
NO_ROLES = 'drop role streaming_replica, cnpg_metrics_exporter, "cnpgXtra", taster'
TERMINATOR = "select pid from pg_stat_activity where usename = 'admin' and query like 'DO %'"
SUPERUSERS = f"from pg_stat_activity where usename = 'postgres' and datname = '{AUTH}'"
HOLDERS = "select pid from pg_stat_activity where application_name = 'backup.sh'"


def test_roles_of_a_provider_may_stay_there(
    managed: Managed, scripts: Scripts, store: Store
) -> None:
    managed.server.sql(ROLES)
    patterns = "streaming_replica cnpg_*"
    leaving = scripts.with_(
        server=managed.server, BACKUP_ROLES_EXCEPT=patterns, BACKUP_DATABASES="postgres"
    )

    name = leaving.backup()

    roles = {x["name"] for x in store.manifest()["roles"]}
    assert {"cnpgXtra", "taster"} <= roles
    assert not {"streaming_replica", "cnpg_metrics_exporter"} & roles
    assert not re.search("(?m)^[^-].*(streaming|metrics)", store.globals())
    assert "came back" not in leaving.verify(name).expect(0).stderr
    full = leaving.with_(BACKUP_ROLES_EXCEPT="").backup()
    assert "came back" not in leaving.verify(full).expect(0).stderr, "of when nothing was left out"
    managed.server.sql(NO_ROLES)


def test_a_restore_waits_for_a_server_that_starts(target: Server, managed: Managed) -> None:
    restoring = managed.scripts(Role.OWNER).with_(server=target, PGUSER=target.superuser)
    target.stop()
    try:
        waiting = restoring.with_(BACKUP_SERVER_WAIT=60).start("restore")
        wait_for("the wait", lambda: "waiting for the server" in waiting.errors(), 30)
    finally:
        target.start()

    waiting.wait().expect(0)
    assert count(target, AUTH, "users") == USERS


@pytest.fixture(name="standby")
def _standby(managed: Managed, scripts: Scripts) -> Iterator[Server]:
    """A hot standby of the managed server, which waits for no reader."""
    with standby_of(managed.server) as made:
        yield made


def test_a_standby_is_saved_as_its_primary_is(
    standby: Server, managed: Managed, scripts: Scripts, store: Store
) -> None:
    limited = scripts.with_(BACKUP_DATABASES=AUTH)
    limited.with_(server=managed.server).backup()
    running, hook = start_until(
        limited.with_(server=standby, PGUSER=Role.ADMIN), "dumped", "backup"
    )
    hook.release()
    running.wait().expect(0)

    before, after = (store.database(AUTH, name)["tables"] for name in store.names())
    assert before[0] == after[0]
    # Its index calls a function of its owner's, and on a standby none can be made that reads it for us.
    assert (after[1]["name"], after[1]["rows"]) == ("users", None)
    assert "users" in store.manifest()["notes"][0]


def test_a_conflict_on_a_standby_ends_the_backup_and_says_what_helps(
    standby: Server, managed: Managed, scripts: Scripts, store: Store
) -> None:
    limited = scripts.with_(server=standby, BACKUP_DATABASES="postgres")
    managed.server.sql("create table gone as select 1 as n")
    wait_for("the table", lambda: standby.sql("select n from gone"), 30, every=0.1)
    running, hook = start_until(limited, "dumped", "backup")
    managed.server.sql("drop table gone")
    wait_for("the conflict", lambda: not standby.sql(HOLDERS), 30, every=0.1)
    hook.release()

    done = running.wait().expect(69)

    assert "conflict with recovery" in done.stderr
    assert "hot_standby_feedback = on" in done.stderr
    assert store.names() == []


def test_the_superuser_of_another_server_is_not_made(
    target: Server, managed: Managed, scripts: Scripts
) -> None:
    other = Server(scripts.box, target.binaries, superuser="elsewhere").start()
    try:
        make_role(other, Role.ADMIN)
        restoring = managed.elsewhere(Role.ADMIN, other, Role.ADMIN)
        done = restoring.run("restore", "--database", "postgres", "--as", "other").expect(78)
    finally:
        other.remove()

    why = "its owner postgres, the superuser where it was saved, is missing here (the way: CREATE ROLE postgres)"
    assert why in done.stderr


@pytest.mark.long
@pytest.mark.parametrize("version", ["17.11", "18.6"])
def test_newer_servers_are_the_same_to_a_role(version: str, scripts: Scripts, store: Store) -> None:
    programs = programs_of(scripts.box, version)
    server = Server(scripts.box, programs).start()
    try:
        fill_managed(server)
        path = f"{programs}:/usr/bin:/bin"
        working = scripts.with_(server=server, PGUSER=Role.ADMIN, path=path)
        name = working.backup()
        working.run("restore", "--database", AUTH, "--as", "other").expect(0)
        working.run("restore", "--database", AUTH, "--replace").expect(0)
        assert count(server, AUTH, "users") == count(server, "other", "users") == USERS
        working.verify(name).expect(0)
    finally:
        server.remove()

    assert [x["name"] for x in store.manifest()["skipped"]] == [PROVIDER]
