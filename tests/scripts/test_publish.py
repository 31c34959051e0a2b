"""What a published set is, and that nothing else is ever published."""

import re
import stat
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH, DATABASES, SETTINGS, USERS, create
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import Store, damage, sums
from tests.lib.toolbox import shim

SET_NAME = r"backup_\d{8}_\d{6}"

pytestmark = pytest.mark.usefixtures("filled")


def test_backup_publishes_a_whole_set_and_prints_its_name_alone(
    filled: Server, both: Scripts, store: Store
) -> None:
    done = both.run("backup", "--reason", "by hand").expect(0)

    name = done.stdout.strip()
    assert re.fullmatch(SET_NAME + "\n", done.stdout)
    assert store.names() == [name]
    assert store.link("latest") == name, "a relative link, so that the store can be moved"
    assert damage(store.root / name) == []
    dumps = {f"{x}{y}" for x in (*DATABASES, "postgres") for y in (".dump", ".objects.zst")}
    assert set(sums(store.root / name)) == dumps | {"globals.sql.zst", "manifest.json"}
    assert store.manifest()["reason"] == "by hand"
    assert store.manifest()["server"]["system_identifier"] == filled.system_identifier()


def test_the_manifest_says_what_the_dump_holds(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql("create extension pgcrypto; select lo_create(4711)", AUTH)
    filled.sql("create sequence untouched start 7", AUTH)

    name = scripts.backup()

    manifest = store.manifest(name)
    assert manifest["version"] == 2
    assert (manifest["set"], manifest["store"]) == (name, store.identity())
    assert (manifest["pinned"], manifest["flagged"]) == (False, None)
    assert manifest["server"]["version"].startswith("16.15")
    assert manifest["server"]["superuser"] == "postgres"
    assert set(DATABASES) <= set(manifest["globals"]["roles"])
    assert (manifest["format"], manifest["compression"].split(":")[0]) == ("custom", "zstd")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", manifest["started"])
    assert manifest["started"] <= manifest["finished"]
    auth = store.database(AUTH)
    assert (auth["owner"], auth["encoding"], auth["locale"]) == (AUTH, "UTF8", "C.UTF-8")
    assert (auth["large_objects"], auth["extensions"][0]["name"]) == (1, "pgcrypto")
    assert auth["snapshot"]
    first, last = auth["taken"]
    assert manifest["started"][:-1] <= first < last < manifest["finished"][:-1] + ".999999"
    assert [(x["schema"], x["name"], x["rows"]) for x in auth["tables"]] == [
        ("public", "users", USERS)
    ]
    assert auth["tables"][0]["hash"]
    values = {x["name"]: (x["last_value"], x["is_called"]) for x in auth["sequences"]}
    assert values == {"users_id_seq": (USERS, True), "untouched": (7, False)}


def test_each_file_of_the_manifest_has_its_size_and_checksum(kept: Store) -> None:
    name = kept.names()[0]
    manifest = kept.manifest(name)

    listed = sums(kept.root / name)
    for entry in (manifest["globals"], *manifest["databases"]):
        assert listed[entry["file"]] == entry["sha256"]
        assert (kept.root / name / entry["file"]).stat().st_size == entry["bytes"]
    assert kept.database(AUTH)["bytes"] > 64 * 1024


@pytest.mark.trap(27)
def test_no_file_of_a_set_can_be_read_by_others(kept: Store) -> None:
    name = kept.names()[0]
    for path in kept.files(name):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((kept.root / name / "globals.sql.zst").stat().st_mode) == 0o600


def test_a_group_may_read_the_sets_where_that_is_wanted(both: Scripts, store: Store) -> None:
    """The pod runs as that group, and the umask leaves its files to it, and to nobody else."""
    shared = both.with_(BACKUP_UMASK="027")
    name = shared.backup()
    assert shared.verify(name).expect(0)

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.files(name)}
    assert {name for name, mode in modes.items() if mode != 0o640} == set()
    assert stat.S_IMODE((store.root / name).stat().st_mode) == 0o750


@pytest.mark.parametrize(
    ("compression", "suffix"), some([("none", ""), ("gzip:1", ".gz"), ("zstd:1", ".zst")])
)
def test_the_compression_is_a_choice(
    compression: str, suffix: str, both: Scripts, store: Store
) -> None:
    name = both.with_(BACKUP_COMPRESSION=compression).backup()

    manifest = store.manifest(name)
    assert {f"{x}.objects{suffix}" for x in DATABASES} <= {
        x["objects"] for x in manifest["databases"]
    }
    assert manifest["globals"]["file"] == f"globals.sql{suffix}"
    assert manifest["compression"] == compression
    assert both.verify(name).expect(0)


def test_a_directory_set_lists_every_file_in_its_sums(both: Scripts, store: Store) -> None:
    name = both.with_(BACKUP_FORMAT="directory", BACKUP_JOBS=2).backup()

    entry = store.database(AUTH)
    assert (store.root / name / entry["file"] / "toc.dat").is_file()
    assert entry["sha256"] is None
    folder = store.root / name / entry["file"]
    assert entry["bytes"] == sum(x.stat().st_size for x in folder.rglob("*") if x.is_file())
    assert damage(store.root / name) == []
    assert both.verify(name).expect(0)


def test_only_the_databases_asked_for_are_saved(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    name = scripts.with_(BACKUP_DATABASES=f"{SETTINGS}\n").backup()

    assert [x["name"] for x in store.manifest(name)["databases"]] == [SETTINGS]
    assert AUTH in filled.databases()


@pytest.mark.trap(25)
def test_a_database_that_does_not_exist_is_an_error_not_a_smaller_set(
    scripts: Scripts, store: Store
) -> None:
    before = store.snapshot()

    done = scripts.with_(BACKUP_DATABASES=f"{SETTINGS}\nbrewget_gone").run("backup")

    assert done.returncode in {64, 69, 78}, done.said
    assert "brewget_gone" in done.stderr
    assert store.snapshot() == before


def test_a_database_that_allows_no_connections_is_named_as_skipped(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    create(filled, "closed")
    filled.sql("alter database closed allow_connections false")

    done = scripts.run("backup").expect(0)

    assert [x["name"] for x in store.manifest()["skipped"]] == ["closed"]
    assert "closed" in done.stderr


@pytest.mark.trap(1)
@pytest.mark.parametrize("program", ["pg_dump", "pg_dumpall"])
def test_a_dump_that_fails_half_way_is_not_published(
    program: str, both: Scripts, kept: Store, binaries: Path
) -> None:
    before = kept.snapshot()
    # The real program's output, cut off, and its failure: what a lost connection looks like.
    body = f'"{binaries}/{program}" "$@" | head -c 3000; exit 1'
    directory = shim(both.box.directory("shim") / "bin", program, body)

    done = both.with_(path=f"{directory}:{both.path}").run("backup")

    assert done.returncode in {65, 69, 73}, done.said
    assert done.stdout == ""
    assert kept.snapshot() == before


def test_what_killed_runs_left_is_swept_and_nothing_else(scripts: Scripts, kept: Store) -> None:
    (name,) = kept.names()
    old_release = kept.root / ".staging" / "backup_20200101_000000"
    litter = [old_release, kept.root / ".backup_20200101_000000.new", kept.root / ".latest.new"]
    for directory in litter:
        directory.mkdir(parents=True)
        (directory / "manifest.json").write_text("{}")
    litter.append(kept.newest() / ".pinned.json.new")
    others = [kept.newest() / ".mine.new", kept.root / ".mine.new", kept.root / "mine" / ".x.new"]
    others[2].parent.mkdir()
    for file in (litter[-1], *others):
        file.write_text("{")
    (kept.root / "backup_20200102_000000").symlink_to("mine")
    (kept.root / "mine" / ".pinned.json.new").write_text("a person's file behind a link")
    scripts.box.identity.own(kept.root)

    scripts.backup()

    assert not any(path.exists() for path in (*litter, kept.root / ".staging"))
    assert all(path.exists() for path in (*others, kept.root / "mine" / ".pinned.json.new"))
    assert name in kept.names()


def test_a_pin_is_in_the_manifest(scripts: Scripts, store: Store) -> None:
    assert store.manifest(scripts.backup("--pin"))["pinned"] is True


def test_a_reason_of_any_characters_leaves_the_manifest_valid_json(
    scripts: Scripts, store: Store
) -> None:
    reason = 'before "2.0" \\ $(touch /tmp/x) `id` % é \t end'

    scripts.run("backup", "--reason", reason).expect(0)

    assert store.manifest()["reason"] == reason
