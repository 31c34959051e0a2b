"""Object lists: what came back as it was gives no line, however it is printed."""

import subprocess

import pytest

from tests.lib.content import fill
from tests.lib.kinds import BASE, ODD, ROLES
from tests.lib.objects import QUIET, Lists, dump, restore, round_trip
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox
from tests.lib.toolbox import Tools
from tests.lib.waiting import wait_for
from tests.lib.wheels import programs_of

SLEEPS = "select count(*) from pg_stat_activity where query ~ 'pg_sleep' and wait_event = 'PgSleep'"


@pytest.fixture
def empty(source: Server) -> Server:
    """A server with the roles that the schemas here name."""
    for role in ROLES:
        source.sql(f"create role {role}")
    return source


@pytest.fixture
def lists(empty: Server, box: Sandbox, tools: Tools) -> Lists:
    """The lists of that server, in either world."""
    return Lists(box, empty, tools)


@pytest.mark.parametrize("schema", [BASE, ODD], ids=["each kind", "odd"])
def test_a_restored_schema_differs_in_nothing(schema: str, lists: Lists) -> None:
    assert round_trip(lists, schema) == []


def test_an_empty_database_and_the_applications_differ_in_nothing(
    lists: Lists, box: Sandbox
) -> None:
    fill(lists.server)
    for database in ("postgres", "brewget_auth", "brewget_settings"):
        saved = lists.save(database)
        restore(lists.server, dump(lists.server, database, box), f"{database} again")
        assert lists.differences(saved, f"{database} again") == []


@pytest.mark.parametrize("schema", [BASE, ODD], ids=["each kind", "odd"])
@pytest.mark.parametrize("version", ["17.11", "18.6"])
def test_a_newer_server_prints_the_same_or_is_asked(
    version: str, schema: str, empty: Server, box: Sandbox
) -> None:
    lists = Lists(box, empty)
    empty.sql("create database made template template0")
    empty.sql(QUIET + schema, "made")
    newer = Server(box, programs_of(box, version)).start()
    try:
        for role in (*ROLES, "gone"):
            newer.sql(f"create role {role}")
        restore(newer, dump(empty, "made", box), "again")
        assert Lists(box, newer).differences(lists.save("made"), "again") == []
    finally:
        newer.remove()


def test_a_grant_to_a_role_that_is_gone_is_none(lists: Lists) -> None:
    server = lists.server
    server.sql("create role gone")
    server.sql("create table t (i int); grant select on t to gone; create table u (i int)")
    server.sql("create policy p on u to gone, reader")
    server.sql("delete from pg_authid where rolname = 'gone'")
    saved = lists.save("postgres")
    server.sql("revoke all on t from public; drop policy p on u; create policy p on u to reader")
    server.sql("update pg_class set relacl = null where relname = 't'")

    assert lists.differences(saved, "postgres") == []


def test_a_child_has_the_state_of_its_parents_constraint(lists: Lists) -> None:
    # A child that is made later has it valid; restored it has not.
    schema = (
        "create table t (i int); alter table t add constraint small check (i < 9) not valid;"
        " create table child () inherits (t)"
    )

    assert round_trip(lists, schema) == []
    lists.server.sql("alter table t validate constraint small", "again")
    found = lists.differences(lists.save("made"), "again")
    assert [line[:3] for line in found] == [["differs", "check constraint", "small on public.t"]]


def test_a_comment_on_what_is_gone_is_none(lists: Lists) -> None:
    # PostgreSQL leaves a subscription's comment behind.
    commented = (
        "create subscription feed connection 'host=nowhere' publication p"
        " with (connect = false, slot_name = none); comment on subscription feed is 'of old';"
        " drop subscription feed"
    )

    assert round_trip(lists, commented) == []
    assert lists.server.sql("select description from pg_description where classoid = 6100", "made")


def test_what_a_session_made_for_itself_is_none_of_the_database(lists: Lists, box: Sandbox) -> None:
    server = lists.server
    mine = (
        "create temp table t (i int generated always as identity primary key, j int default 3 check (j > 0));"
        " comment on table t is 'mine'; comment on column t.i is 'mine'; create temp view v as select 1 as i;"
        " create type pg_temp.p as (a int); create type pg_temp.e as enum ('a'); create domain pg_temp.d as int check (value > 0);"
        " create function pg_temp.f() returns int language sql as 'select 1'; comment on function pg_temp.f() is 'mine';"
        " create statistics s on i, j from t; create trigger g before update on t for each row execute"
        " function suppress_redundant_updates_trigger(); create operator pg_temp.=== (function = int4eq, leftarg = int, rightarg = int);"
        " create aggregate pg_temp.a (int) (sfunc = int4pl, stype = int); create temp sequence q"
    )
    held = subprocess.Popen(
        [server.binaries / "psql", "-Xqc", mine, "-c", "select pg_sleep(60)"],
        env={**server.environment(), **server.client()},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for("it to sleep", lambda: server.sql(SLEEPS) == "1", 20)
        saved = lists.save("postgres")
        restore(server, dump(server, "postgres", box), "again")
        assert lists.differences(saved, "again") == []
    finally:
        held.terminate()
        held.wait(10)


@pytest.mark.trap(48)
def test_what_comes_back_bound_to_another_operator_differs(lists: Lists) -> None:
    # IS DISTINCT FROM cannot name its operator's schema: restored, it is text's own.
    schema = (
        "create extension citext; create table t (a citext, b citext);"
        " create view v as select a is distinct from b as d from t;"
        " create view w as select a = b as d from t"
    )

    found = round_trip(lists, schema)

    assert [line[:3] for line in found] == [["differs", "view", "public.v"]]
    assert "dependencies" in found[0][3]


def test_a_subscription_comes_back_disabled_and_is_compared_for_the_rest(lists: Lists) -> None:
    server = lists.server
    feed = "create subscription feed connection 'host=nowhere' publication p with (connect = false, slot_name = none)"
    drop = "drop subscription if exists feed"
    try:
        assert round_trip(lists, feed) == []
        saved = lists.save("made")
        for change in (
            "alter subscription feed connection 'host=elsewhere'",
            "alter subscription feed set (synchronous_commit = on)",
            drop,
        ):
            server.sql(QUIET + change, "again")
            found = lists.differences(saved, "again")
            assert [line[1:3] for line in found] == [["subscription", "feed"]]
            server.sql(f"{QUIET}{drop};{feed}", "again")
            assert lists.differences(saved, "again") == []
    finally:
        for database in ("made", "again"):
            server.sql(QUIET + drop, database)


def test_a_database_that_cannot_be_read_is_no_finding(lists: Lists) -> None:
    saved = lists.save("postgres")

    done = lists.call('objects_compare "$1" "$2" || exit $?', str(saved), "nowhere")

    assert done.returncode == 69, done.said
    assert done.stdout == ""
