"""What a verification found that condemns no set: objects left out, and a set that stays unverified."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console.sets import LeftOut, State, Tried
from console.store import Store
from tests.lib.console import STORE_ID, Console, add_set, change_verdict
from tests.lib.kubeapi import FakeApi
from tests.lib.store import change_manifest, sha256

HOSTILE = '</td><script>alert(1)</script>" onload="x \ud800'
SHOWN = "&lt;/td&gt;&lt;script&gt;alert(1)"
WHEN = "2026-01-01T00:00:00Z"
WHY = "one: table public.t: 3 rows, not 5"
INDEX = {"database": "one", "kind": "index", "name": "public.i", "why": "could not be made"}


def newest(store: Path) -> Path:
    return max(store.glob("backup_*"))


def not_verified(directory: Path, **changes: object) -> Path:
    """Take its verdict away and say why, as verify.sh does."""
    (directory / "verified.json").unlink()
    usual = {"version": 1, "set": directory.name, "sums": sha256(directory / "SHA256SUMS"),
             "unverified": WHEN, "by": "verify.sh", "why": WHY}  # fmt: skip
    (directory / "unverified.json").write_text(json.dumps(usual | changes))
    return directory


def test_what_was_left_out_is_read_from_the_verdict(store: Path) -> None:
    looks = Store(store, STORE_ID)
    looks.look()
    change_verdict(newest(store), left_out=[INDEX])
    verdict = looks.look().sets[-1].verdict
    assert verdict
    assert verdict.left_out == (LeftOut("one", "index", "public.i", "could not be made"),)
    assert verdict.left_out_count == 1


@pytest.mark.parametrize(
    ("left_out", "count"),
    [(None, 0), ("x", 0), ({}, 0), ([None, 5, "x", []], 4), ([{}, {"name": ["x"], "why": 5}], 2)],
)
def test_a_list_of_any_kind_harms_no_verdict(store: Path, left_out: object, count: int) -> None:
    change_verdict(newest(store), left_out=left_out)
    found = Store(store, STORE_ID).look().sets[-1]
    assert found.state is State.VERIFIED
    assert found.verdict
    assert found.verdict.left_out_count == count


def test_a_list_of_any_length_is_counted_and_cut(store: Path) -> None:
    long = dict.fromkeys(INDEX, "x" * 1000)
    change_verdict(newest(store), left_out=[long] * 5000)
    verdict = Store(store, STORE_ID).look().sets[-1].verdict
    assert verdict
    assert (verdict.left_out_count, len(verdict.left_out)) == (5000, 100)
    assert max(len(each.why + each.name) for each in verdict.left_out) == 600


def test_a_set_that_was_not_seen_to_come_back_says_why_and_when(store: Path) -> None:
    looks = Store(store, STORE_ID)
    looks.look()
    not_verified(newest(store))
    found = looks.look().sets[-1]
    assert (found.state, found.why) == (State.UNVERIFIED, WHY)
    assert found.tried == Tried(1767225600.0, "verify.sh")
    assert found.is_published


@pytest.mark.parametrize(
    "changes", [{"sums": "0" * 64}, {"sums": None}, {"why": ""}, {"why": 5}, {"why": None}]
)
def test_a_reason_that_is_none_or_of_other_bytes_does_not_count(
    store: Path, changes: dict[str, object]
) -> None:
    not_verified(newest(store), **changes)
    found = Store(store, STORE_ID).look().sets[-1]
    assert (found.state, found.why, found.tried) == (State.UNVERIFIED, "", None)


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, "\x00"])
def test_a_reason_that_cannot_be_read_is_none(store: Path, content: str) -> None:
    (not_verified(newest(store)) / "unverified.json").write_text(content)
    found = Store(store, STORE_ID).look().sets[-1]
    assert (found.state, found.why) == (State.UNVERIFIED, "")


def test_a_verdict_that_is_good_goes_before_an_old_reason(store: Path) -> None:
    verdict = (newest(store) / "verified.json").read_text()
    (not_verified(newest(store)) / "verified.json").write_text(verdict)
    found = Store(store, STORE_ID).look().sets[-1]
    assert (found.state, found.why, found.tried) == (State.VERIFIED, "", None)


def test_emptied_tables_and_notes_are_read_as_far_as_they_are_any(store: Path) -> None:
    change_manifest(newest(store), emptied=["one.public.t", 5, "x" * 999], notes={"no": "list"})
    found = Store(store, STORE_ID).look().sets[-1]
    assert found.state is State.VERIFIED
    assert found.manifest
    assert found.manifest.emptied == ("one.public.t", "x" * 300)
    assert found.manifest.notes == ()


@pytest.fixture
def console(shared: tuple[Console, FakeApi]) -> Iterator[Console]:
    """The shared one with a set more, which goes afterwards."""
    made = shared[0]
    name = add_set(made.store, timedelta(minutes=5))
    yield made.log_in()
    shutil.rmtree(made.store / name)


def test_what_was_left_out_is_a_table_a_mark_a_warning_and_a_number(console: Console) -> None:
    directory = newest(console.store)
    assert console.metrics()["brewget_backup_left_out"] == 0
    change_verdict(directory, left_out=[INDEX, dict.fromkeys(INDEX, HOSTILE)])

    page = console.get(f"/sets/{directory.name}").text
    assert "<td>index</td><td>public.i</td><td>could not be made</td>" in page
    overview = console.get("/").text
    assert "<td>2 objects left out</td>" in overview
    assert f"All rows of {directory.name} came back, 2 objects did not: index public.i" in overview
    for text in (page, overview):
        assert SHOWN in text
        assert "<script>alert" not in text
        assert '" onload="x' not in text
    seen = console.metrics()
    assert seen["brewget_backup_left_out"] == 2
    assert seen['brewget_backup_problem{problem="left-out"}'] == 2


def test_a_table_that_was_cut_says_so(console: Console) -> None:
    change_verdict(newest(console.store), left_out=[INDEX] * 150)
    page = console.get(f"/sets/{newest(console.store).name}").text
    assert page.count("<td>public.i</td>") == 100
    assert "and 50 more" in page
    assert console.metrics()["brewget_backup_left_out"] == 150


def test_a_set_that_is_not_equal_here_stays_and_says_so(console: Console) -> None:
    directory = not_verified(newest(console.store), why=HOSTILE)
    page = console.get(f"/sets/{directory.name}").text
    assert "The set stays and is not condemned" in page
    assert "by verify.sh" in page
    assert '<time datetime="2026-01-01T00:00:00Z">' in page
    assert f'action="/sets/{directory.name}/verify"' in page
    overview = console.get("/").text
    assert f"{directory.name} stays, not verified: " in overview
    assert "<td>stays, not verified 2026-01-01 00:00 UTC; " in overview
    for text in (page, overview):
        assert SHOWN in text
        assert "<script>alert" not in text
        assert "is damaged" not in text
    assert console.metrics()['brewget_backup_problem{problem="unproven"}'] == 2


def test_a_page_names_emptied_tables_and_notes(console: Console) -> None:
    change_manifest(newest(console.store), emptied=[HOSTILE], notes=["a note & more"])
    page = console.get(f"/sets/{newest(console.store).name}").text
    assert "Emptied since the set before" in page
    assert f"<li>{SHOWN}" in page
    assert "<li>a note &amp; more</li>" in page
    assert "<script>alert" not in page


LIMITS = ["the passwords of roles", HOSTILE]


def test_what_the_role_that_saved_could_not_do_is_shown(console: Console) -> None:
    name = newest(console.store).name
    assert "What its role could not do" not in console.get(f"/sets/{name}").text, "a superuser's"
    role = {"name": "saver", "superuser": False, "limits": LIMITS}
    change_manifest(newest(console.store), role=role)
    page = console.get(f"/sets/{name}").text
    assert "What its role could not do" in page
    assert "<li>the passwords of roles</li>" in page
    overview = console.get("/").text
    assert "2 limits of the role that saved it" in overview
    for text in (page, overview):
        assert "<script>alert" not in text
    assert SHOWN in page


@pytest.mark.parametrize("role", [None, "x", [], {}, {"limits": "x"}, {"limits": [5, None]}])
def test_a_role_of_any_kind_harms_no_set(store: Path, role: object) -> None:
    change_manifest(newest(store), role=role)
    found = Store(store, STORE_ID).look().sets[-1]
    assert found.state is State.VERIFIED
    assert found.manifest
    assert found.manifest.limits == ()
