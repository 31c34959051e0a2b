"""A set that is not what it should be is refused before anything is touched."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH, SETTINGS, Golden, create
from tests.lib.liar import redump
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store, change_manifest, copy_tree

SEED = 20261122
FILES = [
    "manifest.json",
    "SHA256SUMS",
    "globals.sql.zst",
    f"{AUTH}.dump",
    f"{AUTH}.objects.zst",
    f"{SETTINGS}.dump",
]


def flip(path: Path, chance: random.Random) -> None:
    """Turn one bit over."""
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def truncate(path: Path, chance: random.Random) -> None:
    """Cut the end off, anywhere."""
    path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])


def empty(path: Path, _: random.Random) -> None:
    """Leave 0 bytes."""
    path.write_bytes(b"")


def remove(path: Path, _: random.Random) -> None:
    """Take the file away."""
    path.unlink()


DAMAGES: list[Callable[[Path, random.Random], None]] = [flip, truncate, empty, remove]


@pytest.mark.trap(2)
@pytest.mark.trap(8)
@pytest.mark.parametrize("harm", DAMAGES)
@pytest.mark.parametrize("file", some(FILES))
def test_a_damaged_file_is_noticed_before_anything_is_restored(
    file: str,
    harm: Callable[[Path, random.Random], None],
    target: Server,
    scripts: Scripts,
    kept: Store,
) -> None:
    (name,) = kept.names()
    harm(kept.root / name / file, random.Random(f"{SEED} {file} {harm.__name__}"))
    store_before, before = kept.snapshot(), target.dump_all()

    done = scripts.with_(server=target).run("restore", name).expect(65)

    assert name in done.stderr
    assert done.stdout == ""
    assert target.dump_all() == before
    assert kept.snapshot() == store_before


@pytest.mark.trap(2)
def test_no_bit_of_any_file_can_turn_over_unnoticed(scripts: Scripts, kept: Store) -> None:
    (name,) = kept.names()
    chance = random.Random(SEED)
    for file in FILES * 5:
        path = kept.root / name / file
        good = path.read_bytes()
        flip(path, chance)
        if path.read_bytes().split() == good.split():
            continue
        done = scripts.run("restore", "--dry-run", name)
        assert done.returncode == 65, f"{file} differs in one bit: {done.said}"
        path.write_bytes(good)
    scripts.run("restore", "--dry-run", name).expect(0, 78)


def test_a_file_that_the_sums_do_not_know_makes_a_set_broken_or_is_ignored(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    (kept.root / name / "zzz.sql").write_text("create role intruder superuser login;")

    scripts.with_(server=target).run("restore", name).expect(0, 65)

    assert target.sql("select count(*) from pg_roles where rolname = 'intruder'") == "0"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"version": 4}, {78}),
        ({"version": "one"}, {65}),
        ({"set": "backup_20200101_000000"}, {65}),
        ({"databases": []}, {65}),
        ({"databases": "none"}, {65}),
        ({"store": "another-store"}, {0, 65, 78}),
    ],
)
def test_a_manifest_with_another_meaning_is_refused(
    changes: dict[str, object], status: set[int], target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    change_manifest(kept.root / name, **changes)
    before = target.dump_all()

    done = scripts.with_(server=target).run("restore", name)

    assert done.returncode in status, done.said
    if done.returncode:
        assert name in done.stderr
        assert target.dump_all() == before


@pytest.mark.parametrize("file", ["../../outside.sql", "/etc/passwd", ".", "", "SHA256SUMS"])
def test_a_manifest_cannot_lead_out_of_its_set(
    file: str, target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    databases = kept.manifest(name)["databases"]
    databases[0]["file"] = file
    change_manifest(kept.root / name, databases=databases)
    before = target.dump_all()

    scripts.with_(server=target).run("restore", name).expect(65)

    assert target.dump_all() == before


@pytest.mark.trap(9)
@pytest.mark.parametrize("key", ["rows", "hash"])
def test_a_restore_that_gave_something_else_than_the_manifest_says_is_a_failure(
    key: str, target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    databases = kept.manifest(name)["databases"]
    table = next(x for x in databases if x["name"] == AUTH)["tables"][0]
    table[key] = table[key] + 1 if key == "rows" else "0" + str(table[key])[1:] + "1"
    change_manifest(kept.root / name, databases=databases)

    done = scripts.with_(server=target).run("restore", name).expect(78)

    assert "users" in done.stderr
    assert (
        AUTH not in target.databases()
        or target.sql("select count(*) from pg_class where relname = 'users'", AUTH) == "0"
    ), "nothing that differs from the manifest is left under its name"


# The server refuses its rows wherever it is restored.
REFUSED = """
create function share(n int) returns int immutable language sql as 'select 1';
create table refused (n int, s int generated always as (share(n)) stored);
insert into refused values (0);
create or replace function share(n int) returns int immutable language sql as 'select 1 / n';
"""


@pytest.mark.trap(8)
@pytest.mark.trap(38)
def test_rows_that_are_refused_in_the_second_database_leave_none(
    filled: Server, target: Server, scripts: Scripts
) -> None:
    filled.sql(REFUSED, SETTINGS)
    name = scripts.backup()
    create(target, "bystander")
    before = target.dump_all()

    done = scripts.with_(server=target).run("restore", name).expect(78)

    assert 'table "public"."refused": saved 1, restored 0' in done.stderr
    assert "the server refused TABLE DATA public refused" in done.stderr
    assert "division by zero" in done.stderr
    assert target.dump_all() == before, "no database and no role of the set is left"


@pytest.mark.trap(24)
def test_a_failing_replace_leaves_the_old_databases_as_they_were(
    filled: Server, target: Server, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    filled.sql("delete from settings where key = 'key 7'", SETTINGS)
    redump(filled, kept, name, SETTINGS)
    create(target, AUTH, "create table mine as select 42 as answer")
    create(target, SETTINGS, "create table mine as select 43 as answer")
    before = target.dump_all()

    done = scripts.with_(server=target).run("restore", name, "--replace").expect(78)

    assert 'table "public"."settings": saved 100, restored 99' in done.stderr
    assert target.dump_all() == before


@pytest.mark.parametrize(("options", "status"), [((), 0), (("--strict",), 78)])
def test_what_is_left_out_is_named_and_strict_refuses_it_before_the_swap(
    options: tuple[str, ...], status: int, filled: Server, target: Server, scripts: Scripts
) -> None:
    filled.sql(
        "create function odd(n int) returns int immutable language sql as 'select 1';"
        "create index odd_index on settings (odd(length(key)));"
        "create or replace function odd(n int) returns int immutable language sql as 'select 1 / (n - n)'",
        SETTINGS,
    )
    name = scripts.backup()
    before = target.dump_all()

    done = scripts.with_(server=target).run("restore", name, *options).expect(status)

    assert f"index public.odd_index in {SETTINGS} (division by zero)" in done.stderr
    if status:
        assert target.dump_all() == before
    else:
        assert target.sql("select count(*) from settings", SETTINGS) == "100"


def test_a_wrong_password_is_unreachable_not_a_broken_set(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    wrong = scripts.box.directory("secret") / "wrong"
    wrong.write_text("wrong")
    before = kept.snapshot()

    done = scripts.with_(server=target, PGPASSWORD_FILE=str(wrong)).run("restore").expect(69)

    assert "password" in done.stderr
    assert kept.snapshot() == before
    assert target.databases() == ["postgres"]


def test_sets_of_another_system_are_restored_like_any_other(
    target: Server, scripts: Scripts, kept: Store, golden: Golden
) -> None:
    assert target.system_identifier() != golden.system_identifier
    scripts.with_(server=target).run("restore", kept.names()[0]).expect(0)


def test_a_set_that_is_a_link_to_somewhere_else_is_refused(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    elsewhere = scripts.box.directory("elsewhere") / "set"
    copy_tree(kept.newest(), elsewhere)
    (kept.root / "backup_20991231_000000").symlink_to(elsewhere)

    scripts.with_(server=target).run("restore", "backup_20991231_000000").expect(64, 65, 78)

    assert target.databases() == ["postgres"]
