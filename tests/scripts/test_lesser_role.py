"""Why backups run as the superuser: what stops a lesser role, which then takes no half set."""

import pytest

from tests.lib.postgres import SUPERUSER_PASSWORD, Server, literal
from tests.lib.scripts import Scripts
from tests.lib.store import Store

DATABASE = "brewget_auth"
# What any application may do one day, and what the role is then told.
OBSTACLES = {
    "large object": (
        "select lo_from_bytea(0, 'malt')",
        "it may not read 1 large objects",
    ),
    "row security": (
        "create table brew (name text); alter table brew enable row level security",
        "row security hides rows of public.brew from it",
    ),
}


@pytest.fixture(name="lesser")
def _lesser(filled: Server, scripts: Scripts) -> Scripts:
    """The scripts as a role that may read every table, the one with the password hashes too."""
    filled.sql(
        f"create role lesser login password {literal(SUPERUSER_PASSWORD)};"
        "grant pg_read_all_data to lesser"
    )
    return scripts.with_(PGUSER="lesser")


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_a_lesser_role_takes_sets_until_an_application_closes_something(
    obstacle: str, filled: Server, lesser: Scripts, store: Store
) -> None:
    good = lesser.backup()
    statement, told = OBSTACLES[obstacle]
    filled.sql(statement, DATABASE)

    done = lesser.run("backup").expect(69)

    assert told in done.stderr
    assert store.names() == [good], "no set with a hole in it"


def test_a_lesser_role_says_at_every_set_that_an_application_let_it_in_no_more(
    filled: Server, lesser: Scripts, store: Store
) -> None:
    lesser.backup()
    filled.sql(f"revoke connect on database {DATABASE} from public")

    done = lesser.run("backup").expect(0)

    assert f'skipped "{DATABASE}": "lesser may not connect to it"' in done.stderr
    assert f'database "{DATABASE}" of' in store.manifest()["flagged"]
