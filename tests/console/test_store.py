"""The store as it is found: every kind of damage is told apart, none is fatal."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from console import manifest
from console.checked import UnusableError
from console.manifest import parse
from console.sets import Identity, State
from console.store import Store
from tests.lib import fakesets
from tests.lib.console import STORE_ID, add_set
from tests.lib.store import change_manifest

DEEP = "[" * 100_000
OF_ONE = {"name": "one", "file": "one.sql", "bytes": 26, "tables": []}
HUGE_NUMBER = "1" * 5000


@pytest.fixture
def looks(store: Path) -> Store:
    return Store(store, STORE_ID)


def states(looks: Store) -> list[str]:
    return [each.state.value for each in looks.look().sets]


def newest(store: Path) -> Path:
    return max(store.glob("backup_*"))


def test_verified_sets_are_verified(looks: Store) -> None:
    assert states(looks) == ["verified"] * 3
    verdict = looks.look().sets[-1].verdict
    assert verdict is not None
    assert (verdict.restore_seconds, verdict.seconds) == (7, 9)


def test_a_verdict_does_not_outlive_a_change_of_the_sums(looks: Store, store: Path) -> None:
    assert states(looks)[-1] == "verified"
    sums = newest(store) / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("a", "b"))
    assert states(looks)[-1] == "unverified"


@pytest.mark.parametrize(
    "verdict", ["", "{", DEEP, '{"result": "bad"}', "[]", '{"result": "good", "sums": "0"}']
)
def test_a_verdict_that_cannot_be_read_is_none(looks: Store, store: Path, verdict: str) -> None:
    (newest(store) / "verified.json").write_text(verdict)
    assert states(looks)[-1] == "unverified"


def test_a_truncated_file_is_damage_seen_at_once(looks: Store, store: Path) -> None:
    assert states(looks)[-1] == "verified"
    file = newest(store) / "one.sql"
    os.truncate(file, 5)
    found = looks.look().sets[-1]
    assert (found.state, found.why) == (
        State.DAMAGED,
        "one.sql has 5 bytes, the manifest says 26",
    )


@pytest.mark.parametrize("missing", ["one.sql", "globals.sql", "SHA256SUMS"])
def test_a_missing_file_is_damage(looks: Store, store: Path, missing: str) -> None:
    (newest(store) / missing).unlink()
    found = looks.look().sets[-1]
    assert (found.state, found.why) == (State.DAMAGED, f"{missing} is missing")


@pytest.mark.parametrize("form", ["custom", "directory", "plain"])
def test_a_set_of_the_second_version_counts(looks: Store, store: Path, form: str) -> None:
    directory = store / add_set(store, timedelta(minutes=9), listed=True, format=form)
    if form == "directory":
        (directory / "one.dump").unlink()
        (directory / "one.dump").mkdir()
    found = looks.look().sets[-1]
    assert (found.name, found.state, found.why) == (directory.name, State.VERIFIED, "")


def test_a_list_of_objects_that_is_not_there_is_damage(looks: Store, store: Path) -> None:
    objects = store / add_set(store, timedelta(minutes=9), listed=True) / fakesets.OBJECTS
    assert states(looks)[-1] == "verified"
    objects.unlink()
    found = looks.look().sets[-1]
    assert (found.state, found.why) == (State.DAMAGED, f"{objects.name} is missing")
    objects.mkdir()
    assert looks.look().sets[-1].why == f"{objects.name} is not a file"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"null", b"[]", b"\xff\xfe", DEEP.encode(), b'{"version": 1}', b"NaN", b"{}" * 9],
)
def test_a_damaged_manifest_is_said_and_harms_no_other_set(
    looks: Store, store: Path, content: bytes
) -> None:
    (newest(store) / "manifest.json").write_bytes(content)
    assert states(looks) == ["verified", "verified", "damaged"]
    assert looks.look().sets[-1].why


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 3},
        {"version": "1"},
        {"set": "backup_20000101_000000"},
        {"started": 5},
        {"databases": {}},
        {"databases": [5]},
        {"databases": [{"name": "x", "file": "../../etc/passwd", "bytes": 1, "tables": []}]},
        {"databases": [{"name": "x", "file": "x.sql", "bytes": -1, "tables": []}]},
        {"databases": [{"name": "x", "file": "x.sql", "bytes": True, "tables": []}]},
        {"databases": [{"name": "x", "file": "x.sql", "bytes": 10**30, "tables": []}]},
        {"databases": [{"name": ["x"], "file": "x.sql", "bytes": 1, "tables": []}]},
        {"databases": [OF_ONE | {"objects": "../x"}]},
        {"databases": [OF_ONE | {"objects": None}]},
        {"globals": None},
        {"server": "16"},
    ],
)
def test_a_manifest_with_a_key_of_the_wrong_kind_is_damage(
    looks: Store, store: Path, changes: dict[str, object]
) -> None:
    path = newest(store) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    assert states(looks) == ["verified", "verified", "damaged"]
    assert looks.look().sets[-1].why.startswith("its "), "for the manifest's sake, not a file's"


@pytest.mark.parametrize("odd", ["yesterday", "2026-13-01T00:00:00Z"])
def test_a_set_with_a_time_that_is_none_is_as_old_as_its_name(
    looks: Store, store: Path, odd: str
) -> None:
    path = newest(store) / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"started": odd, "finished": odd}))
    seen = looks.look().newest()
    assert seen is not None
    assert seen.manifest is not None
    begun = datetime.fromtimestamp(seen.manifest.started, UTC)
    assert (seen.name, begun.strftime("backup_%Y%m%d_%H%M%S")) == (newest(store).name, seen.name)
    assert seen.manifest.finished is None


def test_a_mount_that_does_not_say_how_much_is_free_is_not_full(
    looks: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = os.statvfs_result((4096, 4096, 0, 0, 0, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: none)
    assert (looks.look().free_bytes, looks.look().size_bytes) == (None, None)


def test_numbers_beyond_every_bound_are_damage(looks: Store, store: Path) -> None:
    path = newest(store) / "manifest.json"
    path.write_text(path.read_text().replace('"rows": 100', f'"rows": {HUGE_NUMBER}'))
    assert states(looks)[-1] == "damaged"
    (newest(store) / "verified.json").write_text(f'{{"seconds": 1{"0" * 400}}}')
    assert states(looks)[-1] == "damaged"


def test_a_pipe_a_link_and_a_directory_in_place_of_a_manifest_do_not_hang(
    looks: Store, store: Path, tmp_path: Path
) -> None:
    first, second, third = sorted(store.glob("backup_*"))
    for made in (first, second, third):
        (made / "manifest.json").unlink()
    os.mkfifo(first / "manifest.json")
    (second / "manifest.json").symlink_to("/etc/passwd")
    (third / "manifest.json").mkdir()
    assert states(looks) == ["damaged"] * 3


def test_foreign_directories_are_foreign(looks: Store, store: Path) -> None:
    (store / "backup_20200101_000000").mkdir()
    (store / "backup_of_my_own").mkdir()
    (store / "backup_20200101_000001").symlink_to("/etc")
    other = add_set(store, timedelta(minutes=30))
    change_manifest(store / other, store="another")
    found = looks.look()
    assert [(s.name, s.state) for s in found.sets if s.state is State.FOREIGN] == [
        ("backup_20200101_000000", State.FOREIGN),
        (other, State.FOREIGN),
    ]
    assert found.newest() is not None
    assert found.newest().name != other  # type: ignore[union-attr]


def test_failed_sets_are_apart_and_never_count(looks: Store, store: Path) -> None:
    (store / "failed").mkdir()
    bad = newest(store)
    bad.rename(store / "failed" / bad.name)
    found = looks.look()
    assert [s.state.value for s in found.sets] == ["verified", "verified", "failed"]
    assert found.newest() is found.sets[1]


def test_the_store_itself_missing_other_or_damaged_is_said(store: Path, tmp_path: Path) -> None:
    assert Store(tmp_path / "nothing", STORE_ID).look().identity is Identity.MISSING
    other = Store(store, "expected").look()
    assert (other.identity, other.why) == (
        Identity.OTHER,
        f"this is store {STORE_ID}, but store expected is expected",
    )
    assert len(other.published) == 3
    (store / ".store.json").write_text("{")
    assert Store(store, STORE_ID).look().identity is Identity.UNREADABLE
    (store / ".store.json").unlink()
    assert Store(store, STORE_ID).look().identity is Identity.MISSING


def test_removed_sets_are_forgotten(looks: Store, store: Path) -> None:
    looks.look()
    for directory in store.glob("backup_*"):
        directory.rename(store / f"gone-{directory.name}")
    assert looks.look().sets == ()
    assert looks._known == {}


def test_a_detail_has_the_tables(looks: Store, store: Path) -> None:
    detail = looks.detail(newest(store).name)
    assert detail is not None
    assert [(t.name, t.rows) for t in detail.databases[0].tables] == [("public.t", 100)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=5,
)
# A machine that is busy draws slowly; that says nothing about the parser.
BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
NAME = "backup_20260101_000000"


def refusal(content: bytes) -> str | None:
    """Why a manifest cannot be used; None for one that can."""
    try:
        parse(content, NAME)
    except UnusableError as error:
        return str(error)
    return None


@BUSY
@given(st.binary())
def test_no_bytes_whatever_are_more_than_unusable(content: bytes) -> None:
    assert refusal(content)


@BUSY
@given(st.data())
def test_no_single_changed_value_is_more_than_unusable(data: st.DataObject) -> None:
    whole = fakesets.manifest("s", fakesets.Fake(NAME, listed=True))
    whole |= {"emptied": ["one.public.t"], "notes": ["a note"]}
    assert refusal(json.dumps(whole).encode()) is None
    key = data.draw(st.sampled_from(sorted(whole)))
    whole[key] = data.draw(JSON)
    assert refusal(json.dumps(whole).encode()) != ""


def test_set_names_are_those_of_the_scripts() -> None:
    shell = (
        Path(__file__).resolve().parents[2] / "scripts" / "pod" / "lib" / "set.bash"
    ).read_text()
    assert "SET_NAME='^backup_[0-9]{8}_[0-9]{6}$'" in shell
    assert manifest.SET_NAME.pattern == r"backup_\d{8}_\d{6}"
