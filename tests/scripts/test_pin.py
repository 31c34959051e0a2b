"""pin.sh: a published set is pinned, and released again, without a change of the set itself."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.lib.hooks import count_steps, kill_at, start_until
from tests.lib.mounts import volatile
from tests.lib.scripts import Scripts
from tests.lib.store import BESIDE, Store, change_manifest, copy_tree, damage

OLD = "backup_20200101_000000"


@pytest.fixture
def old(kept: Store) -> Path:
    """A verified set that is older than the only other one: retention with keep=1 removes it."""
    return kept.copy_set(kept.names()[0], OLD)


def retain(scripts: Scripts) -> None:
    """Run retention as a backup does."""
    scripts.with_(BACKUP_KEEP=1).functions(
        "list", 'store_require; store_lock; sets_retain "$(sets_list)"'
    )


def listed(scripts: Scripts, name: str) -> dict[str, Any]:
    """What list.sh --json says of a set."""
    (found,) = [
        each
        for each in json.loads(scripts.run("list", "--json").expect(0).stdout)
        if each["set"] == name
    ]
    return dict(found)


def test_a_published_set_is_pinned_and_stays(both: Scripts, kept: Store, old: Path) -> None:
    before = kept.snapshot()

    done = both.run("pin", OLD).expect(0)
    retain(both)

    assert done.stdout == f"{OLD} pinned\n"
    assert OLD in kept.names()
    after = kept.snapshot()
    assert set(after) - set(before) == {f"{OLD}/pinned.json"}
    assert {key: after[key] for key in before} == before, "the set itself is as it was"
    word = json.loads((old / "pinned.json").read_text())
    assert (word["set"], word["pinned"], word["by"]) == (OLD, True, "pin.sh")
    assert listed(both, OLD)["pinned"] is True
    assert "pinned" in next(x for x in both.run("list").stdout.splitlines() if x.startswith(OLD))


@pytest.mark.parametrize("by_manifest", [False, True])
def test_a_pin_is_taken_back_whoever_made_it(
    scripts: Scripts, kept: Store, old: Path, by_manifest: bool
) -> None:
    if by_manifest:
        change_manifest(old, pinned=True)
    else:
        scripts.run("pin", OLD).expect(0)
    assert listed(scripts, OLD)["pinned"] is True

    done = scripts.run("pin", OLD, "--remove").expect(0)

    assert done.stdout == f"{OLD} not pinned\n"
    assert listed(scripts, OLD)["pinned"] is False
    retain(scripts)
    assert OLD not in kept.names()


def test_the_last_word_counts(scripts: Scripts, old: Path) -> None:
    for arguments, expected in (([], True), (["--remove"], False), ([], True)):
        scripts.run("pin", OLD, *arguments).expect(0)
        assert listed(scripts, OLD)["pinned"] is expected
    assert old.is_dir()


def test_a_pinned_set_is_verified_and_restored_as_any_other(both: Scripts, kept: Store) -> None:
    (name,) = kept.names()
    both.run("pin", "latest").expect(0)
    (kept.root / name / "verified.json").unlink()

    both.verify(name).expect(0)

    assert damage(kept.root / name) == []
    assert {path.name for path in (kept.root / name).iterdir()} & BESIDE == BESIDE - {
        "failed.json",
        "unverified.json",
        "read.json",
        "key.age",
        "findings.age",
    }
    assert kept.link("latest-verified") == name


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("missing", (65, "there is no set")),
        ("failed", (65, "lies in failed/")),
        ("damaged", (65, "cannot be used")),
        ("another store's", (78, "was made for store")),
        ("link", (65, "there is no set")),
        ("a path", (64, "is not the name of a set")),
    ],
)
def test_what_is_no_set_of_ours_is_not_pinned(
    scripts: Scripts, kept: Store, old: Path, how: str, expected: tuple[int, str]
) -> None:
    match how:
        case "missing":
            old.rename(kept.root / "moved")
        case "failed":
            old.rename(kept.root / "failed" / OLD)
        case "damaged":
            (old / "manifest.json").write_text("{")
        case "another store's":
            change_manifest(old, store="another")
        case "link":
            old.rename(kept.root / "moved")
            old.symlink_to("moved")
    before = kept.snapshot()

    done = scripts.run("pin", f"../{OLD}" if how == "a path" else OLD).expect(expected[0])

    assert expected[1] in done.stderr
    assert done.stdout == ""
    assert kept.snapshot() == before


def test_a_store_that_cannot_be_written_is_73(scripts: Scripts, kept: Store, old: Path) -> None:
    assert old.is_dir()
    with volatile(scripts.box) as directory:
        moved = directory / "store"
        copy_tree(kept.root, moved)
        subprocess.run(["mount", "-o", "remount,ro", str(directory)], check=True)

        scripts.with_(root=moved, BACKUP_ALLOW_VOLATILE=1).run("pin", OLD).expect(73)


def test_it_waits_for_a_backup_and_gives_up_with_75(scripts: Scripts, old: Path) -> None:
    running, hook = start_until(scripts, "locked", "pin", "latest")

    done = scripts.with_(BACKUP_LOCK_WAIT=1).run("pin", OLD)

    hook.release()
    running.wait().expect(0)
    assert done.returncode == 75, done.said
    assert not (old / "pinned.json").exists()


def test_killed_at_any_step_it_is_the_old_word_or_the_new(
    scripts: Scripts, kept: Store, old: Path
) -> None:
    steps = count_steps(scripts, "pin", OLD)
    for number in range(1, len(steps) + 1):
        for arguments in ([], ["--remove"]):
            kill_at(scripts, number, "pin", OLD, *arguments)
            json.loads((old / "pinned.json").read_text())
            kept.assert_sound()
    scripts.run("pin", OLD).expect(0)
    assert listed(scripts, OLD)["pinned"] is True
