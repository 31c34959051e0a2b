"""Servers as people have them: closed databases, archives, standbys, subscriptions, hostile owners."""

from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH, SETTINGS, USERS, count, create
from tests.lib.hooks import start_until
from tests.lib.pod import INITDB_ARGS, Pod
from tests.lib.postgres import Server, SqlError, literal, visitor
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.upgrades import V17
from tests.lib.wheels import programs_of

TAKEOVER = """
create function {name}({arguments}) returns {result} language plpgsql as $body$ begin
  copy (select 1) to program {program}; return null; end $body$;
"""
"""What the owner of a database may put there for a superuser to call."""


def test_no_function_of_a_databases_owner_is_called_by_our_superuser(
    filled: Server, target: Server, scripts: Scripts
) -> None:
    called = scripts.box.directory("called")
    called.chmod(0o777)
    program = literal(f"touch {called}/yes")
    for name, arguments, result in (
        ("format", "text, name, name", "text"),
        ("to_json", "text", "json"),
        ("format", "text, text", "text"),
        ("pg_get_userbyid", "oid", "name"),
    ):
        text = TAKEOVER.format(name=name, arguments=arguments, result=result, program=program)
        filled.sql(f"set role {AUTH}; set search_path = public; {text}", AUTH)
    name = scripts.backup()

    scripts.verify(name).expect(0)
    for options in ((), ("--replace",)):
        scripts.with_(server=target).run("restore", *options).expect(0)

    assert not list(called.iterdir())


def prepared(scripts: Scripts, binaries: Path, settings: str) -> Pod:
    """Return a pod with data that has these settings by ALTER SYSTEM."""
    pod = Pod.make(scripts, binaries)
    pod.prepare().expect(0)
    with (pod.data / "postgresql.auto.conf").open("a") as conf:
        conf.write(settings)
    return pod


def archived(pod: Pod) -> tuple[set[str], set[str]]:
    """Return which segments wait for their archive, and which are there."""
    wal = pod.data / "pg_wal"
    waiting = {x.stem for x in (wal / "archive_status").glob("*.ready")}
    return waiting, waiting & {x.name for x in wal.iterdir()}


@pytest.mark.usefixtures("kept")
def test_wal_that_is_not_archived_yet_outlives_a_start(scripts: Scripts, binaries: Path) -> None:
    archiving = "archive_mode = on\narchive_command = 'false'\nmin_wal_size = 32MB\n"
    pod = prepared(scripts, binaries, archiving)
    with pod.running() as server:
        for _ in range(4):
            server.sql("select pg_logical_emit_message(false, '', 'x'); select pg_switch_wal()")
    before = archived(pod)
    assert len(before[0]) >= 4
    assert before[0] == before[1]

    pod.prepare().expect(0)

    waiting, there = archived(pod)
    assert before[0] <= waiting
    assert before[0] <= there


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "state",
    some(["allow_connections = false", "is_template = true allow_connections = false", "half"]),
)
def test_a_start_and_a_backup_do_without_the_database_postgres(
    state: str, scripts: Scripts, binaries: Path
) -> None:
    pod = Pod.make(scripts, binaries)
    pod.prepare().expect(0)
    with pod.running() as server:
        text = f"alter database postgres with {state}"
        if state == "half":
            text = "update pg_database set datconnlimit = -2 where datname = 'postgres'"
        server.sql(text, AUTH)
        scripts.with_(server=server).run("backup").expect(0)

    pod.prepare().expect(0)

    assert "complete" in pod.started.splitlines()[-1]


@pytest.mark.usefixtures("kept")
def test_no_standby_is_waited_for_by_a_start(scripts: Scripts, binaries: Path) -> None:
    pod = prepared(scripts, binaries, "synchronous_standby_names = 'nobody'\n")

    pod.start_preparing().wait(60).expect(0)


@pytest.mark.usefixtures("kept")
def test_what_cannot_be_dropped_of_an_earlier_restore_is_in_nobodys_way(
    target: Server, scripts: Scripts
) -> None:
    subscribed, template = "brewget_load_20200101_000000_0", "brewget_drop_20200101_000000_0"
    target.sql(f"create database {subscribed}")
    target.sql(
        "create subscription s connection 'host=/nowhere' publication p with (connect = false)",
        subscribed,
    )
    target.sql(f"create database {template} is_template true")

    done = scripts.with_(server=target).run("restore").expect(0)

    assert "cannot drop a template database" in done.stderr
    assert "a database of an unfinished restore is left" in done.stderr
    assert target.databases() == [AUTH, SETTINGS, "postgres"]
    assert count(target, AUTH, "users") == USERS


@pytest.mark.usefixtures("kept")
def test_a_visitor_of_what_is_being_restored_does_not_defeat_the_swap(
    target: Server, scripts: Scripts
) -> None:
    """A monitor, say, that looks into each database."""
    replacing = scripts.with_(server=target)
    running, hook = start_until(replacing, "compared", "restore", "--database", AUTH)
    (beside,) = [x for x in target.databases() if x.startswith("brewget_load_")]
    with visitor(target, beside):
        hook.release()
        running.wait().expect(0)

    assert count(target, AUTH, "users") == USERS


@pytest.mark.usefixtures("kept")
def test_a_database_that_cannot_be_opened_is_put_aside_by_replace(
    target: Server, scripts: Scripts
) -> None:
    create(target, AUTH)
    number = target.sql(f"select oid from pg_database where datname = '{AUTH}'")
    (target.data / "base" / number / "PG_VERSION").unlink()
    restoring = scripts.with_(server=target)

    refused = restoring.run("restore", "--database", AUTH).expect(69)
    restoring.run("restore", "--database", AUTH, "--replace").expect(0)

    assert "To put it aside as it is: --replace" in refused.stderr
    assert count(target, AUTH, "users") == USERS
    assert [x for x in target.databases() if x.startswith(f"{AUTH}_replaced_")]


def test_a_limit_on_the_time_of_transactions_does_not_end_a_backup(scripts: Scripts) -> None:
    """PostgreSQL 17 has one, and pg_dump alone takes it back."""
    programs = programs_of(scripts.box, V17)
    server = Server(scripts.box, programs).start()
    try:
        create(server, AUTH, "create table t as select 1 as n")
        server.sql("alter role postgres set transaction_timeout = '2s'")
        path = f"{programs}:/usr/bin:/bin"
        backing = scripts.with_(server=server, path=path, BACKUP_DATABASES=AUTH)
        running, hook = start_until(backing, "dumped", "backup")
        with pytest.raises(SqlError, match="transaction timeout"):
            server.sql("begin; select pg_sleep(10)")
        hook.release()
        running.wait().expect(0)
    finally:
        server.remove()


def test_dropping_what_a_restore_kept_is_no_loss(filled: Server, scripts: Scripts) -> None:
    filled.sql("create database brewget_kept_20260101_000000_0")
    scripts.backup()
    filled.sql("drop database brewget_kept_20260101_000000_0")

    done = scripts.run("backup").expect(0)

    assert "flagged" not in done.stderr


def test_a_live_restore_gives_nothing_back_that_was_revoked(
    filled: Server, scripts: Scripts
) -> None:
    filled.sql(
        'create role "ON PARAMETER x TO"; create role lost;'
        f'grant "ON PARAMETER x TO" to {AUTH}; grant lost to {AUTH};'
        f"grant set on parameter lc_messages to {AUTH}"
    )
    scripts.backup()
    filled.sql(
        f'revoke "ON PARAMETER x TO" from {AUTH}; drop role lost;'
        f"revoke set on parameter lc_messages from {AUTH}"
    )

    scripts.run("restore", "--replace", "--database", SETTINGS).expect(0)

    member = "select pg_has_role('{}', '{}', 'member')"
    assert filled.sql(member.format(AUTH, "ON PARAMETER x TO")) == "f"
    assert filled.sql(member.format(AUTH, "lost")) == "t", "the role itself had been lost"
    assert filled.sql(f"select has_parameter_privilege('{AUTH}', 'lc_messages', 'set')") == "f"


@pytest.mark.usefixtures("kept")
def test_replication_of_an_old_database_is_named_with_what_ends_it(
    target: Server, scripts: Scripts
) -> None:
    create(target, AUTH, "create table mine (n int)")
    target.sql(
        "create subscription s connection 'host=/nowhere' publication p with (connect = false);"
        " alter subscription s enable",
        AUTH,
    )
    try:
        done = scripts.with_(server=target).run("restore", "--replace", "--database", AUTH)

        done.expect(0)
        assert "replication goes on with the old database" in done.stderr
        assert "ALTER SUBSCRIPTION s DISABLE;" in done.stderr
    finally:
        (old,) = [x for x in target.databases() if x.startswith(f"{AUTH}_replaced_")]
        target.sql("alter subscription s disable", old)
        target.sql("alter subscription s set (slot_name = none)", old)
        target.sql("drop subscription s", old)


def test_a_revoked_grantor_does_not_stop_a_live_restore(filled: Server, scripts: Scripts) -> None:
    filled.sql(
        f"create role app; create role worker; grant app to {AUTH} with admin option;"
        f"grant app to worker granted by {AUTH};"
        f"grant set on parameter lc_messages to {AUTH} with grant option;"
        f"set session authorization {AUTH}; grant set on parameter lc_messages to worker"
    )
    scripts.backup()
    filled.sql(
        f"revoke set on parameter lc_messages from {AUTH} cascade; revoke app from worker granted by {AUTH};"
        f"drop role worker; revoke app from {AUTH}"
    )

    scripts.run("restore", "--replace", "--database", SETTINGS).expect(0)

    assert filled.sql("select pg_has_role('worker', 'app', 'member')") == "t"
    assert filled.sql("select has_parameter_privilege('worker', 'lc_messages', 'set')") == "t"


def test_a_database_without_plpgsql_is_backed_up_like_any_other(
    filled: Server, scripts: Scripts
) -> None:
    filled.sql("drop extension plpgsql", SETTINGS)

    scripts.run("backup").expect(0)


def test_rows_that_an_extension_keeps_for_its_user_are_not_nothing(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    """As pg_cron keeps its jobs."""
    assert kept.names()
    create(target, AUTH)
    target.sql(
        "create extension hstore; create table jobs as select 1 as n;"
        " alter extension hstore add table jobs;"
        " update pg_extension set extconfig = array['jobs'::regclass::oid],"
        " extcondition = array['where n > 0'] where extname = 'hstore'",
        AUTH,
    )
    restoring = scripts.with_(server=target)

    refused = restoring.run("restore", "--database", AUTH).expect(78)
    target.sql("delete from jobs", AUTH)
    restoring.run("restore", "--database", AUTH).expect(0)

    assert "rows of extension hstore" in refused.stderr


def test_an_image_that_archives_leaves_nothing_to_archive_of_a_restore(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    assert kept.names()
    pod = Pod.make(scripts, binaries)

    pod.prepare(POSTGRES_INITDB_ARGS=f"{INITDB_ARGS} -c archive_mode=on").expect(0)

    with pod.running() as server:
        assert server.sql("show archive_mode") == "on"
    assert not list((pod.data / "pg_wal" / "archive_status").glob("0*.ready"))


def test_an_event_trigger_of_the_servers_owner_does_not_keep_the_swap_from_its_work(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    assert kept.names()
    create(target, AUTH, "create table mine (n int)")
    target.sql(
        "create table ddl (at timestamptz); create function note() returns event_trigger language plpgsql"
        " as $$ begin insert into ddl values (now()); end $$;"
        " create event trigger noting on ddl_command_end execute function note()",
        "template1",
    )
    try:
        with visitor(target, AUTH):
            scripts.with_(server=target).run(
                "restore", "--replace", "--database", AUTH, "--database", "postgres"
            ).expect(0)
    finally:
        target.sql("drop event trigger noting; drop function note(); drop table ddl", "template1")

    assert count(target, AUTH, "users") == USERS


def test_a_template_is_named_as_skipped(filled: Server, scripts: Scripts, store: Store) -> None:
    filled.sql("create database models is_template true")

    done = scripts.run("backup").expect(0)

    assert 'skipped "models": "is a template"' in done.stderr
    assert {"name": "models", "why": "is a template"} in store.manifest()["skipped"]
