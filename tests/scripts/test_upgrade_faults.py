"""An upgrade that is killed, has no room or a bad set goes on, or leaves the old data as it was."""

import shutil
from dataclasses import replace

import pytest

from tests.lib.content import AUTH, SETTINGS
from tests.lib.mounts import volatile
from tests.lib.pod import Pod
from tests.lib.store import copy_tree
from tests.lib.upgrades import (
    V16,
    V17,
    assert_old_data_starts,
    in_version,
    kill_at_step,
    last_set,
    store_of,
    whole,
)


@pytest.mark.parametrize("step", ["last-set", "stopped"])
def test_a_last_set_killed_at_any_step_is_repeated(step: str, old16: Pod) -> None:
    kill_at_step(in_version(old16, V16), step, "last-set")

    new = in_version(old16, V17)
    new.prepare(BACKUP_LOCK_WAIT="5").expect(78)
    last_set(old16, BACKUP_LOCK_WAIT="5").expect(0)
    new.prepare().expect(0)

    assert whole(new)


@pytest.mark.parametrize("step", ["loaded", "old-aside", "in-place", "old-removed"])
def test_an_upgrade_killed_at_any_step_goes_on_or_has_the_old_data(step: str, new: Pod) -> None:
    kill_at_step(new, step, "prepare-data")

    if step == "old-aside":
        assert not new.data.exists(), "the one moment at which there is neither"
        kept = new.volume.with_name(new.volume.name + "-kept")
        copy_tree(new.volume, kept)
        assert_old_data_starts(replace(new, volume=kept))
    last_set(new, BACKUP_LOCK_WAIT="5").expect(0)
    new.prepare(BACKUP_LOCK_WAIT="5").expect(0)

    assert whole(new)
    assert {x.name for x in new.volume.iterdir()} == {"pgdata", "startup.log", ".server-lock"}
    assert len(store_of(new).names()) == 1
    assert store_of(new).failed() == []


def test_a_damaged_last_set_is_refused_and_the_next_is_taken(new: Pod) -> None:
    (name,) = store_of(new).names()
    file = store_of(new).root / name / f"{AUTH}.dump"
    file.write_bytes(file.read_bytes()[:-9])
    untouched = new.snapshot()

    done = new.prepare().expect(65)

    assert name in done.stderr
    assert "The data directory of PostgreSQL 16 is untouched" in done.stderr
    assert new.snapshot() == untouched
    assert store_of(new).names() == [name], "what is left of it is not taken away"
    last_set(new).expect(0)
    new.prepare().expect(0)
    assert whole(new)


def test_no_room_for_both_leaves_the_old_data(marked: Pod) -> None:
    used = sum(x.stat().st_size for x in marked.volume.rglob("*") if x.is_file())
    with volatile(marked.scripts.box, f"{used // 2**20 + 30}m") as small:
        for entry in marked.volume.iterdir():
            target = small / entry.name
            copy_tree(entry, target) if entry.is_dir() else shutil.copy2(entry, target)
        marked.scripts.box.identity.own(small)
        new = replace(in_version(marked, V17), volume=small)

        done = new.prepare()

        assert done.returncode in {69, 73}, done.said
        assert "The data directory of PostgreSQL 16 is untouched" in done.stderr
        assert store_of(new).failed() == []
        assert_old_data_starts(new)


@pytest.mark.long
def test_what_a_newer_version_has_no_more_is_left_out_and_named(old16: Pod) -> None:
    """17 has no adminpack any more. No row is lost by that."""
    with old16.running() as server:
        server.sql("create extension adminpack", AUTH)
    new = in_version(old16, V17)
    last_set(old16).expect(0)
    (name,) = store_of(old16).names()
    before = data_of(old16)

    refused = new.prepare(STARTUP_STRICT="1").expect(78)

    assert 'extension "adminpack" is not available' in refused.stderr
    assert data_of(old16) == before
    assert (store_of(old16).names(), store_of(old16).failed()) == ([name], [])
    new.scripts.verify("--pending").expect(0)
    done = new.prepare().expect(0)
    assert "warning" in done.stderr
    assert 'extension "adminpack" is not available' in done.stderr
    assert "adminpack" in new.started, "the journal names it"
    assert whole(new)


@pytest.mark.long
def test_a_last_set_whose_rows_do_not_come_back_leaves_the_old_data(old16: Pod) -> None:
    """The new image lacks the extension that a column's type is of: no set is bad for that."""
    with old16.running() as server:
        server.sql("update pg_extension set extname = 'pairs' where extname = 'hstore'", SETTINGS)
    new = in_version(old16, V17)
    last_set(old16).expect(0)
    (name,) = store_of(old16).names()
    before = data_of(old16)

    done = new.prepare().expect(78)

    assert f"the backup {name} is whole" in done.stderr
    assert 'extension "pairs" is not available' in done.stderr
    assert "The data directory of PostgreSQL 16 is untouched" in done.stderr
    assert data_of(old16) == before
    passed_over = new.scripts.verify("--pending").expect(0)
    assert f"{name} stays, not verified" in passed_over.stderr
    absent = replace(new, volume=old16.scripts.box.directory("volume"))
    absent.prepare().expect(78)
    assert (store_of(old16).names(), store_of(old16).failed()) == ([name], [])
    assert_old_data_starts(old16)


def data_of(pod: Pod) -> dict[str, bytes]:
    """Return the files of a pod's volume, without what an unfinished start has left there."""
    return {k: v for k, v in pod.snapshot().items() if not k.startswith("pgdata.init")}
