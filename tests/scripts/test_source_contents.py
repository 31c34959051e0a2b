"""What a backup reads of the tables: all that can be read, as nobody who may do more, in little memory."""

import threading
import time
from pathlib import Path

import pytest

from tests.lib.content import create, password_of
from tests.lib.postgres import Server
from tests.lib.sandbox import run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store, change_manifest

WHOLE = 'sum(hashtextextended(row({})::text collate "C", 0)) from {}'
"""How a row is hashed that is not long."""

# What several applications' install pages tell, and what makes it a matter of rights: the planner computes what is
# constant in it, whoever asks for the rows.
INDEXED = """
create function as_owner(text) returns int immutable language plpgsql as $$ begin
  if (select rolsuper from pg_roles where rolname = current_user) then raise 'runs as %', current_user; end if;
  return {}(1); end $$;
create function one(int) returns int immutable language sql as 'select $1';
create function another(text) returns text immutable language sql as 'select $1';
create function plain(text) returns text immutable strict language sql as $$ select lower(another($1)) $$;
create table person (id int primary key, name text not null);
insert into person select i, 'René ' || i from generate_series(1, 50) i;
create index person_plain on person (plain(name));
create index person_some on person (id) where id > as_owner('x');
create table measured (id int, name text);
insert into measured select i, 'Zoë ' || i from generate_series(1, 20) i;
create statistics of_measured on (plain(name)), (id + as_owner('x')) from measured;
create table other as select 7 as n;
"""


def tables(store: Store, database: str, name: str) -> dict[str, dict[str, object]]:
    """The tables of a set."""
    return {table["name"]: table for table in store.database(database, name)["tables"]}


def test_tables_with_functions_in_their_indexes_are_read_as_their_owner(
    source: Server, target: Server, both: Scripts, store: Store
) -> None:
    """They need a path that we do not have, and run what their owner wrote."""
    create(source, "app", INDEXED.format("one"))

    name = both.backup()

    made = tables(store, "app", name)
    look = "select " + WHOLE.format("id, name", "{}")
    for table, rows in (("person", 50), ("measured", 20)):
        assert made[table]["rows"] == rows
        # By sequence number: the test's session may ask as it likes.
        hashed = source.sql(
            f"create table copied as table {table}; {look.format('copied')}; drop table copied",
            "app",
            user="app",
            password=password_of("app"),
        )
        assert made[table]["hash"] == hashed
    assert store.manifest(name)["notes"] == []
    both.verify(name).expect(0)
    both.with_(server=target).run("restore", name).expect(0)
    assert (
        target.sql("select count(*) from person", "app", user="app", password=password_of("app"))
        == "50"
    )
    assert "rows_for" not in str(store.manifest(name))


def test_a_table_that_cannot_be_read_even_so_is_named_and_the_set_goes_on(
    source: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app", INDEXED.format("one"))
    first = scripts.backup()
    source.sql(
        "create or replace function one(int) returns int immutable language plpgsql as $$ begin raise 'no more'; end $$",
        "app",
    )

    done = scripts.run("backup").expect(0)

    name = done.stdout.strip()
    made = tables(store, "app", name)
    for table in ("person", "measured"):
        assert (made[table]["rows"], made[table]["hash"]) == (None, None)
        assert f"the rows of public.{table} are not compared" in done.stderr
        (note,) = [x for x in store.manifest(name)["notes"] if table in x]
        assert "no more" in note
    assert made["other"]["hash"]
    assert store.manifest(name)["flagged"] is None
    assert store.manifest(name)["emptied"] == []
    scripts.verify(name).expect(0)
    scripts.verify(first).expect(0)


class Memory:
    """The private memory of all sessions of a server, looked at until it is left."""

    def __init__(self, server: Server) -> None:
        """Of this server."""
        assert server.process
        self.parent, self.peak, self.ended = server.process.pid, 0, threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        children = Path(f"/proc/{self.parent}/task/{self.parent}/children")
        while not self.ended.is_set():
            self.peak = max(self.peak, sum(map(_private, children.read_text().split())))
            time.sleep(0.01)

    def __enter__(self) -> "Memory":
        """Look from now on."""
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Look no more."""
        self.ended.set()
        self.thread.join()


def _private(pid: str) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(x.split()[1]) for x in status.splitlines() if x.startswith("RssAnon"))


LARGE = """
create table files (id int, body bytea, page text, document jsonb);
alter table files alter body set storage external;
insert into files select 1, string_agg(decode(repeat(md5('b'), 65536), 'hex'), ''::bytea), null, null from generate_series(1, {0});
insert into files select 2, null, repeat(E'a "quoted" line\\n', {0} * 65536), null;
insert into files select 3, null, null, to_jsonb(repeat(md5('d') || '"', {0} * 3 * 32768));
insert into files select i, decode(md5(i::text), 'hex'), md5(i::text), to_jsonb(i) from generate_series(4, 100) i;
create table small as select i, repeat(md5(i::text), 1000) as page from generate_series(1, 100) i;
"""


@pytest.mark.long
def test_values_of_many_megabytes_take_no_more_memory_than_pg_dump_and_come_back_equal(
    source: Server, scripts: Scripts, store: Store
) -> None:
    """Beside pg_dump, whose session needs several times such a value's size."""
    create(source, "app", LARGE.format(24))
    with Memory(source) as alone:
        done = run_as(
            source.identity,
            [source.binaries / "pg_dump", "-Fc", "-Z0", "--no-sync", "-f", "/dev/null", "app"],
            {**source.environment(), **source.client()},
        )
        assert done.returncode == 0, done.stderr

    with Memory(source) as beside:
        name = scripts.backup()

    assert beside.peak < 2 * alone.peak, "in kB"
    files, small = (tables(store, "app", name)[x] for x in ("files", "small"))
    assert files["hash"] is None, "what hashes rows as a whole must not take this for another"
    assert "hash_by_column" not in small
    assert small["hash"] == source.sql("select " + WHOLE.format("i, page", "small"), "app")
    scripts.verify(name).expect(0)
    manifest = store.root / name / "manifest.json"
    text = manifest.read_text()

    _rewrite(store, name, text.replace(str(files["hash_by_column"]), "4711"))
    assert "saved" in scripts.verify(name).expect(78).stderr
    # As sets of earlier scripts have it.
    old = source.sql("select " + WHOLE.format("body, document, id, page", "files"), "app")
    _rewrite(
        store,
        name,
        text.replace(
            f'"hash": null, "hash_by_column": "{files["hash_by_column"]}"', f'"hash": "{old}"'
        ),
    )
    assert "hash_by_column" not in manifest.read_text()
    scripts.verify(name).expect(0)


def _rewrite(store: Store, name: str, text: str) -> None:
    directory = store.root / name
    (directory / "manifest.json").write_text(text)
    for said in ("verified.json", "unverified.json"):
        (directory / said).unlink(missing_ok=True)
    change_manifest(directory)


def test_a_row_that_no_text_can_hold_is_named_with_the_ways_on(
    source: Server, scripts: Scripts, store: Store
) -> None:
    """COPY writes a line break as two characters: this row has more than 1 GB of them."""
    create(source, "good", "create table t as select generate_series(1, 9) as n")
    create(source, "app", "create table files as select 1 as id, 'a' as body")
    before = scripts.backup()
    source.sql("update files set body = repeat(E'\\n', 540000000)", "app")

    done = scripts.run("backup").expect(69)

    for word in ("cannot dump app", 'table "files"', "large object", "backup.skip"):
        assert word in done.stderr
    assert store.names() == [before]

    skipping = scripts.with_(BACKUP_SKIP="app\nof nobody")
    done = skipping.run("backup").expect(0)

    name = done.stdout.strip()
    manifest = store.manifest(name)
    assert 'skipped "app": "is named in backup.skip"' in done.stderr
    assert {"name": "app", "why": "is named in backup.skip"} in manifest["skipped"]
    assert [x["name"] for x in manifest["databases"]] == ["good", "postgres"]
    assert manifest["flagged"] is None
    scripts.verify(name).expect(0)


@pytest.mark.trap(60)
def test_a_replication_slot_that_nobody_reads_is_named_with_what_it_keeps(
    source: Server, scripts: Scripts, store: Store
) -> None:
    source.sql(
        "select pg_create_physical_replication_slot(x, true) from unnest(array['forgotten', 'new']) x"
    )
    try:
        source.sql(
            "create table t as select i, md5(i::text) from generate_series(1, 200000) i; select pg_switch_wal(); checkpoint"
        )
        source.sql(
            "select pg_drop_replication_slot('new'), pg_create_physical_replication_slot('new', true)"
        )
        done = scripts.run("backup").expect(0)
    finally:
        source.sql("select pg_drop_replication_slot(slot_name) from pg_replication_slots")

    (note,) = store.manifest()["notes"]
    assert note.startswith("the replication slot forgotten is read by nobody and keeps ")
    assert f"note: {note}" in done.stderr
    assert " MB of WAL" in note


def test_the_search_for_empty_tables_leaves_nothing_of_an_owners_behind(
    source: Server, scripts: Scripts
) -> None:
    """What an owner's function makes in our session could be run by our superuser afterwards."""
    create(
        source,
        "app",
        """create function makes() returns int language plpgsql as $$ begin
             create table left_behind (id int); return 1; end $$;
           create function calls(int) returns int immutable language plpgsql as $$ begin
             return case when to_regproc('pg_temp.rows_for_' || current_user::regrole::oid) is null
               then 1 else makes() end; end $$;
           create table t (id int); create index on t (id) where id > calls(1)""",
    )
    look = 'psql_prepare; psql_run app -v user_relations="$USER_RELATIONS" -v held=false'

    scripts.functions("restore", f'{look} <<<"$SQL_READERS$SQL_ROWLESS"')

    assert source.sql("select to_regclass('left_behind') is null", "app") == "t"
