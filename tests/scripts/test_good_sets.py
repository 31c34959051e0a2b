"""What a restore cannot but do in another way says nothing against a set: it stays, and is verified."""

import json
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import create
from tests.lib.pod import Pod
from tests.lib.postgres import Server, quoted
from tests.lib.scripts import Scripts
from tests.lib.store import Store, change_manifest, refresh_sums
from tests.lib.toolbox import Tools, path_of
from tests.lib.upgrades import V17
from tests.lib.wheels import programs_of

REGIONAL = "create materialized view here as select current_setting('app.region') as region;"
AUDIT = """
create table ddl_log (at timestamptz default now(), tag text);
create table t as select i as n from generate_series(1, 5) i;
create materialized view doubled as select n * 2 as n from t;
create function log_ddl() returns event_trigger language plpgsql as
  $$ begin insert into public.ddl_log (tag) values (tg_tag); end $$;
create event trigger audit on ddl_command_end execute function log_ddl();
"""
FORBID = AUDIT.replace("insert into public.ddl_log (tag) values (tg_tag)", "raise 'no DDL here'")


def assert_good(scripts: Scripts, target: Server, name: str) -> None:
    """It is verified, and it comes back into a server with other data, too."""
    scripts.verify(name).expect(0)
    scripts.with_(server=target).run("restore", name).expect(0)


@pytest.mark.trap(31)
@pytest.mark.parametrize("form", some(["custom", "directory"]))
@pytest.mark.parametrize("triggers", [AUDIT, FORBID], ids=["logs", "forbids"])
def test_event_triggers_are_not_fired_by_the_load(
    triggers: str, form: str, source: Server, target: Server, scripts: Scripts
) -> None:
    create(source, "app")
    source.sql(triggers, "app")

    assert_good(scripts, target, scripts.with_(BACKUP_FORMAT=form).backup())

    assert target.sql("select count(*) from doubled", "app") == "5"
    assert target.sql("select evtenabled from pg_event_trigger", "app") == "O", "it fires again"


@pytest.mark.trap(28)
@pytest.mark.parametrize("database", ["app", "od\"d SET x TO  it's"])
def test_a_databases_settings_are_in_force_while_it_is_loaded(
    database: str, source: Server, target: Server, both: Scripts
) -> None:
    create(source, database)
    for setting in ("app.region = 'eu'", "timezone = 'Asia/Tokyo'", "app.note = 'a \"b\" SET\nc'"):
        source.sql(f"alter database {quoted(database)} set {setting}")
    source.sql(
        "create table visits as select timestamptz '2026-11-22 20:00Z' as at;"
        "create materialized view days as select at::date::text as day from visits;" + REGIONAL,
        database,
    )
    look = "select (select day from days), (select region from here), current_setting('app.note')"
    before = source.sql(look, database)
    assert before == '2026-11-23|eu|a "b" SET\nc'

    assert_good(both, target, both.backup())

    assert target.sql(look, database) == before
    assert target.sql("select count(*) from pg_db_role_setting") == "1", "none for another name"


def test_a_databases_settings_disturb_no_load(
    source: Server, target: Server, scripts: Scripts
) -> None:
    create(
        source,
        "app",
        "create table t as select array[null, 'NULL'] as words, '-1 day 2:00'::interval as i;"
        " create table big as select md5(n::text) as n from generate_series(1, 100000) n;"
        " create index on big (n)",
    )
    for setting in (
        "default_transaction_read_only = on",
        "default_transaction_isolation = serializable",
        "array_nulls = off",
        "intervalstyle = sql_standard",
        "search_path = nowhere",
        "statement_timeout = '1ms'",
        "lc_monetary = 'C.UTF-8'",
        "default_tablespace = nowhere",
        "session_replication_role = replica",
        "temp_file_limit = '64kB'",
        "maintenance_work_mem = '1MB'",
    ):
        source.sql(f"alter database app set {setting}")

    assert_good(scripts, target, scripts.backup())

    assert target.sql("select words from public.t", "app") == '{NULL,"NULL"}'


def left_out(store: Store, name: str) -> list[tuple[str, str, str]]:
    """Kind, name and reason of what a verification did not see come back."""
    verdict = json.loads((store.root / name / "verified.json").read_text())
    return [(x["kind"], x["name"], x["why"]) for x in verdict["left_out"]]


def test_a_library_that_sessions_are_to_load_and_that_is_missing_is_not_the_sets_fault(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app", "create table t as select 1 as n")
    name = scripts.backup()
    databases = store.manifest(name)["databases"]
    app = next(x for x in databases if x["name"] == "app")
    app["settings"] = ["ALTER DATABASE app SET session_preload_libraries TO nowhere"]
    change_manifest(store.root / name, databases=databases)

    assert_good(scripts, target, name)

    ((kind, role, why),) = left_out(store, name)
    assert (kind, role) == ("login", "app"), "it opens nothing that ends its sessions"
    assert 'could not access file "nowhere"' in why


STATEMENTS = {
    "ALTER DATABASE app SET work_mem TO '7MB'": " SET work_mem TO '7MB'",
    'ALTER DATABASE "a "" SET b" SET app.x TO E\'c" SET d\\n\'': " SET app.x TO E'c\" SET d\\n'",
    "ALTER DATABASE app SET app.x TO 'no_timeout TO see'": " SET app.x TO 'no_timeout TO see'",
    "ALTER DATABASE app SET \"Odd\".x TO 'two\nlines'": " SET \"Odd\".x TO 'two\nlines'",
    "ALTER DATABASE app SET session_preload_libraries TO nowhere": None,
    "ALTER DATABASE app SET transaction_timeout TO '1s'": None,
    "ALTER DATABASE app CONNECTION LIMIT 7": None,
    "COMMENT ON DATABASE app IS 'ALTER DATABASE app SET app.x TO 1'": None,
    'ALTER ROLE "ALTER DATABASE" IN DATABASE app SET work_mem TO 1': None,
    'GRANT CONNECT ON DATABASE "x SET y" TO app': None,
}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_only_settings_of_all_sessions_are_applied_before_the_load(
    statement: str, both: Scripts
) -> None:
    text = """
        MANIFEST_FLAT="$WORK/flat"
        printf 'databases.0.settings.0\\t%s\\n' "$1" >"$MANIFEST_FLAT"
        globals_statements 0 'the "other" one'
    """
    found = both.functions("restore", text, json.dumps(statement)).expect(0).stdout

    rest = STATEMENTS[statement]
    assert found == ("" if rest is None else f'ALTER DATABASE "the ""other"" one"{rest};\n')


HASHED = """
create type mood as enum ('sad', 'ok', 'happy', 'mad', 'bad', 'good', 'fine');
create table people (feeling mood, n int) partition by list (n);
create table one partition of people for values in (1) partition by hash (feeling);
create table rest partition of people default;
select format('create table one_%s partition of one for values with (modulus 4, remainder %s)',
  i, i) from generate_series(0, 3) i \\gexec
insert into people select m, n from unnest(enum_range(null::mood)) m, generate_series(1, 2) n;
"""


@pytest.fixture
def hashed(source: Server, scripts: Scripts, store: Store) -> str:
    """A set with rows that a restore puts into other partitions: the enum's numbers differ."""
    # Numbers of this server that no new one gives out.
    source.sql("create database spent; create database app")
    source.sql("select lo_create(0) from generate_series(1, 1013)", "spent")
    source.sql(HASHED, "app")
    return scripts.backup()


def test_rows_may_come_back_in_another_hash_partition(
    hashed: str, target: Server, both: Scripts, store: Store
) -> None:
    rows = {x["name"]: x["rows"] for x in store.database("app")["tables"]}

    assert_good(both, target, hashed)

    found = {x: int(target.sql(f"select count(*) from only {x}", "app")) for x in rows}
    assert found != rows, "the test is worth something only where they differ"
    assert sum(found.values()) == sum(rows.values()) == 14


@pytest.mark.parametrize(("key", "by"), [("rows", 1), ("rows", -1), ("hash", 1), ("hash", -1)])
def test_hash_partitions_are_compared_by_their_sum(
    key: str, by: int, hashed: str, scripts: Scripts, store: Store
) -> None:
    databases = store.manifest(hashed)["databases"]
    tables = next(x for x in databases if x["name"] == "app")["tables"]
    leaf = next(x for x in tables if x["name"].startswith("one_") and x["rows"] > 0)
    leaf[key] = type(leaf[key])(int(leaf[key]) + by)
    change_manifest(store.root / hashed, databases=databases)

    done = scripts.verify(hashed).expect(78)

    assert 'hash partitions of "public"."one": saved' in done.stderr


GENERATED = """
create function price(n int) returns int immutable language sql as 'select $1 * 2';
create table t (n int, p int generated always as (price(n)) stored, only_p text);
insert into t values (1), (2);
"""
REPRICED = (
    "create or replace function price(n int) returns int immutable language sql as 'select $1 * 3'"
)


def test_generated_columns_are_not_compared_as_a_restore_computes_them_anew(
    source: Server, target: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app", GENERATED)
    source.sql(REPRICED, "app")
    name = scripts.backup()

    assert_good(scripts, target, name)

    assert store.manifest()["generated_columns"] == "not hashed"
    assert target.sql("select sum(p) from t", "app") == "9"


@pytest.mark.parametrize(("more", "status"), [("", 0), (REPRICED, 78)], ids=["kept", "changed"])
def test_sets_of_earlier_scripts_are_compared_with_their_generated_columns(
    more: str, status: int, source: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app", GENERATED)
    source.sql(more, "app")
    name = scripts.backup()
    now = store.manifest(name)
    sums = "select sum(hashtextextended(row(n, only_p, p)::text, 0)) from t"
    next(x for x in now["databases"] if x["name"] == "app")["tables"][0]["hash"] = source.sql(
        sums, "app"
    )
    del now["generated_columns"]
    path = store.root / name / "manifest.json"
    path.write_text(json.dumps(now))
    refresh_sums(store.root / name)

    scripts.verify(name).expect(status)


@pytest.mark.trap(45)
@pytest.mark.trap(31)
def test_a_library_that_has_to_be_loaded_at_start_is_not_the_sets_fault(
    scripts: Scripts, store: Store, binaries: Path
) -> None:
    server = Server(scripts.box, binaries)
    server.extra = ["-c", "shared_preload_libraries=pg_stat_statements"]
    server.start()
    try:
        create(server, "app")
        server.sql(
            "create extension pg_stat_statements;"
            "create materialized view slow as select * from pg_stat_statements",
            "app",
        )
        name = scripts.with_(server=server).backup()
    finally:
        server.remove()

    for done in (scripts.verify(name), Pod.make(scripts, binaries).prepare()):
        assert "public.slow in app (pg_stat_statements must be loaded via" in done.expect(0).stderr
    ((kind, view, _),) = left_out(store, name)
    assert (kind, view) == ("materialized view", "public.slow")


def test_rows_that_no_statistics_can_be_made_of_are_not_the_sets_fault(
    source: Server, target: Server, scripts: Scripts
) -> None:
    create(source, "app")
    source.sql(
        "create function share(n int) returns int immutable language sql as 'select 1 / n';"
        "create table t as select 0 as n; create statistics shares on (share(n)) from t",
        "app",
    )
    name = scripts.backup()

    assert "division by zero" in scripts.verify(name).expect(0).stderr
    assert_good(scripts, target, name)


def test_of_settings_that_differ_the_values_are_told_nobody(
    source: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app")
    source.sql(
        "create role reader; grant connect on database app to reader;"
        "alter database app set app.jwt_secret = 'hush'; alter database app set work_mem = '7MB'"
    )
    name = scripts.backup()
    databases = store.manifest(name)["databases"]
    settings = next(x for x in databases if x["name"] == "app")["settings"]
    settings.remove(next(x for x in settings if x.endswith("TO reader")))
    # Both are applied, the later one counts.
    settings.append("ALTER DATABASE app SET app.jwt_secret TO 'psst'")
    change_manifest(store.root / name, databases=databases)

    done = scripts.verify(name).expect(0)

    told = (store.root / name / "verified.json").read_text()
    for text in (done.stderr, done.stdout, told):
        assert "hush" not in text
        assert "psst" not in text
        assert "work_mem" not in text, "nor what does not differ"
    assert "ALTER DATABASE app SET app.jwt_secret" in told


LOGINS = """
create table logins (at timestamptz default now());
create function note_login() returns event_trigger security definer language plpgsql as
  $$ begin insert into public.logins default values; end $$;
create event trigger noted on login execute function note_login();
"""


@pytest.mark.trap(31)
def test_a_trigger_on_login_does_not_fire_for_the_sessions_of_a_restore(scripts: Scripts) -> None:
    """PostgreSQL 17 has them."""
    programs = programs_of(scripts.box, V17)
    server = Server(scripts.box, programs).start()
    newer = scripts.with_(server=server, path=path_of(Tools.GNU, scripts.box, programs))
    try:
        create(server, "app")
        server.sql(LOGINS, "app")
        name = newer.backup()

        newer.verify(name).expect(0)
        newer.run("restore", name, "--replace").expect(0)
    finally:
        server.remove()
