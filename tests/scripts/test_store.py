"""A store is a store by its identity, and a disk that is full or read-only loses nothing."""

import json
import subprocess

import pytest

from tests.lib.mounts import volatile
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Scripts
from tests.lib.store import ASIDE, Store, copy_tree


def test_init_store_makes_a_store_once_and_prints_its_id(bare: Scripts) -> None:
    done = bare.run("init-store", "--id", "my-store.1").expect(0)

    assert done.stdout == "my-store.1\n"
    found = json.loads((bare.root / ".store.json").read_text())
    assert found["id"] == "my-store.1"
    assert set(found) >= {"id", "created", "version"}


def test_init_store_does_nothing_to_a_store(bare: Scripts) -> None:
    first = bare.run("init-store").expect(0).stdout
    before = Store(bare.root).snapshot()

    assert bare.run("init-store").expect(0).stdout == first
    assert bare.run("init-store", "--id", first.strip()).expect(0).stdout == first
    assert Store(bare.root).snapshot() == before


def test_init_store_gives_each_store_an_id_of_its_own(bare: Scripts, box: Sandbox) -> None:
    other = bare.with_(root=box.directory("other"))

    assert bare.run("init-store").expect(0).stdout != other.run("init-store").expect(0).stdout


def test_init_store_refuses_another_id(bare: Scripts) -> None:
    found = bare.run("init-store").expect(0).stdout.strip()
    before = Store(bare.root).snapshot()

    done = bare.run("init-store", "--id", "another").expect(78)

    assert found in done.stderr
    assert "another" in done.stderr
    assert Store(bare.root).snapshot() == before


def test_init_store_refuses_a_file_system_in_memory_unless_told(bare: Scripts) -> None:
    with volatile(bare.box) as directory:
        done = bare.with_(root=directory).run("init-store").expect(78)
        assert "BACKUP_ALLOW_VOLATILE=1" in done.stderr
        assert list(directory.iterdir()) == []

        bare.with_(root=directory, BACKUP_ALLOW_VOLATILE=1).run("init-store").expect(0)
        assert (directory / ".store.json").is_file()


@pytest.mark.trap(18)
def test_sets_whose_store_lost_its_identity_are_not_taken_for_an_empty_store(
    scripts: Scripts, kept: Store
) -> None:
    identity = kept.identity()
    (kept.root / ".store.json").unlink()
    before = kept.snapshot()

    done = scripts.run("init-store").expect(78)

    assert identity in done.stderr
    assert kept.snapshot() == before
    scripts.run("init-store", "--id", identity).expect(0)
    assert len(kept.names()) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 1}', '{"version": 2, "id": "x"}'])
def test_a_damaged_identity_is_no_identity(content: str, scripts: Scripts, kept: Store) -> None:
    (kept.root / ".store.json").write_text(content)
    before = kept.snapshot()

    for script in ("init-store", "backup", "restore", "verify"):
        assert scripts.run(script).returncode in {69, 78}, script
        assert kept.snapshot() == before


@pytest.mark.usefixtures("filled")
def test_backup_refuses_a_directory_that_is_no_store(scripts: Scripts) -> None:
    directory = scripts.box.directory("empty")

    done = scripts.with_(root=directory).run("backup").expect(78)

    assert "init-store.sh" in done.stderr
    assert list(directory.iterdir()) == []


@pytest.mark.trap(19)
@pytest.mark.parametrize("script", ["backup", "restore", "list", "verify"])
def test_a_store_that_is_not_there_is_not_an_empty_one(script: str, scripts: Scripts) -> None:
    missing = scripts.root / "not" / "mounted"

    done = scripts.with_(root=missing).run(script).expect(69)

    assert str(missing) in done.stderr
    assert not missing.exists()


@pytest.mark.trap(18)
@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("script", ["backup", "restore", "verify", "list", "init-store"])
def test_another_store_than_the_expected_one_is_refused(
    script: str, scripts: Scripts, kept: Store
) -> None:
    before = kept.snapshot()

    done = scripts.with_(BACKUP_STORE_ID="the-right-one").run(script).expect(78)

    assert "the-right-one" in done.stderr
    assert kept.identity() in done.stderr
    assert kept.snapshot() == before


@pytest.mark.usefixtures("filled")
def test_a_store_in_memory_is_refused_unless_told(scripts: Scripts) -> None:
    with volatile(scripts.box, "64m") as directory:
        lasting = scripts.with_(root=directory, BACKUP_MIN_FREE=1)
        lasting.with_(BACKUP_ALLOW_VOLATILE=1).run("init-store").expect(0)

        assert "BACKUP_ALLOW_VOLATILE" in lasting.run("backup").expect(78).stderr
        assert Store(directory).names() == []
        lasting.with_(BACKUP_ALLOW_VOLATILE=1).backup()


@pytest.mark.usefixtures("filled")
def test_a_store_of_another_user_is_not_writable_and_nothing_is_lost(
    scripts: Scripts, kept: Store
) -> None:
    for path in (kept.root, *kept.root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o555)
    before = kept.snapshot()
    try:
        scripts.run("backup").expect(73)
        assert kept.snapshot() == before
    finally:
        kept.root.chmod(0o755)


@pytest.mark.usefixtures("filled")
def test_a_read_only_store_can_be_restored_from_and_is_not_written_to(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    with volatile(scripts.box) as directory:
        moved = directory / "store"
        copy_tree(kept.root, moved)
        subprocess.run(["mount", "-o", "remount,ro", str(directory)], check=True)
        frozen = scripts.with_(root=moved, BACKUP_ALLOW_VOLATILE=1)

        done = frozen.run("backup").expect(73)
        assert str(moved) in done.stderr
        frozen.run("list").expect(0)
        frozen.with_(server=target).run("restore").expect(0)
        Store(moved).assert_sound()


@pytest.mark.trap(3)
@pytest.mark.usefixtures("filled")
def test_a_disk_that_gets_full_at_any_write_leaves_the_old_state(
    both: Scripts, kept: Store
) -> None:
    size = sum(x.stat().st_size for x in kept.newest().rglob("*"))
    published = []
    for percent in (4, 30, 60, 90, 97, 100, 103, 110, 130, 200):
        kilobytes = (size + 40960) // 1024 + size * percent // 100 // 1024
        with volatile(both.box, f"{kilobytes}k") as directory:
            moved = directory / "store"
            copy_tree(kept.root, moved)
            full = both.with_(root=moved, BACKUP_ALLOW_VOLATILE=1, BACKUP_MIN_FREE=0)
            before = Store(moved).snapshot()

            done = full.run("backup")

            Store(moved).assert_sound()
            assert done.returncode in {0, 73}, done.said
            if done.returncode == 73:
                assert Store(moved).snapshot() == before
                assert not any(moved.glob(ASIDE)), "room is given back at once"
            published.append(done.returncode == 0)
    assert not published[0]
    assert published[-1], "the sweep reached from no room to enough"


@pytest.mark.trap(20)
@pytest.mark.usefixtures("filled")
def test_a_store_owned_by_root_is_named_as_such(scripts: Scripts) -> None:
    directory = scripts.box.base / "owned-by-root"
    directory.mkdir(mode=0o755)

    done = scripts.with_(root=directory).run("init-store").expect(73)

    assert str(directory) in done.stderr
    assert list(directory.iterdir()) == []
