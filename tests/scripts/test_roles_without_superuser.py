"""Servers where we are no superuser: what each role saves, proves and restores, cell by cell as docs/any-server.md has it."""

import re

import pytest

from tests.lib.content import AUTH, SETTINGS, USERS, count, create
from tests.lib.managed import PROVIDER, Managed, Role, make_role
from tests.lib.postgres import SUPERUSER_PASSWORD, Server, literal
from tests.lib.sandbox import REPOSITORY
from tests.lib.scripts import Done, Scripts
from tests.lib.store import Store

GRANTED = {
    Role.READER: "`CREATEROLE CREATEDB`, `pg_monitor`, `pg_signal_backend`, `pg_read_all_data`, member of the owners",
    Role.ADMIN: "the same without `pg_read_all_data`",
    Role.MONITOR: "`pg_monitor` alone",
    Role.OWNER: "owner of one database",
}
SAVES = {
    Role.READER: "all, with the passwords of roles",
    Role.ADMIN: "all but the passwords of roles",
    Role.MONITOR: "refused (69): it reads no table",
    Role.OWNER: "with `BACKUP_DATABASES` its own, without the passwords of roles",
}
PROVES = dict.fromkeys(Role, "good") | {Role.MONITOR: "nothing to prove"}
RESTORES = {
    Role.READER: "absent, empty, `--replace`, `--as`",
    Role.ADMIN: "absent, empty, `--replace`, `--as`",
    Role.MONITOR: "refused (78): it needs `CREATEDB`",
    Role.OWNER: "refused (78) without `CREATEDB`, with it its own",
}
SAVING = [role for role in Role if role is not Role.MONITOR]
MANAGERS = [Role.READER, Role.ADMIN]


def test_the_table_of_the_page_is_what_is_tested_here() -> None:
    page = (REPOSITORY / "docs" / "any-server.md").read_text().split("## What a role may")[1]
    shown = [line for line in page.splitlines() if line.startswith("| ")][1:5]
    cells = [(GRANTED[x], SAVES[x], PROVES[x], RESTORES[x]) for x in Role]
    assert shown == [f"| {' | '.join(row)} |" for row in cells]


@pytest.mark.parametrize("role", SAVING)
def test_a_role_saves_what_it_may_and_names_the_rest(role: Role, managed: Managed) -> None:
    manifest = managed.store(role).manifest()
    passwords = role is Role.READER
    limits = ["what ALTER SYSTEM has set is not saved"]
    if not passwords:
        limits.insert(0, "the passwords of roles are not saved")

    assert manifest["role"] == {
        "name": role.value,
        "superuser": False,
        "passwords": passwords,
        "limits": limits,
    }
    assert f"note: {role} is no superuser: {','.join(limits)}" in managed.said[role]
    assert ("SCRAM-SHA-256" in managed.store(role).globals()) == passwords
    names = [x["name"] for x in manifest["databases"]]
    assert names == ([AUTH] if role is Role.OWNER else [AUTH, SETTINGS, "postgres"])
    if role is not Role.OWNER:
        why = f"{role} may not connect to it"
        assert manifest["skipped"] == [{"name": PROVIDER, "why": why}]
        assert f'skipped "{PROVIDER}": "{why}"' in managed.said[role]
    assert manifest["flagged"] is None


def test_of_a_superuser_no_manifest_speaks(filled: Server, scripts: Scripts, store: Store) -> None:
    done = scripts.run("backup").expect(0)

    assert "role" not in store.manifest()
    assert "superuser" not in done.stderr


def test_a_role_that_reads_no_table_takes_no_set(managed: Managed) -> None:
    said = managed.said[Role.MONITOR]

    assert f"monitor cannot save all of {AUTH}: it may not read public.tenant, public.users" in said
    assert "(the way: GRANT pg_read_all_data TO monitor)" in said
    assert f"; {SETTINGS}: it may not read public.settings (the way" in said
    assert managed.store(Role.MONITOR).names() == []
    managed.scripts(Role.MONITOR).run("verify").expect(65)


def test_the_owner_of_one_database_is_told_of_the_others(managed: Managed) -> None:
    done = managed.scripts(Role.OWNER).with_(BACKUP_DATABASES="").run("backup").expect(69)

    assert f"{AUTH} cannot save all of {SETTINGS}: it may not read public.settings" in done.stderr
    assert "Or leave the database out: backup.skip. No set was taken." in done.stderr
    assert len(managed.store(Role.OWNER).names()) == 1


def test_a_database_that_may_not_be_entered_is_no_choice(managed: Managed) -> None:
    wanted = managed.scripts(Role.ADMIN).with_(BACKUP_DATABASES=f"{AUTH}\n{PROVIDER}")

    done = wanted.run("backup").expect(69)

    assert f'permission denied for database "{PROVIDER}"' in done.stderr
    assert len(managed.store(Role.ADMIN).names()) == 1


@pytest.mark.parametrize("role", SAVING)
def test_its_sets_are_proven(role: Role, managed: Managed) -> None:
    done = managed.scripts(role).verify().expect(0)

    assert done.stdout.endswith(" good\n")
    assert f'note: the set was taken by "{role}", no superuser' in done.stderr
    assert "not everything else came back" not in done.stderr
    assert ("these roles have no password" in done.stderr) == (role is not Role.READER)


def left_out(done: Done) -> list[str]:
    """Return what a restore said did not come back, roles of other servers' aside."""
    (found,) = re.findall(r"not everything else came back as it was: (.*)", done.stderr)
    return [x for x in found.split("; ") if not re.match(r"role GRANT pg_\w+ TO|and \d+ more", x)]


HOW = {
    "absent and empty": [],
    "replace": ["--database", AUTH, "--replace"],
    "as": ["--database", AUTH, "--as", "other"],
}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("role", MANAGERS)
def test_a_role_restores_as_a_superuser_does(
    role: Role, how: str, target: Server, managed: Managed
) -> None:
    make_role(target, role)
    old = "create table old as select 1 as n" if how == "replace" else ""
    create(target, AUTH, old)
    target.sql(f"grant {AUTH} to {role} with admin true, inherit false, set false")

    done = managed.elsewhere(role, target, role).run("restore", *HOW[how]).expect(0)

    name = "other" if how == "as" else AUTH
    assert count(target, name, "users") == USERS
    assert count(target, name, "tenant") == 7
    owners = "select distinct pg_get_userbyid(relowner) from pg_class where oid >= 16384"
    assert target.sql(owners, name) == AUTH
    assert target.sql("select length(lo_get(7001))", name) == "300000"
    whose = f"select pg_get_userbyid(datdba) from pg_database where datname = '{name}'"
    assert target.sql(whose) == AUTH
    kept = [x for x in target.databases() if "_replaced_" in x]
    assert len(kept) == (how == "replace")
    also = SETTINGS if how == "absent and empty" else AUTH
    assert {*target.databases()} - {*kept} == {name, also, "postgres"}
    assert ("leaving out postgres: " in done.stderr) == (how == "absent and empty")
    assert ("these roles have no password" in done.stderr) == (role is Role.ADMIN)
    assert {x.split(" (")[0] for x in left_out(done)} <= {"role ALTER ROLE boss"}


@pytest.mark.parametrize("role", [Role.MONITOR, Role.OWNER])
def test_a_role_that_makes_no_database_restores_nothing(
    role: Role, target: Server, managed: Managed
) -> None:
    if role is Role.MONITOR:
        make_role(target, role)
    create(target, AUTH)
    target.sql(f"alter role {AUTH} password {literal(SUPERUSER_PASSWORD)}")
    before = target.dump_all()
    restoring = managed.elsewhere(role, target, Role.OWNER)

    done = restoring.run("restore", "--database", AUTH).expect(78)

    why = f"{role} may not create databases (the way: ALTER ROLE {role} CREATEDB). Nothing was touched."
    assert f"error: cannot restore {AUTH}: {why}" in done.stderr
    assert target.dump_all() == before
    if role is Role.OWNER:
        target.sql(f"alter role {role} createdb")
        restoring.run("restore", "--database", AUTH).expect(0)
        assert count(target, AUTH, "users") == USERS
