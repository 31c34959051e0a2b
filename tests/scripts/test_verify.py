"""The verification: a verdict is good only when every step said so."""

import json
import random
from pathlib import Path

import pytest

from tests.lib.content import AUTH, DATABASES, SETTINGS, USERS, create, password_of
from tests.lib.hooks import start_until
from tests.lib.postgres import Server
from tests.lib.sandbox import processes_below
from tests.lib.scripts import Scripts
from tests.lib.store import Store, change_manifest, damage, refresh_sums, sha256

pytestmark = pytest.mark.usefixtures("filled")


def verdict(store: Store, name: str) -> dict[str, object]:
    """Return verified.json of a set."""
    parsed: dict[str, object] = json.loads((store.root / name / "verified.json").read_text())
    return parsed


def left_out(store: Store, name: str) -> list[dict[str, str]]:
    """Return what verified.json says did not come back."""
    found: list[dict[str, str]] = json.loads((store.root / name / "verified.json").read_text())[
        "left_out"
    ]
    return found


def passwords(scripts: Scripts, **roles: str) -> Path:
    """Return a directory with one file a role, as the mounted Secret has it."""
    directory = scripts.box.directory("roles")
    for role, password in roles.items():
        (directory / role).write_text(password)
    return scripts.box.identity.own(directory)


def test_a_good_set_gets_a_verdict_a_link_and_a_time(both: Scripts, store: Store) -> None:
    name = both.backup()
    assert store.link("latest-verified") is None

    done = both.verify(name).expect(0)

    assert name in done.stdout
    assert store.link("latest-verified") == name
    assert damage(store.root / name) == []
    found = verdict(store, name)
    assert sha256(store.root / name / "SHA256SUMS") in json.dumps(found), "bound to these bytes"
    numbers = [x for x in found.values() if isinstance(x, int | float)]
    assert any(x > 0 for x in numbers), f"the time it took is in {found}"


def test_the_verification_needs_no_running_server(scripts: Scripts, store: Store) -> None:
    name = scripts.backup()
    nowhere = scripts.with_(PGHOST="/nonexistent", PGPORT="1", PGPASSWORD_FILE="")

    nowhere.verify(name).expect(0)

    assert store.link("latest-verified") == name


def test_pending_verifies_every_set_without_a_verdict(scripts: Scripts, store: Store) -> None:
    names = [scripts.backup(), scripts.backup()]

    first = scripts.verify("--pending").expect(0)
    again = scripts.verify("--pending").expect(0)

    assert all(x in first.stdout for x in names)
    assert store.link("latest-verified") == names[-1]
    assert not any(x in again.stdout for x in names), "nothing is pending any more"


@pytest.mark.trap(4)
@pytest.mark.parametrize("how", ["flip", "truncate", "empty"])
def test_a_set_whose_bytes_are_not_what_was_written_is_set_aside_and_links_point_to_the_good_one(
    how: str, both: Scripts, kept: Store
) -> None:
    (good,) = kept.names()
    bad = both.backup()
    file = kept.root / bad / f"{AUTH}.dump"
    content = bytearray(file.read_bytes())
    content[random.Random(1).randrange(len(content))] ^= 4
    kept_bytes = {"flip": content, "truncate": content[:-100], "empty": b""}[how]
    file.write_bytes(bytes(kept_bytes))

    done = both.verify(bad).expect(65)

    assert bad in done.stderr
    assert kept.names() == [good]
    assert kept.failed() == [bad]
    assert kept.link("latest") == good
    assert kept.link("latest-verified") == good
    assert both.run("list").expect(0).stdout.count(bad) == 0 or "failed" in both.run("list").stdout


@pytest.mark.trap(4)
def test_a_set_that_does_not_come_back_equal_stays_and_is_not_verified(
    both: Scripts, kept: Store
) -> None:
    (good,) = kept.names()
    name = both.backup()
    databases = kept.manifest(name)["databases"]
    next(x for x in databases if x["name"] == AUTH)["tables"][0]["rows"] += 1
    change_manifest(kept.root / name, databases=databases)

    done = both.verify(name).expect(78)

    assert f"{name} stays, not verified" in done.stderr
    assert kept.names() == [good, name]
    assert kept.failed() == []
    assert (kept.link("latest"), kept.link("latest-verified")) == (name, good)
    said = json.loads((kept.root / name / "unverified.json").read_text())
    assert said["sums"] == sha256(kept.root / name / "SHA256SUMS"), "bound to these bytes"
    assert said["by"] == "verify.sh"
    assert f'"users": saved {USERS + 1}, restored {USERS}' in said["why"]


def test_a_set_that_comes_back_at_last_loses_its_reason(scripts: Scripts, store: Store) -> None:
    name = scripts.backup()
    rows = store.manifest(name)["databases"]
    lying = store.manifest(name)["databases"]
    next(x for x in lying if x["name"] == AUTH)["tables"][0]["rows"] += 1
    change_manifest(store.root / name, databases=lying)
    scripts.verify(name).expect(78)
    assert (store.root / name / "unverified.json").exists()
    change_manifest(store.root / name, databases=rows)

    scripts.verify(name).expect(0)

    assert not (store.root / name / "unverified.json").exists()
    assert store.link("latest-verified") == name


@pytest.mark.trap(4)
def test_when_the_only_set_fails_the_links_go(scripts: Scripts, store: Store) -> None:
    bad = scripts.backup()
    (store.root / bad / "globals.sql.zst").write_bytes(b"")

    scripts.verify(bad).expect(65)

    assert store.link("latest") is None
    assert store.link("latest-verified") is None
    assert store.failed() == [bad]


@pytest.mark.trap(13)
@pytest.mark.trap(39)
@pytest.mark.parametrize("program", ["initdb", "psql", "pg_restore", "pg_ctl", "postgres"])
def test_a_verification_that_could_not_be_held_is_no_verdict_at_all(
    program: str, scripts: Scripts, store: Store, binaries: Path
) -> None:
    name = scripts.backup()
    path = without(scripts, binaries, program)

    done = scripts.with_(path=path).verify(name)

    assert done.returncode != 0, f"{program} is missing: {done.said}"
    assert store.failed() == []
    assert not (store.root / name / "verified.json").exists()
    assert store.link("latest-verified") is None


def without(scripts: Scripts, binaries: Path, program: str) -> str:
    """Return a PATH where this PostgreSQL program always fails."""
    directory = scripts.box.directory("links")
    for found in binaries.iterdir():
        if found.name != program:
            (directory / found.name).symlink_to(found)
    (directory / program).write_text("#!/bin/bash\necho broken >&2\nexit 1\n")
    (directory / program).chmod(0o755)
    return f"{directory}:/usr/bin:/bin"


@pytest.mark.trap(31)
def test_the_verification_does_not_cry_wolf_over_extensions_and_writers(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql("create extension hstore; create extension pgcrypto; analyze", AUTH)
    filled.sql("comment on schema public is 'ours'; revoke all on schema public from public", AUTH)

    scripts.verify(scripts.backup()).expect(0)

    assert store.link("latest-verified") is not None


def test_the_verification_checks_the_login_of_each_application_role(
    scripts: Scripts, store: Store
) -> None:
    name = scripts.backup()
    roles = passwords(scripts, **{x: password_of(x) for x in DATABASES})

    done = scripts.with_(ROLE_PASSWORDS_DIR=str(roles)).verify(name).expect(0)

    assert "password" in done.stdout + done.stderr + json.dumps(verdict(store, name))


def test_a_role_that_lost_its_database_on_purpose_does_not_make_a_set_bad(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql(f"revoke connect on database {SETTINGS} from public, {SETTINGS}")
    filled.sql(f"alter database {SETTINGS} owner to postgres")
    name = scripts.backup()

    scripts.verify(name).expect(0)

    opened = verdict(store, name)
    filled.sql(f"grant connect on database {SETTINGS} to {SETTINGS}")
    scripts.verify(again := scripts.backup()).expect(0)
    assert verdict(store, again)["logins"] == int(str(opened["logins"])) + 1


def test_a_role_that_cannot_open_its_database_is_named(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    # What the role sets for itself ends every session of its own at once.
    filled.sql(f"alter role {SETTINGS} set session_preload_libraries = 'nowhere'")
    name = scripts.backup()

    done = scripts.verify(name).expect(0)

    assert f"login {SETTINGS} in {SETTINGS}" in done.stderr
    found = left_out(store, name)
    assert [x["database"] for x in found] == [SETTINGS, "postgres"]
    assert {(x["kind"], x["name"]) for x in found} == {("login", SETTINGS)}
    assert all('could not access file "nowhere"' in x["why"] for x in found)


@pytest.mark.trap(31)
def test_a_role_that_was_locked_out_on_purpose_does_not_make_a_set_bad(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql(f"alter role {AUTH} valid until '2020-01-01'")
    name = scripts.backup()
    roles = passwords(scripts, **{x: password_of(x) for x in DATABASES})

    scripts.with_(ROLE_PASSWORDS_DIR=str(roles)).verify(name).expect(0)

    assert store.names() == [name]


@pytest.mark.trap(30)
def test_a_verification_that_was_killed_leaves_nothing_in_the_next_ones_way(
    scripts: Scripts, store: Store
) -> None:
    name = scripts.backup()
    scratch = scripts.box.directory("scratch")
    verification = scripts.with_(VERIFY_SCRATCH=str(scratch))
    running, _ = start_until(verification, 4, "verify", name)
    running.kill()
    assert not (store.root / name / "verified.json").exists()

    verification.run("verify", name).expect(0)

    assert store.link("latest-verified") == name
    left = [x.name for x in scratch.iterdir() if not x.name.startswith(".")]
    assert left == [], "the scratch of both is swept"
    assert processes_below(scratch) == [], "and no throwaway server runs on"


@pytest.mark.long
def test_backup_does_not_wait_for_a_verification_and_retention_leaves_its_set_alone(
    scripts: Scripts, kept: Store
) -> None:
    (held,) = kept.names()
    (kept.root / held / "verified.json").unlink()
    scratch = scripts.box.directory("scratch")
    running, hook = start_until(scripts.with_(VERIFY_SCRATCH=str(scratch)), 4, "verify", held)

    newer = scripts.with_(BACKUP_LOCK_WAIT=5, BACKUP_KEEP=1).backup()
    scripts.with_(BACKUP_KEEP=1).verify(newer).expect(0)
    newest = scripts.with_(BACKUP_LOCK_WAIT=5, BACKUP_KEEP=1).backup()
    assert held in kept.names()
    hook.release()
    running.wait().expect(0)

    assert kept.link("latest-verified") == newer, "an older set's verdict moves no link back"
    assert {newer, newest} <= set(kept.names())


def test_a_set_that_cannot_be_verified_keeps_no_older_one_waiting(
    scripts: Scripts, kept: Store
) -> None:
    (old,) = kept.names()
    (kept.root / old / "verified.json").unlink()
    new = kept.copy_set(old, "backup_29990101_000000")
    (new / "globals.sql.zst").write_bytes(b"not zstd")
    refresh_sums(new)

    done = scripts.verify("--pending").expect(69)

    assert f"{new.name} stays, not verified" in done.stderr
    assert f"{old} good" in done.stdout


def test_a_verdict_for_other_bytes_does_not_count(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    sums = kept.root / name / "SHA256SUMS"
    sums.write_text("".join(reversed(sums.read_text().splitlines(keepends=True))))

    pending = scripts.verify("--pending").expect(0)

    assert name in pending.stdout, "the verdict was for another SHA256SUMS: it is pending again"
    assert target.databases() == ["postgres"]


def test_the_source_superusers_name_may_be_any(
    box: object, binaries: Path, scripts: Scripts, store: Store
) -> None:
    server = Server(scripts.box, binaries, superuser="Chief of Staff").start()
    assert box is scripts.box
    try:
        create(server, "member", password="x")
        server.sql("create role crew; grant crew to member granted by current_user")
        name = scripts.with_(server=server).backup()
        scripts.with_(server=server).verify(name).expect(0)
        assert store.manifest(name)["server"]["superuser"] == "Chief of Staff"
    finally:
        server.remove()
