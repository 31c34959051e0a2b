"""`verify.sh --control`: twelve damages to a copy of the newest set, and whether the verification finds them."""

import shutil
from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.lib.sandbox import processes_below
from tests.lib.scripts import Scripts
from tests.lib.store import Store

MISSED = 70
DAMAGES = [
    "a byte is another",
    "a file is cut short",
    "a file is missing",
    "a file has no sum",
    "the manifest is cut short",
    "the manifest is another set's",
    "a row is missing",
    "a value is another",
    "a table is missing",
    "an index is missing",
    "a sequence is set back",
    "a role is missing",
]


def all_found(but: Sequence[str] = ()) -> list[str]:
    """What it prints."""
    return [f"{x}: {'missed' if x in but else 'found'}" for x in DAMAGES]


def control(scripts: Scripts) -> tuple[int, list[str], str]:
    """Return its status, its lines and its log; what it worked on is gone."""
    scratch = scripts.box.directory("scratch")
    done = scripts.with_(VERIFY_SCRATCH=str(scratch)).run("verify", "--control")
    assert [x.name for x in scratch.iterdir()] == [".verify-lock"]
    assert processes_below(scratch) == []
    return done.returncode, done.stdout.splitlines(), done.stderr


def written(store: Store) -> dict[str, int]:
    """When each file and directory was written last, the working files' too."""
    return {str(x): x.lstat().st_mtime_ns for x in [store.root, *store.root.rglob("*")]}


def test_twelve_damages_are_found_and_the_store_is_as_it_was(both: Scripts, kept: Store) -> None:
    before = kept.snapshot(), written(kept)

    status, lines, said = control(both)

    assert (status, lines) == (0, all_found()), said
    assert (kept.snapshot(), written(kept)) == before


@pytest.mark.usefixtures("source")
@pytest.mark.long
def test_there_is_something_to_damage_in_any_set(scripts: Scripts, store: Store) -> None:
    scripts.with_(BACKUP_FORMAT="directory", BACKUP_COMPRESSION="gzip").backup()
    assert [x["tables"] for x in store.manifest()["databases"]] == [[]]

    status, lines, said = control(scripts)

    assert (status, lines) == (0, all_found()), said


@pytest.mark.long
def test_a_damage_that_the_settings_hide_is_reported_as_missed(
    scripts: Scripts, kept: Store
) -> None:
    assert kept.names()

    status, lines, said = control(scripts.with_(BACKUP_HASHES="rows"))

    assert (status, lines) == (MISSED, all_found(["a value is another"])), said
    assert "1 damages to a copy of" in said


@pytest.mark.parametrize(
    ("file", "broken", "missed"),
    [
        ("compare.bash", "compare_objects() { : >$WORK/differences; }", DAMAGES[9:10]),
        ("set.bash", "set_differing() { :; }", DAMAGES[:3]),
    ],
)
@pytest.mark.long
def test_a_check_that_does_not_work_any_more_is_reported(
    file: str, broken: str, missed: list[str], scripts: Scripts, kept: Store
) -> None:
    assert kept.names()
    copy = scripts.box.directory("broken") / "pod"
    shutil.copytree(scripts.directory, copy)
    with (copy / "lib" / file).open("a") as library:
        library.write(f"{broken}\n")

    status, lines, said = control(replace(scripts, directory=copy))

    assert (status, lines) == (MISSED, all_found(missed)), said
    assert said.count(": verify.sh said: ") == len(missed)


def test_without_a_set_one_sentence_says_so(scripts: Scripts, store: Store) -> None:
    status, lines, said = control(scripts)

    assert (status, lines) == (65, [])
    assert said.count("\n") == 1
    assert "there is no set for 'latest'" in said
    assert store.failed() == []


def test_a_newest_set_that_is_damaged_itself_is_no_matter_of_the_control(
    scripts: Scripts, kept: Store
) -> None:
    with next(kept.newest().glob("*.dump")).open("r+b") as dump:
        dump.truncate(100)
    before = kept.snapshot()

    status, lines, said = control(scripts)

    assert (status, lines) == (65, [])
    assert "does not come back by itself (its files do not match SHA256SUMS" in said
    assert kept.snapshot() == before


def test_where_it_could_not_be_tried_nothing_is_called_missed(
    scripts: Scripts, kept: Store
) -> None:
    assert kept.names()

    status, lines, said = control(scripts.with_(VERIFY_SCRATCH_BYTES=2**20))

    assert (status, lines) == (73, [])
    assert "No damage was tried" in said
