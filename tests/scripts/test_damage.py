"""The verification finds what a check of the files cannot: a set whose sums are right and whose content is not.

Truncated files and wrong counts are in test_verify.py, as is what must not raise an alarm.
"""

import json

import pytest

from tests.lib.content import AUTH
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store, refresh_sums

DAMAGES = {
    "a role is missing": ("globals.sql", f"CREATE ROLE {AUTH};", ""),
    "an extension is missing": (
        f"{AUTH}.sql",
        "CREATE EXTENSION IF NOT EXISTS hstore WITH SCHEMA public;",
        "",
    ),
    "a table is missing": (f"{AUTH}.sql", "CREATE TABLE public.lone (\n    n integer\n);", ""),
}
REASONS = {
    "a role is missing": AUTH,
    "an extension is missing": "hstore",
    "a table is missing": "lone",
}


@pytest.mark.trap(31)
@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_missing_in_the_content_is_found_and_named(
    filled: Server, scripts: Scripts, store: Store, damage: str
) -> None:
    filled.sql("create extension hstore; create table lone (n integer)", AUTH)
    name = scripts.with_(BACKUP_COMPRESSION="none").backup()
    file, old, new = DAMAGES[damage]
    path = store.root / name / file
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    refresh_sums(store.root / name)

    scripts.verify(name).expect(65)

    why = json.loads((store.root / "failed" / name / "failed.json").read_text())["why"]
    assert REASONS[damage] in why
