"""What stands beside a set and outside of its sums: its pin, and why it was set aside."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from console.sets import State, Tried
from console.store import Store
from tests.lib.console import STORE_ID, Console, add_set
from tests.lib.kubeapi import FakeApi, job
from tests.lib.store import change_manifest

HOSTILE = '</li><script>alert(1)</script>" onload="x \ud800'
WHY = "its files do not match SHA256SUMS: one.sql: FAILED"
WHEN = "2026-01-01T00:00:00Z"


def newest(store: Path) -> Path:
    return max(store.glob("backup_*"))


def set_aside(store: Path, content: object) -> Path:
    """Move the newest set to failed/ as the scripts do; a string is failed.json itself."""
    (store / "failed").mkdir(exist_ok=True)
    moved = newest(store).rename(store / "failed" / newest(store).name)
    text = content if isinstance(content, str) else json.dumps(content)
    (moved / "failed.json").write_text(text)
    return moved


def reason(why: object) -> dict[str, object]:
    return {"version": 1, "failed": WHEN, "by": "verify.sh", "why": why}


def word_of(directory: Path, pinned: object) -> str:
    return json.dumps({"version": 1, "set": directory.name, "pinned": pinned})


@pytest.mark.parametrize("by_manifest", [True, False])
@pytest.mark.parametrize(
    ("word", "is_pinned"),
    [
        (None, None),
        ("true", True),
        ("false", False),
        # As the scripts read it: only a clear no takes a pin away.
        ('"false"', True),
        ("broken", True),
        ("another set's", True),
    ],
)
def test_the_later_word_pins_and_releases(
    store: Path, by_manifest: bool, word: str | None, is_pinned: bool | None
) -> None:
    directory = newest(store)
    looks = Store(store, STORE_ID)
    change_manifest(directory, pinned=by_manifest)
    assert looks.look().sets[-1].is_pinned is by_manifest, "and what was read is not kept too long"
    match word:
        case None:
            pass
        case "broken":
            (directory / "pinned.json").write_text("{")
        case "another set's":
            (directory / "pinned.json").write_text('{"set": "x", "pinned": false}')
        case _:
            (directory / "pinned.json").write_text(word_of(directory, json.loads(word)))
    found = looks.look().sets[-1]
    assert found.is_pinned is (by_manifest if is_pinned is None else is_pinned)
    assert found.state is State.VERIFIED, "the set is what it was"


def test_a_failed_set_says_why_when_and_by_which_script(store: Path) -> None:
    set_aside(store, reason(WHY))
    found = Store(store, STORE_ID).look().failed[0]
    assert (found.why, found.tried) == (WHY, Tried(1767225600.0, "verify.sh"))


def test_the_reason_is_told_even_where_the_manifest_cannot_be_read(store: Path) -> None:
    moved = set_aside(store, reason("its manifest.json is damaged (line 1)"))
    (moved / "manifest.json").write_text("{")
    found = Store(store, STORE_ID).look().failed[0]
    assert found.why == "its manifest.json is damaged (line 1)"
    assert found.manifest is None


@pytest.mark.parametrize(
    "content",
    ["", "{", "[" * 100_000, "[]", '{"why": 5}', {"why": None, "failed": 5, "by": ["x"]}, "\x00"],
    ids=lambda content: str(content)[:20],
)
def test_a_reason_that_cannot_be_read_is_none(store: Path, content: object) -> None:
    set_aside(store, content)
    found = Store(store, STORE_ID).look()
    assert [each.state.value for each in found.sets] == ["verified", "verified", "failed"]
    assert found.failed[0].why == ""


def test_a_reason_of_any_bytes_and_length_is_read(store: Path) -> None:
    moved = set_aside(store, reason("x" * 10_000))
    assert len(Store(store, STORE_ID).look().failed[0].why) == 2000
    (moved / "failed.json").write_bytes(b'{"why": "\xff\xfe cut short \xc3"}')
    assert "cut short" in Store(store, STORE_ID).look().failed[0].why


@pytest.fixture
def console(shared: tuple[Console, FakeApi]) -> Iterator[Console]:
    """The shared one, its store and cluster put back afterwards."""
    made, api = shared
    api.jobs.clear()
    yield made.log_in()
    api.jobs.clear()
    for moved in (made.store / "failed").glob("backup_*"):
        (moved / "failed.json").unlink()
        moved.rename(made.store / moved.name)
    for word in made.store.glob("*/pinned.json"):
        word.unlink()


def test_pages_say_why_and_escape_it(console: Console) -> None:
    name = set_aside(console.store, reason(HOSTILE)).name
    add_set(console.store, timedelta(days=-1), verified=False)
    try:
        for path in ("/", f"/sets/{name}"):
            page = console.get(path).text
            assert page.count("&lt;/li&gt;&lt;script&gt;alert(1)") >= 1, path
            assert "<script>alert" not in page
            assert '" onload="x' not in page
            assert '<time datetime="2026-01-01T00:00:00Z">' in page
        assert "by verify.sh" in console.get(f"/sets/{name}").text
        assert "Set aside" in console.get("/").text
    finally:
        future = newest(console.store)
        future.rename(console.store / f"gone-{future.name}")


def test_a_set_shows_its_pin_and_the_button_that_fits(console: Console) -> None:
    directory = newest(console.store)
    page = console.get(f"/sets/{directory.name}").text
    assert f'action="/sets/{directory.name}/pin"' in page
    assert f'action="/sets/{directory.name}/unpin"' not in page

    (directory / "pinned.json").write_text(word_of(directory, True))

    page = console.get(f"/sets/{directory.name}").text
    assert f'action="/sets/{directory.name}/unpin"' in page
    assert f'action="/sets/{directory.name}/pin"' not in page
    assert "pinned: it is never removed" in page
    assert console.metrics()["brewget_backup_sets_pinned"] == 1


def test_a_failed_pin_is_no_failed_backup(
    console: Console, shared: tuple[Console, FakeApi]
) -> None:
    shared[1].jobs = [
        job("postgres-backup-1", "postgres-backup", 60, "Complete"),
        job("postgres-pin-console-1", "postgres-backup", 5, "Failed"),
    ]
    assert console.metrics()['brewget_backup_job_failed{action="backup"}'] == 0
