"""failed.json: a set that was set aside says why, to whoever lists the store later."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lib.content import AUTH
from tests.lib.mounts import volatile
from tests.lib.pod import Pod
from tests.lib.scripts import Scripts
from tests.lib.store import ASIDE, Store, copy_tree

NEWER = "backup_20991231_000000"


@pytest.fixture
def bad(kept: Store) -> Path:
    """A set with a truncated dump, newer than the good one."""
    made = kept.copy_set(kept.names()[0], NEWER)
    (made / "verified.json").unlink()
    dump = made / f"{AUTH}.dump"
    dump.write_bytes(dump.read_bytes()[:-50])
    return made


def word(kept: Store) -> dict[str, Any]:
    """What the failed set says of itself."""
    found: dict[str, Any] = json.loads((kept.root / "failed" / NEWER / "failed.json").read_text())
    return found


def listed(scripts: Scripts) -> dict[str, Any]:
    """What list.sh --json says of the failed set."""
    sets = json.loads(scripts.run("list", "--json").expect(0).stdout)
    (found,) = [each for each in sets if each["set"] == NEWER]
    return dict(found)


def row(scripts: Scripts) -> str:
    """The failed set's line of the table."""
    lines = scripts.run("list").expect(0).stdout.splitlines()
    return next(line for line in lines if line.startswith(NEWER))


def test_a_set_that_does_not_verify_says_when_why_and_by_which_script(
    both: Scripts, kept: Store, bad: Path
) -> None:
    both.verify(bad.name).expect(65)

    said = word(kept)
    assert (said["set"], said["by"]) == (NEWER, "verify.sh")
    assert said["why"].startswith(f"its files do not match SHA256SUMS: {AUTH}.dump")
    found = listed(both)
    assert (found["state"], found["why"]) == ("failed", said["why"])
    assert (found["set_aside"], found["set_aside_by"]) == (said["failed"], "verify.sh")
    assert f"failed {said['failed']} by verify.sh: {said['why']}" in row(both)


def test_a_start_that_walks_back_says_it_too(
    scripts: Scripts, kept: Store, bad: Path, binaries: Path
) -> None:
    assert bad.is_dir()

    Pod.make(scripts, binaries).prepare().expect(0)

    said = word(kept)
    assert said["by"] == "prepare-data.sh"
    assert "do not match SHA256SUMS" in said["why"]


@pytest.mark.parametrize(
    "content", [None, "", "{", "[]", '{"why": 5}', '{"why": "a\x1b[31mb"}'], ids=repr
)
def test_a_failed_set_without_a_reason_that_can_be_read_is_listed_as_before(
    scripts: Scripts, kept: Store, bad: Path, content: str | None
) -> None:
    scripts.verify(bad.name).expect(65)
    file = kept.root / "failed" / NEWER / "failed.json"
    file.unlink()
    if content is not None:
        file.write_text(content)

    found = listed(scripts)

    assert (found["state"], found["why"], found["set_aside"]) == ("failed", None, None)
    assert row(scripts).endswith(" failed")


def test_a_hostile_reason_stays_one_line_of_harmless_signs(
    scripts: Scripts, kept: Store, bad: Path
) -> None:
    why = 'a "quote", } a\ttab, a\nline and \x1b[31mred'
    lines = 'store_require; store_lock; verdict_set_aside "$1" "$2" x'

    scripts.functions("verify", lines, bad.name, why).expect(0)

    assert word(kept)["why"] == why
    assert listed(scripts)["why"] == why
    assert row(scripts).endswith('a "quote", } a?tab, a?line and ?[31mred')


def test_on_a_full_store_a_bad_set_goes_aside_without_the_reason(
    scripts: Scripts, kept: Store, bad: Path
) -> None:
    with volatile(scripts.box, "2m") as directory:
        moved = directory / "store"
        copy_tree(kept.root, moved)
        (moved / "failed").mkdir(exist_ok=True)
        scripts.box.identity.own(moved)
        fill(directory / "ballast")
        full = scripts.with_(root=moved, BACKUP_ALLOW_VOLATILE=1)

        done = full.verify(bad.name)

        store = Store(moved)
        assert store.failed() == [NEWER], done.said
        assert not (moved / "failed" / NEWER / "failed.json").exists(), "there was room after all"
        assert "the reason could not be written" in done.stderr
        assert done.returncode == 65, done.said
        assert store.link("latest") == store.names()[-1]
        assert list(moved.rglob(ASIDE)) == []


def fill(path: Path) -> None:
    """Leave not a byte."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return


def test_a_set_that_was_moved_back_and_is_good_loses_its_reason(
    scripts: Scripts, kept: Store, bad: Path
) -> None:
    dump = bad / f"{AUTH}.dump"
    whole = (kept.root / kept.names()[0] / dump.name).read_bytes()
    scripts.verify(bad.name).expect(65)
    (kept.root / "failed" / NEWER).rename(bad)
    dump.write_bytes(whole)

    scripts.verify(bad.name).expect(0)

    assert not (bad / "failed.json").exists()
    assert listed(scripts)["verified"] is True
