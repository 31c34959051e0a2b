"""Retention in the hands of real runs: what counts, what brakes it, what it never touches."""

import pytest

from tests.lib.content import AUTH, SETTINGS
from tests.lib.postgres import Server
from tests.lib.sandbox import Identity
from tests.lib.scripts import Scripts
from tests.lib.store import Listing, Store, describe

pytestmark = pytest.mark.usefixtures("filled")


@pytest.mark.trap(4)
def test_only_verified_sets_count(both: Scripts, kept: Store) -> None:
    keeping = both.with_(BACKUP_KEEP=2)
    (golden,) = kept.names()
    unverified = [keeping.backup() for _ in range(4)]

    assert kept.names() == [golden, *unverified], "four newer ones, but none of them proved"

    keeping.verify(unverified[3]).expect(0)
    keeping.backup()
    assert golden in kept.names()
    assert unverified[3] in kept.names()
    assert unverified[0] not in kept.names(), "older than the last verified, never proved"


@pytest.mark.trap(5)
def test_sets_do_not_age(scripts: Scripts, kept: Store) -> None:
    kept.rename_set(kept.names()[0], "backup_19991231_235959")

    scripts.with_(BACKUP_KEEP=1).backup()

    assert kept.names()[0] == "backup_19991231_235959", "the last verified set, however old"


@pytest.mark.parametrize(("version", "stays"), [("99.1", True), ("16.1", False)])
def test_a_set_that_only_a_newer_postgresql_could_prove_stays(
    version: str, stays: bool, scripts: Scripts, kept: Store
) -> None:
    (golden,) = kept.names()
    server = {**kept.manifest(golden)["server"], "version": version}
    old = kept.copy_set(golden, "backup_20200101_000000", server=server)
    scripts.box.identity.own(old)

    scripts.with_(BACKUP_KEEP=1).backup()

    assert old.exists() is stays


@pytest.mark.long
def test_a_pinned_set_stays_for_ever(scripts: Scripts, kept: Store) -> None:
    keeping = scripts.with_(BACKUP_KEEP=1)
    pinned = keeping.backup("--pin")
    for _ in range(2):
        keeping.verify(keeping.backup()).expect(0)
    newest = keeping.backup()

    assert pinned in kept.names()
    assert len(kept.names()) == 3
    assert newest in kept.names()


@pytest.mark.trap(18)
@pytest.mark.trap(41)
def test_sets_of_a_database_that_lost_its_rows_never_rotate_the_good_ones_out(
    filled: Server, both: Scripts, kept: Store
) -> None:
    keeping = both.with_(BACKUP_KEEP=1)
    (golden,) = kept.names()
    filled.sql("delete from users where id > 10", AUTH)

    for _ in range(3):
        done = keeping.run("backup").expect(0)
        assert "--accept-shrink" in done.stderr
        assert kept.manifest()["flagged"]
        keeping.verify(done.stdout.strip()).expect(0)
    assert golden in kept.names(), "whatever is verified meanwhile"

    accepted = keeping.run("backup", "--accept-shrink").expect(0)
    assert accepted.stdout.strip() in kept.names()
    keeping.verify(accepted.stdout.strip()).expect(0)
    assert "--accept-shrink" not in keeping.run("backup").expect(0).stderr
    assert golden not in kept.names(), "the brake is off again"


@pytest.mark.trap(18)
@pytest.mark.trap(41)
def test_a_database_of_the_stack_that_is_gone_brakes_retention(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    (golden,) = kept.names()
    filled.sql(f"drop database {SETTINGS}")
    keeping = scripts.with_(BACKUP_KEEP=1, POSTGRES_DATABASES=f"{AUTH}\n{SETTINGS}")

    done = keeping.run("backup").expect(0)

    assert kept.manifest()["flagged"] == f'database "{SETTINGS}" of {golden} is gone'
    keeping.verify(done.stdout.strip()).expect(0)
    keeping.run("backup").expect(0)
    assert golden in kept.names()


def test_a_server_of_others_that_is_another_one_or_lost_a_database_brakes_retention(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    """No settings say what it has to hold, and its name may lead elsewhere one day."""
    (golden,) = kept.names()  # of another server
    others = scripts.with_(SERVER_OF_OTHERS="1")

    others.backup()
    assert kept.manifest()["flagged"] == f"{golden} is of another server"

    accepted = others.backup("--accept-shrink")
    filled.sql(f"drop database {SETTINGS}")
    others.backup()
    assert kept.manifest()["flagged"] == f'database "{SETTINGS}" of {accepted} is gone'
    others.with_(BACKUP_DATABASES=AUTH).backup()
    assert kept.manifest()["flagged"] is None, "what is saved was chosen"


def test_a_dropped_scratch_database_freezes_nothing(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    named = scripts.with_(POSTGRES_DATABASES=AUTH)
    filled.sql("create database scratch")
    filled.sql("create table t as select generate_series(1, 1000) as n", "scratch")
    named.backup("--accept-shrink")
    filled.sql("drop database scratch")

    named.backup()

    assert kept.manifest()["flagged"] is None


def test_an_unlogged_cache_that_a_crash_emptied_is_no_loss(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    """It was flagged: retention stood still, and start-up passed the set over."""
    filled.sql("create unlogged table cache as select generate_series(1, 50000) as k", AUTH)
    scripts.backup()
    tables = {x["name"]: x for x in kept.database(AUTH)["tables"]}
    assert tables["cache"]["unlogged"] is True
    assert "unlogged" not in tables["users"]
    filled.sql("truncate cache", AUTH)

    scripts.backup()

    assert (kept.manifest()["flagged"], kept.manifest()["emptied"]) == (None, [])


def test_emptied_tables_are_named_and_stop_nothing(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    filled.sql('create schema "odd ""one"; create table "odd ""one".t as select 1 as n', AUTH)
    scripts.backup()
    filled.sql('truncate "odd ""one".t', AUTH)

    done = scripts.run("backup").expect(0)

    assert kept.manifest()["flagged"] is None
    assert kept.manifest()["emptied"] == [f'{AUTH}.odd "one.t']
    assert "these tables have no rows any more" in done.stderr


def test_losing_less_than_half_of_the_rows_is_nobodys_business(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    filled.sql("delete from users where id % 3 = 0", AUTH)

    done = scripts.run("backup").expect(0)

    assert "--accept-shrink" not in done.stderr
    assert kept.manifest()["flagged"] is None


@pytest.mark.trap(41)
def test_a_slow_loss_is_measured_against_the_last_accepted_set(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    filled.sql("delete from users where id > 1500", AUTH)
    assert kept.manifest(scripts.backup())["flagged"]

    # Against the flagged set this one lost nothing, against the accepted one still too much.
    filled.sql("delete from users where id > 1400", AUTH)

    assert kept.manifest(scripts.backup())["flagged"], "a flagged set is no reference"


FOREIGN = [
    "backup_20200101_000000/auth.sql",
    "backup_20200101_000001/manifest.json",
    "backup_old/manifest.json",
    "backup_2020010_000000.sql",
    "backup_20200101_000000.bak/manifest.json",
    "my dir/with\nnewline",
    "latest.txt",
    "-rf",
    ".hidden/file",
    "failed/note.txt",
]


def plant(store: Store) -> Listing:
    """Put things into the store that are not ours, and return what they are."""
    for path in FOREIGN:
        (store.root / path).parent.mkdir(parents=True, exist_ok=True)
        (store.root / path).write_text("foreign")
    outside = store.root.parent / f"{store.root.name}-outside"
    outside.mkdir()
    (outside / "manifest.json").write_text("{}")
    (store.root / "backup_20200101_000002").symlink_to(outside)
    (store.root / "backup_20200101_000003").symlink_to("backup_20200101_000000")
    (store.root / "empty").touch()
    Identity.unprivileged().own(store.root)
    return foreign(store)


def foreign(store: Store) -> Listing:
    """Return the planted things as they are now."""
    paths = [*FOREIGN, "backup_20200101_000002", "backup_20200101_000003", "empty"]
    found = {x: describe(store.root / x) for x in paths}
    outside = store.root.parent / f"{store.root.name}-outside" / "manifest.json"
    return {**found, "outside": describe(outside)}


@pytest.mark.trap(6)
def test_what_is_not_ours_is_never_counted_and_never_touched(both: Scripts, kept: Store) -> None:
    before = plant(kept)
    keeping = both.with_(BACKUP_KEEP=1)

    for _ in range(2):
        keeping.verify(keeping.backup()).expect(0)
    newest = keeping.backup()
    keeping.verify("--pending").expect(0)

    assert foreign(kept) == before
    listed = keeping.run("list").expect(0).stdout
    notes = [x.split()[6] for x in listed.splitlines() if x.startswith("backup_20200101")]
    assert notes == ["foreign:", "damaged:"], "listed as what they are, and links not at all"
    assert kept.link("latest") == newest


@pytest.mark.trap(6)
def test_sets_of_another_store_are_not_counted_and_not_touched(
    scripts: Scripts, kept: Store
) -> None:
    (golden,) = kept.names()
    for day in range(1, 5):
        kept.copy_set(golden, f"backup_2020010{day}_000000", store="another-store")
    before = kept.snapshot()

    scripts.with_(BACKUP_KEEP=1).backup()

    after = kept.snapshot()
    others = {x: y for x, y in before.items() if x.startswith("backup_2020")}
    assert others
    assert all(after[x] == y for x, y in others.items())


@pytest.mark.trap(22)
def test_retention_needs_nothing_but_the_store(scripts: Scripts, kept: Store) -> None:
    (golden,) = kept.names()
    pinned = kept.copy_set(golden, "backup_20200101_000000", pinned=True)
    old = kept.copy_set(golden, "backup_20200102_000000")
    moved = scripts.box.directory("moved") / "store"
    kept.root.rename(moved)  # the same volume, mounted elsewhere on another machine

    scripts.with_(root=moved, BACKUP_KEEP=1, HOME=str(scripts.box.directory("home"))).backup()

    names = Store(moved).names()
    assert pinned.name in names
    assert golden in names
    assert old.name not in names


def test_too_little_room_is_refused_rather_than_made(scripts: Scripts, kept: Store) -> None:
    before = kept.snapshot()

    done = scripts.with_(BACKUP_MIN_FREE=10**17).run("backup").expect(73)

    assert "BACKUP_MIN_FREE" in done.stderr
    assert kept.snapshot() == before
