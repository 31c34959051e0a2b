"""Whatever PostgreSQL can hold comes back: pg_dumpall before and after are equal."""

from pathlib import Path

import pytest

from tests.lib.content import create, password_of, users_sql
from tests.lib.postgres import Server, literal, quoted
from tests.lib.sandbox import run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store, damage

RICH = """
create extension hstore; create extension pgcrypto; create extension pg_trgm;
create domain percent as numeric check (value between 0 and 100);
create type mood as enum ('sad', 'ok', 'happy');
create type pair as (a int, b text);
create sequence standalone increment 3 start 10; select nextval('standalone');
create table parent (id int, at date not null, feeling mood default 'ok', share percent,
  label text collate "C") partition by range (at);
create table parent_2026 partition of parent for values from ('2026-01-01') to ('2027-01-01');
create table parent_rest partition of parent default;
insert into parent select i, date '2025-12-01' + i, 'sad', i % 100, 'é ☃ ' || i
  from generate_series(1, 300) i;
create table identity_always (id bigint generated always as identity (start 100), width int,
  doubled int generated always as (width * 2) stored, tags hstore, blob bytea);
insert into identity_always (width, tags, blob) select i, hstore('k', i::text), gen_random_bytes(40)
  from generate_series(1, 50) i;
create table odd ("A ""Quoted"" Column" text, nothing int, pairs pair[], j jsonb, ts timestamptz);
insert into odd values (E'tab\\t newline\\n back\\\\slash \\\\. end', null, array[(1, 'x')::pair],
  '{"a": [1, null]}', 'infinity'), (null, null, null, null, '0044-03-15 00:00 BC');
create table no_columns ();
insert into no_columns default values; insert into no_columns default values;
create unlogged table fast (n int); insert into fast values (1);
create table child (extra text) inherits (odd); insert into child (extra) values ('inherited');
create materialized view summary as select feeling, count(*) from parent group by 1;
create materialized view never_filled as select 1 as n with no data;
create unique index on summary (feeling);
create view recent with (security_barrier) as select * from parent where id > 10;
create index on parent using gin (label gin_trgm_ops);
alter table identity_always enable row level security; alter table identity_always
  force row level security;
create policy own on identity_always using (width < 10);
create function noisy() returns event_trigger language plpgsql as
  $$ begin null; end $$;
create function touch() returns trigger language plpgsql as
  $$ begin new.width := 1; return new; end $$;
create trigger touched before update on identity_always for each row execute function touch();
create rule quiet as on delete to no_columns do instead nothing;
create event trigger watch on ddl_command_end execute function noisy();
create schema "Odd Schema"; create table "Odd Schema"."Select" ("from" int primary key);
alter table child add unique (extra);
create publication everything for table parent;
create statistics on_parent on id, at from parent;
select lo_from_bytea(4711, '\\xdeadbeef'); select lo_create(4712);
comment on table parent is 'it''s a comment'; comment on large object 4711 is 'a blob';
create role auditor; create role "Team Lead" login password 'x'; create role nobody_else nologin;
grant auditor to "Team Lead" with admin option;
grant select on parent, summary to auditor; grant update (label) on parent to "Team Lead";
grant select on large object 4711 to auditor; grant usage on schema "Odd Schema" to auditor;
alter default privileges in schema public grant select on tables to auditor;
revoke all on schema public from public; grant create on schema public to auditor;
alter role auditor set statement_timeout = '7s'; alter role "Team Lead" connection limit 3;
alter role "Team Lead" valid until '2099-01-01';
alter database rich set work_mem = '9MB'; alter role auditor in database rich set jit = off;
alter database rich connection limit 17; comment on database rich is 'what it is for';
grant temporary on database rich to auditor;
"""


def saved_and_restored(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> tuple[list[str], list[str]]:
    """Take a set of `source`, prove it, restore it into `target`; return both dumps."""
    before = source.dump_all()
    name = scripts.backup()
    assert damage(store.root / name) == []
    scripts.verify(name).expect(0)
    scripts.with_(server=target).run("restore", name).expect(0)
    return before, target.dump_all()


@pytest.mark.trap(32)
@pytest.mark.parametrize("form", ["custom", "directory"])
def test_a_database_with_everything_in_it_comes_back_equal(
    form: str, source: Server, target: Server, both: Scripts, store: Store
) -> None:
    source.sql("create database rich")
    source.sql(RICH, "rich")

    scripts = both.with_(BACKUP_FORMAT=form)
    before, after = saved_and_restored(source, target, scripts, store)

    assert after == before
    assert any("EVENT TRIGGER" in x for x in after), "the comparison saw what it should see"
    assert amcheck(target) == ""


def amcheck(server: Server) -> str:
    """Return what pg_amcheck finds wrong with the databases of a server."""
    words: list[str | Path] = [
        server.binaries / "pg_amcheck",
        "--all",
        # What is installed there would be in every database that a later test makes.
        "--exclude-database=template1",
        "--install-missing",
        "--heapallindexed",
    ]
    done = run_as(server.identity, words, {**server.environment(), **server.client()})
    return done.stdout + done.stderr


HOSTILE = [
    'with "quotes" in it',
    "it's",
    "two  spaces ",
    "$(touch /tmp/pwned)`id`$HOME",
    "100%s %2F",
    "../../etc/passwd",
    "-f",
    "--help",
    "UPPER lower",
    "größe-数据-☃",
    "back\\slash",
    "dbname=postgres host=elsewhere",
    "postgresql://elsewhere/x",
    "a;drop table x;--",
    "*?[a-z]",
    "#comment",
    "tab\there",
    "semi\nnewline",
    ".",
    "latest",
    "globals",
    "all",
    "x" * 63,
]


@pytest.mark.trap(28)
@pytest.mark.parametrize("half", [0, pytest.param(1, marks=pytest.mark.long)])
def test_databases_and_roles_with_hostile_names_come_back(
    half: int, source: Server, target: Server, both: Scripts, store: Store
) -> None:
    names = [x for x in HOSTILE if "\n" not in x][half::2]
    for number, name in enumerate(names):
        create(source, name, f"create table {quoted(name[:50])} as select {number} as n")

    before, after = saved_and_restored(source, target, both, store)

    assert after == before
    for number, name in enumerate(names):
        assert target.sql(f"select n from {quoted(name[:50])}", name) == str(number)
    files = {x["file"] for x in store.manifest()["databases"]}
    assert len(files) == len(names) + 1
    assert all("/" not in x and " " not in x for x in files)


def test_a_name_with_a_line_break_is_saved_or_refused_by_name_but_never_left_out(
    source: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "semi\nnewline")  # pg_dumpall and pg_dump themselves refuse such names

    done = scripts.run("backup")

    if done.returncode == 0:
        assert "semi\nnewline" in [x["name"] for x in store.manifest()["databases"]]
    else:
        assert "newline" in done.stderr
        assert store.names() == []
    source.sql('drop database "semi\nnewline"')


@pytest.mark.trap(28)
def test_a_password_of_every_printable_character_works_for_the_scripts_themselves(
    lone: Server, both: Scripts, store: Store
) -> None:
    everything = password_of("x") + " é☃ \\:\\\\::"
    lone.sql(f"alter role postgres password {literal(everything)}")
    lone.password = everything

    name = both.with_(server=lone, PGHOST="127.0.0.1").backup()

    assert store.names() == [name]


def test_sequences_go_on_where_they_were(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app", users_sql(10))
    source.sql("create sequence called; create sequence fresh start 5", "app")
    source.sql("select nextval('called')", "app")

    saved_and_restored(source, target, scripts, store)

    assert target.sql("select nextval('called'), nextval('fresh')", "app") == "2|5"
    inserted = "insert into users (name, joined) values ('next', now()) returning id"
    assert target.sql(inserted, "app") == "11"


@pytest.mark.parametrize("more", ["", "create sequence s"], ids=["no sequence", "a sequence"])
def test_what_belongs_to_a_database_itself_comes_back(
    more: str, source: Server, target: Server, both: Scripts
) -> None:
    create(source, "app", "create table t as select 1 as n;" + more)
    create(source, "guest")
    source.sql(
        "comment on database app is 'ours'; alter database app set timezone = 'Asia/Tokyo';"
        "alter database app connection limit 7; revoke all on database app from public;"
        "grant connect on database app to guest"
    )
    look = (
        "select shobj_description(oid, 'pg_database'), datconnlimit, datacl,"
        " (select setconfig from pg_db_role_setting where setdatabase = d.oid)"
        " from pg_database d where datname = 'app'"
    )
    before = source.sql(look)
    assert "guest=c" in before

    both.with_(server=target).run("restore", both.backup()).expect(0)

    assert target.sql(look) == before


@pytest.mark.parametrize(
    "behind",
    [
        "select 1",
        # More than the end of the dump that is searched first.
        "select format('create index %s on t ((n + %s))', repeat('i', 50) || i, i)"
        " from generate_series(1, 300) i\n\\gexec",
        # A line that looks like the end of the rows, behind the values.
        "create index j on t (n); comment on index j is E'one\\n\\\\.\\ntwo'",
    ],
    ids=["little", "much", "deceptive"],
)
def test_a_sequences_value_is_found_whatever_follows_it_in_the_dump(
    behind: str, source: Server, both: Scripts, store: Store
) -> None:
    create(source, "app", "create table t (n int); insert into t values (1); create sequence s")
    source.sql("select nextval('s'), nextval('s')", "app")
    source.sql(behind, "app")

    done = both.run("backup").expect(0)

    (sequence,) = store.database("app")["sequences"]
    assert (sequence["name"], sequence["last_value"]) == ("s", 2)
    assert "warning" not in done.stderr


def test_the_settings_of_roles_and_databases_do_not_disturb_a_backup(
    source: Server, target: Server, scripts: Scripts
) -> None:
    create(source, "app", users_sql(2000))
    source.sql(
        "alter database app set default_transaction_read_only = on;"
        "alter database app set search_path = nowhere; alter database app set datestyle = 'German';"
        "alter role postgres set statement_timeout = '1ms';"
        "alter database app set timezone = 'Asia/Tokyo';"
        "alter database app set extra_float_digits = -3; alter database app set role = 'app';"
        "alter database app set bytea_output = 'escape';"
        "alter role all set client_encoding = 'LATIN1'"
    )
    try:
        name = scripts.backup()
        scripts.verify(name).expect(0)
        scripts.with_(server=target).run("restore", name).expect(0)
    finally:
        source.sql("alter role postgres reset all; alter role all reset all")
    assert target.sql("reset role; select count(*) from public.users", "app") == "2000"


@pytest.mark.long
def test_two_thousand_tables_come_back(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "many")
    source.sql(
        "select format('create table t%s as select %s as n, md5(%s::text) as t', i, i, i)"
        " from generate_series(1, 2000) i\n\\gexec\n",
        "many",
    )

    before, after = saved_and_restored(source, target, scripts, store)

    assert after == before
    assert len(store.database("many")["tables"]) == 2000


def test_other_encodings_and_locales_come_back(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    source.sql("create database latin encoding 'LATIN1' locale 'C' template template0")
    source.sql("create database mixed lc_collate 'C' lc_ctype 'C.UTF-8' template template0")
    source.sql("create table t as select chr(233) as é", "latin")
    source.sql("create table t as select 'ä' as a union all select 'z'", "mixed")

    before, after = saved_and_restored(source, target, scripts, store)

    assert after == before
    assert store.database("latin")["encoding"] == "LATIN1"
    mixed = store.database("mixed")
    assert (mixed["locale"], mixed["ctype"]) == ("C", "C.UTF-8")


def test_an_empty_cluster_gives_a_set_that_verifies(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    before, after = saved_and_restored(source, target, scripts, store)

    assert after == before
