"""The verification finds what a check of the files cannot: a set whose sums are right and whose content is not.

Its bytes are whole, so it stays. Truncated files and wrong counts are in test_verify.py, as is what must not raise an alarm.
"""

import json

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH
from tests.lib.liar import redump
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store, refresh_sums

BEFORE = """
create extension hstore; create extension citext;
create table lone (n integer);
create table listed (n integer); insert into listed select generate_series(1, 10);
create view small as select n from listed where n < 3;
create sequence numbers;
"""
DAMAGES = {
    "an extension": ("drop extension hstore", "extension hstore in brewget_auth (missing)"),
    "a table": ("drop table lone", 'table "public"."lone" is missing'),
    "a row": ("delete from listed where n = 10", 'table "public"."listed": saved 10, restored 9'),
    "a value": ("update listed set n = 11 where n = 10", 'table "public"."listed": saved '),
    "a sequence's value": ("select setval('numbers', 5)", 'sequence "public"."numbers": saved '),
    "a large object": ("select lo_create(0)", "large_objects: saved 0, restored 1"),
    "an index": ("alter table users drop constraint users_pkey", "users_pkey"),
    "a view": (
        "create or replace view small as select n from listed where n < 4",
        "view public.small",
    ),
    "an owner": (f"alter view small owner to {AUTH}", "view public.small"),
    "a grant": ("grant select on listed to public", "table public.listed"),
}


@pytest.mark.trap(31)
@pytest.mark.parametrize("damage", some(DAMAGES))
def test_what_is_not_as_it_was_is_found_and_named(
    damage: str, filled: Server, scripts: Scripts, store: Store
) -> None:
    statement, named = DAMAGES[damage]
    filled.sql(BEFORE, AUTH)
    name = scripts.backup()
    filled.sql(statement, AUTH)
    redump(filled, store, name, AUTH)

    scripts.verify(name).expect(78)

    assert store.names() == [name]
    assert store.link("latest-verified") is None
    why = json.loads((store.root / name / "unverified.json").read_text())["why"]
    assert named in why


@pytest.mark.trap(31)
def test_a_role_that_is_missing_is_found_and_named(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    assert filled.databases()
    name = scripts.with_(BACKUP_COMPRESSION="none").backup()
    path = store.root / name / "globals.sql"
    text = path.read_text()
    assert text.count(f"CREATE ROLE {AUTH};") == 1
    path.write_text(text.replace(f"CREATE ROLE {AUTH};", ""))
    refresh_sums(store.root / name)

    scripts.verify(name).expect(78)

    assert store.names() == [name]
    assert AUTH in json.loads((store.root / name / "unverified.json").read_text())["why"]
