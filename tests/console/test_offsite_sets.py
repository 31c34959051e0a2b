"""What page, /metrics and /api/v1/status say of the sets off this machine, and where none are copied."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.console.conftest import Start, healthy_api, three_sets
from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi
from tests.lib.positions import HOUR, MINUTE, write_archive, write_copies

RUN = "timestamp_seconds"
TIMES = {RUN, "newest_timestamp_seconds"}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    """A console that is to show an archive, for all tests."""
    base = tmp_path_factory.mktemp("copies")
    fake = healthy_api()
    environment = {"KUBECONFIG": fake.kubeconfig(base), "CONSOLE_ARCHIVE": "1"}
    made = Console(base, three_sets(base), environment)
    try:
        yield made.start()
    finally:
        made.stop()
        fake.stop()


@pytest.fixture
def console(one: Console) -> Console:
    """Its archive is in good order, and sets are copied."""
    write_archive(one.store)
    return one.log_in()


def status(console: Console) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(console.get("/api/v1/status").text)
    return found


def copies_metrics(console: Console) -> dict[str, float]:
    prefix = "brewget_offsite_sets_"
    found = console.metrics().items()
    return {key.removeprefix(prefix): value for key, value in found if key.startswith(prefix)}


def test_the_sets_off_this_machine_in_words_and_numbers(console: Console) -> None:
    write_copies(console.store, time="2026-11-30T16:00:00Z", set="backup_20261130_120000")
    assert "<dd>14, newest backup_20261130_120000, copied " in console.get().text
    assert copies_metrics(console) == {
        "ok": 1,
        "timestamp_seconds": 1796054400,
        "newest_timestamp_seconds": 1796040000,
        "kept": 14,
    }
    assert status(console)["archive"]["sets_offsite"] == {
        "ok": True,
        "time": "2026-11-30T16:00:00Z",
        "set": "backup_20261130_120000",
        "sets": 14,
        "seconds": 12,
        "why": "",
    }


@pytest.mark.parametrize(
    ("changes", "shown", "ok", "others"),
    [
        ({}, "14, newest NAME, copied AGE", 1, {*TIMES, "kept"}),
        ({"sets": None}, "newest NAME, copied AGE", 1, TIMES),
        ({"set": None, "sets": 0}, "none yet, last tried AGE", 1, {RUN, "kept"}),
        ({"ok": False, "why": "a <b>"}, "14, newest NAME; the last run failed AGE: a &lt;b&gt;", 0, {*TIMES, "kept"}),
        ({"ok": False, "why": "away", "set": None, "sets": None}, "none yet; the last run failed AGE: away", 0, {RUN}),
        ({"version": 2}, "unknown: offsite-sets.json cannot be used: its version 2 is newer than", 0, set()),
    ],
)  # fmt: skip
def test_what_is_known_of_them_is_shown_and_what_is_not_has_no_sample(
    console: Console, changes: dict[str, Any], shown: str, ok: int, others: set[str]
) -> None:
    write_copies(console.store, 3 * HOUR + MINUTE + 5, **changes)
    name = json.loads((console.store / "archive" / "offsite-sets.json").read_text())["set"]
    words = shown.replace("NAME", str(name)).replace("AGE", "3 h 1 min ago")
    assert f"<dt>Sets off this machine</dt><dd>{words}" in console.get().text
    seen = copies_metrics(console)
    assert (seen.pop("ok"), seen.keys()) == (ok, others)


def test_where_they_are_to_be_copied_and_no_run_has_ended_it_is_said(console: Console) -> None:
    (console.store / "archive" / "offsite-sets.json").unlink()
    assert "No run that copies sets off this machine has ever ended." in console.get().text
    assert console.metrics()['brewget_backup_problem{problem="offsite-sets"}'] == 2


def test_where_no_sets_are_copied_nothing_is_said_of_it(
    start: Start, api: FakeApi, tmp_path: Path, store: Path
) -> None:
    write_archive(store)
    write_copies(store)  # of before
    environment = {"CONSOLE_ARCHIVE": "1", "CONSOLE_ARCHIVE_SETS": "0"}
    console = start(KUBECONFIG=api.kubeconfig(tmp_path), **environment).log_in()
    assert "Sets off this machine" not in console.get().text
    assert "Your data is safe: verified" in console.get().text
    assert copies_metrics(console) == {}
    seen = console.metrics()
    assert 'brewget_backup_problem{problem="offsite-sets"}' not in seen
    assert seen['brewget_backup_problem{problem="archive-drill"}'] == 0
    assert status(console)["archive"]["sets_offsite"] is None
