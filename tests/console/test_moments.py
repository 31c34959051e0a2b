"""A restore to a moment: previewed, confirmed, then exactly that; refused before a Job is made."""

import time
from collections.abc import Iterator

import pytest

from tests.console.conftest import end, healthy_api, three_sets
from tests.console.test_actions import command, press, refused
from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi
from tests.lib.positions import (
    DAY,
    HOUR,
    MINUTE,
    before,
    write_archive,
    write_drill,
    write_position,
)

PREVIEW = "/moment/preview"
SCRIPT = ["bash", "/backup-scripts/restore-moment.sh", "--to-time"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Console, FakeApi]]:
    """A console that shows an archive."""
    base = tmp_path_factory.mktemp("moments")
    fake, store = healthy_api(), three_sets(base)
    console = Console(
        base, store, {"KUBECONFIG": fake.kubeconfig(base), "CONSOLE_ARCHIVE": "1"}
    ).start()
    try:
        yield console, fake
    finally:
        console.stop()
        fake.stop()


@pytest.fixture
def api(shared: tuple[Console, FakeApi]) -> FakeApi:
    shared[1].jobs.clear()
    return shared[1]


@pytest.fixture
def console(shared: tuple[Console, FakeApi], api: FakeApi) -> Console:
    """Its archive reaches from eleven days ago to a moment ago."""
    write_archive(shared[0].store)
    return shared[0].log_in()


def typed(age: float) -> dict[str, str | list[str]]:
    """What a person types for a moment so long ago."""
    moment = time.gmtime(time.time() - age)
    return {"date": time.strftime("%Y-%m-%d", moment), "time": time.strftime("%H:%M:%S", moment)}


def spelled(fields: dict[str, str | list[str]]) -> str:
    return f"{fields['date']} {fields['time']}+00"


def test_it_is_previewed_confirmed_and_then_exactly_that(console: Console, api: FakeApi) -> None:
    fields = typed(3 * DAY)
    moment = spelled(fields)
    page = press(console, PREVIEW, **fields, database="one", name="one_before")
    restore = [*SCRIPT, moment, "--database", "one", "--as", "one_before"]
    assert command(api.jobs[0]) == [*restore, "--dry-run"]
    assert api.jobs[0]["metadata"]["ownerReferences"][0]["name"] == "postgres-backup-verify"
    text = console.get(page).text
    assert f"Preview of a restore to {moment}" in text
    assert "one_before, beside the present one" in text
    refused(console, f"{page}/restore", 409, confirm=moment)
    end(api, "Complete")
    assert f"To confirm, type {moment}" in console.get(page).text
    for wrong in ("", "yes", moment[:-3], moment.replace("+00", "+01")):
        assert moment in refused(console, f"{page}/restore", 400, confirm=wrong)
    assert len(api.jobs) == 1
    press(console, f"{page}/restore", confirm=moment)
    assert command(api.jobs[1]) == restore
    assert api.jobs[1]["metadata"]["ownerReferences"][0]["name"] == "postgres-backup-verify"


@pytest.mark.parametrize(
    ("fields", "options"),
    [
        ({}, []),
        ({"database": ""}, []),
        ({"replace": "on"}, ["--replace"]),
        ({"database": "one", "replace": "on"}, ["--database", "one", "--replace"]),
    ],
)
def test_what_is_chosen_is_the_script_s_own_option(
    console: Console, api: FakeApi, fields: dict[str, str], options: list[str]
) -> None:
    when = typed(HOUR)
    press(console, PREVIEW, **when, **fields)
    assert command(api.jobs[0]) == [*SCRIPT, spelled(when), *options, "--dry-run"]


def test_a_time_without_seconds_is_the_whole_minute(console: Console, api: FakeApi) -> None:
    """As browsers send it when the seconds are 00."""
    when = typed(HOUR)
    when["time"] = str(when["time"])[:5]
    press(console, PREVIEW, **when)
    assert command(api.jobs[0])[3] == f"{when['date']} {when['time']}:00+00"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (12 * DAY, "lies before the first moment that can be restored to"),
        (-HOUR, "lies after the newest commit known to be in the archive"),
        (10.0, "lies after the newest commit known to be in the archive"),
    ],
)
def test_a_moment_outside_the_window_makes_no_job(
    console: Console, api: FakeApi, age: float, words: str
) -> None:
    assert words in refused(console, PREVIEW, 400, **typed(age))
    assert api.jobs == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"date": "2026-11-22"},
        {"date": "2026-02-30", "time": "10:15:00"},
        {"date": "22.11.2026", "time": "10:15"},
        {"date": "2026-11-22", "time": "10:15:00+02"},
        {"date": "2026-11-22", "time": "10:15:00.5"},
        {"date": "2026-11-22", "time": "25:00"},
        {"date": "2026-11-22 --as x", "time": "10:15"},
        {"date": "\N{ARABIC-INDIC DIGIT TWO}026-11-22", "time": "10:15"},
    ],
)
def test_what_is_no_moment_makes_no_job(
    console: Console, api: FakeApi, fields: dict[str, str]
) -> None:
    assert "are needed, in UTC. Nothing was done." in refused(console, PREVIEW, 400, **fields)
    assert api.jobs == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"database": "two"}, "No set knows a database two."),
        ({"database": "--replace"}, "No set knows a database --replace."),
        ({"name": "other"}, "choose which"),
        ({"database": "one", "name": "--replace"}, "small letters"),
        ({"database": "one", "name": "a b"}, "small letters"),
        ({"database": "one", "name": "x" * 64}, "small letters"),
        ({"database": "one", "name": "other", "replace": "on"}, "Choose one"),
    ],
)
def test_what_the_script_would_not_take_makes_no_job(
    console: Console, api: FakeApi, fields: dict[str, str], words: str
) -> None:
    assert words in refused(console, PREVIEW, 400, **typed(HOUR), **fields)
    assert api.jobs == []


def test_a_window_that_moved_on_after_the_preview_is_seen(console: Console, api: FakeApi) -> None:
    when = typed(10 * DAY)
    page = press(console, PREVIEW, **when)
    end(api, "Complete")
    write_drill(console.store, "offsite", HOUR, **{"from": before(9 * DAY)})
    write_drill(console.store, "local", HOUR, **{"from": before(8 * DAY)})
    assert "lies before" in refused(console, f"{page}/restore", 409, confirm=spelled(when))
    assert len(api.jobs) == 1


def test_of_an_archive_that_stands_still_what_is_in_it_can_be_had(
    console: Console, api: FakeApi
) -> None:
    write_position(console.store, time=before(HOUR), canary=before(HOUR))
    assert "lies after" in refused(console, PREVIEW, 400, **typed(HOUR - MINUTE))
    press(console, PREVIEW, **typed(HOUR + MINUTE))


def test_without_a_window_there_is_no_button_and_no_job(console: Console, api: FakeApi) -> None:
    for file in (console.store / "archive").glob("*.json"):
        file.unlink()
    text = console.get().text
    assert "To any second" in text
    assert "Restore to a moment" not in text
    assert "not known yet which moments" in refused(console, PREVIEW, 400, **typed(HOUR))
    assert api.jobs == []


def test_a_set_and_a_moment_are_not_restored_at_once(console: Console, api: FakeApi) -> None:
    when = typed(HOUR)
    first = press(console, PREVIEW, **when)
    end(api, "Complete")
    press(console, f"{first}/restore", confirm=spelled(when))
    name = max(console.store.glob("backup_*")).name
    second = press(console, f"/sets/{name}/preview", database=["one"])
    end(api, "Complete")
    assert "another restore" in refused(console, f"{second}/restore", 502, confirm=name)


def test_a_refused_preview_leads_back_to_the_form(console: Console, api: FakeApi) -> None:
    page = press(console, PREVIEW, **typed(HOUR))
    end(api, "Failed")
    text = console.get(page).text
    assert "The restore would be refused." in text
    assert '<a href="/moment">Choose again</a>' in text
