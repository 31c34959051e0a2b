"""A restore that comes to nothing leaves nothing behind in the server."""

from tests.lib.content import AUTH, SETTINGS
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store

REFUSED = 78
TERMINATED = 143
HOOK = """#!/bin/bash
case $1 in
roles) psql -X -q -d postgres -c 'create role visitor' ;;
created) kill $PPID ;;
esac
"""
ROLES = "select string_agg(rolname, ' ' order by rolname) from pg_roles where rolname !~ '^pg_'"


def test_a_strict_restore_that_refuses_leaves_no_role_and_no_database(
    filled: Server, target: Server, scripts: Scripts
) -> None:
    filled.sql("create table part (n int); insert into part values (1)", AUTH)
    filled.sql("create materialized view share as select 1 / n as x from part", AUTH)
    filled.sql("update part set n = 0", AUTH)
    name = scripts.backup()

    done = scripts.with_(server=target).run("restore", name, "--strict").expect(REFUSED)

    assert "share" in done.stderr
    assert "division by zero" in done.stderr
    assert target.databases() == ["postgres"]
    assert target.sql(ROLES) == "postgres"


def test_a_role_that_somebody_made_meanwhile_is_left_alone(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    """Only what the set names was ours to make; and what was there before stays."""
    target.sql(f"create role {SETTINGS}")
    hook = scripts.box.directory("meanwhile") / "hook"
    hook.write_text(HOOK)
    hook.chmod(0o755)

    done = scripts.with_(server=target, BACKUP_STEP_HOOK=str(hook)).run("restore", kept.names()[0])

    done.expect(TERMINATED)
    assert target.databases() == ["postgres"]
    assert target.sql(ROLES) == f"{SETTINGS} postgres visitor"
    target.sql("drop role visitor")
