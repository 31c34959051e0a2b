"""From one major version to the next: all of the data, or a refusal with the next step."""

import shutil

import pytest

from tests.lib.content import AUTH, USERS, count
from tests.lib.hooks import start_until
from tests.lib.pod import Pod
from tests.lib.sandbox import run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import Tools
from tests.lib.upgrades import (
    V16,
    V17,
    V18,
    assert_old_data_starts,
    dump,
    in_version,
    last_set,
    store_of,
)


def test_upgrades_from_16_to_17_to_18_keep_everything(old16: Pod) -> None:
    """In busybox's world, which is that of the image."""
    with old16.running() as server:
        before = dump(server)
    for old, image in ((V16, V17), (V17, V18)):
        in_version(old16, old, Tools.BUSYBOX).in_image().run("last-set").expect(0)
        there = in_version(old16, image, Tools.BUSYBOX)
        taken = store_of(old16).newest().name
        there.prepare().expect(0)
        assert f"by way of the set {taken}" in old16.started
        assert store_of(old16).manifest(taken)["reason"] == "upgrade"
        assert store_of(old16).manifest(taken)["pinned"] is True
        assert (store_of(old16).root / taken / "verified.json").is_file()
        assert {x.name for x in old16.volume.iterdir()} == {"pgdata", "startup.log", ".server-lock"}
        with there.running() as server:
            assert server.sql("show server_version") == image
            assert dump(server) == before
            for role, password in old16.passwords.items():
                login = {"user": role, "password": password, "host": "127.0.0.1"}
                assert server.sql("select current_user", **login) == role
            login = {"user": "keeper", "password": "of the set alone", "host": "127.0.0.1"}
            assert server.sql("select current_user", **login) == "keeper"
    assert "ALTER SYSTEM is to be repeated for: work_mem" in old16.started
    untouched = old16.snapshot()
    done = in_version(old16, V17).prepare().expect(78)
    assert "is of PostgreSQL 18, this image is PostgreSQL 17" in done.stderr
    assert "pulumi config set --path postgres.image" in done.stderr
    assert old16.snapshot() == untouched


def test_after_an_upgrade_all_goes_on_with_new_sets_and_old(new: Pod) -> None:
    store = store_of(new)
    (old,) = store.names()
    new.prepare().expect(0)
    with new.running() as server:
        at_server = new.scripts.with_(server=server)
        later = at_server.backup()
        at_server.verify(later).expect(0)
        (store.root / old / "verified.json").unlink()
        at_server.verify("--pending").expect(0)
        assert (store.root / old / "verified.json").is_file(), "newer programs read an older set"
        server.sql("drop table users", AUTH)
        at_server.run("restore", old, "--database", AUTH, "--replace").expect(0)
        assert count(server, AUTH, "users") == USERS
    assert store.failed() == []


def test_without_a_last_set_older_data_is_refused(old16: Pod) -> None:
    untouched = old16.snapshot()

    done = in_version(old16, V17).prepare().expect(78)

    assert "is of PostgreSQL 16, this image is PostgreSQL 17" in done.stderr
    assert "pulumi config set --path postgres.upgradeFrom" in done.stderr
    assert old16.snapshot() == untouched
    assert_old_data_starts(old16)


def test_what_was_written_after_the_last_set_makes_it_void(new: Pod) -> None:
    old = in_version(new, V16)
    with old.running() as server:
        server.sql("create table late as select 1 as row", AUTH)
    untouched = new.snapshot()

    done = new.prepare().expect(78)

    assert "a server has run on it since its last set" in done.stderr
    assert new.snapshot() == untouched
    last_set(new).expect(0)
    new.prepare().expect(0)
    with new.running() as server:
        assert count(server, AUTH, "late") == 1


def test_an_upgrade_that_is_called_off_leaves_no_mark(marked: Pod) -> None:
    assert_old_data_starts(marked)

    assert not (marked.volume / "last-set").exists()


def test_what_no_set_holds_stops_the_upgrade(old16: Pod) -> None:
    with old16.running() as server:
        server.sql("create database models is_template true")
        server.sql("create database shut allow_connections false")
        server.sql("create database brewget_drop_20260101_000000_1")
        server.sql("create table of_each_new_database (); create extension hstore", "template1")
        server.sql("select pg_create_physical_replication_slot('standby')")
        server.sql(
            "create subscription feed connection '' publication p with (connect = false);"
            "alter subscription feed enable"
        )

    done = last_set(old16).expect(78)

    for word in (
        "the template models",
        "the database shut",
        "unfinished restore",
        "of_each_new_database in template1",
        "the extension hstore in template1",
        "the replication slot standby",
        "the subscription feed",
    ):
        assert word in done.stderr
    assert "To go on with it: pulumi config rm --path postgres.upgradeFrom" in done.stderr
    assert store_of(old16).names() == []
    in_version(old16, V17).prepare().expect(78)


def test_nobody_else_writes_while_the_last_set_is_taken(old16: Pod) -> None:
    home = old16.scripts.box.base / "home"
    before = set(home.glob("brewget.*/socket"))  # of runs that were killed
    running, hook = start_until(in_version(old16, V16).in_image(), "manifest", "last-set")
    (socket,) = set(home.glob("brewget.*/socket")) - before
    asked = "select current_setting('listen_addresses'), current_setting('max_worker_processes')"
    words = [old16.binaries / "psql", "-XAtc", asked, "-h", socket, "-U", "postgres"]
    said = run_as(old16.scripts.box.identity, words, {"PATH": "/usr/bin:/bin"}).stdout
    hook.release()

    running.wait().expect(0)

    assert said == "|0\n"
    assert socket.parent.exists() is False


def test_the_last_set_is_taken_once(marked: Pod) -> None:
    names = store_of(marked).names()
    untouched = marked.snapshot()

    last_set(marked).expect(0)

    assert (store_of(marked).names(), marked.snapshot()) == (names, untouched)


def test_a_copy_of_somebodys_own_beside_the_data_stays(old16: Pod) -> None:
    shutil.copytree(old16.data, old16.volume / "pgdata.old")
    copied = sorted(path.name for path in (old16.volume / "pgdata.old").iterdir())

    in_version(old16, V16).prepare().expect(0)

    assert sorted(path.name for path in (old16.volume / "pgdata.old").iterdir()) == copied


@pytest.mark.parametrize("state", ["absent", "newer", "unmarked"])
def test_where_there_is_nothing_to_upgrade_no_set_is_taken(state: str, old16: Pod) -> None:
    if state == "absent":
        shutil.rmtree(old16.data)
    if state == "newer":
        (old16.data / "PG_VERSION").write_text("17\n")
    if state == "unmarked":
        (old16.data / ".brewget-complete").unlink()
    untouched = old16.snapshot()

    last_set(old16).expect(0)

    assert old16.snapshot() == untouched
    assert store_of(old16).names() == []


def test_a_newer_versions_set_does_not_stop_the_verification_of_others(
    scripts: Scripts, kept: Store
) -> None:
    """What was saved before the way back to an older image."""
    (golden,) = kept.names()
    server = {**kept.manifest(golden)["server"], "version": "99.1"}
    newer = kept.copy_set(golden, "backup_20991231_000000", server=server, client="99.1")
    (newer / "verified.json").unlink()
    (kept.root / golden / "verified.json").unlink()

    done = scripts.verify("--pending").expect(0)

    assert "PostgreSQL 99" in done.stderr
    assert (kept.root / golden / "verified.json").is_file()
    assert kept.names() == [golden, newer.name]
