"""Why backups run as the superuser: what stops a lesser role, which then takes no half set."""

import pytest

from tests.lib.postgres import SUPERUSER_PASSWORD, Server, literal
from tests.lib.scripts import Scripts
from tests.lib.store import Store

DATABASE = "brewget_auth"
# What any application may do one day, and what the role is then told.
OBSTACLES = {
    "large object": ("select lo_from_bytea(0, 'malt')", "permission denied for large object"),
    "row security": (
        "create table brew (name text); alter table brew enable row level security",
        'affected by row-level security policy for table "brew"',
    ),
    "closed database": (
        f"revoke connect on database {DATABASE} from public",
        f'permission denied for database "{DATABASE}"',
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
