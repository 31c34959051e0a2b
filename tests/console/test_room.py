"""Free room in the store: measured, kept over restarts, through clocks that are wrong."""

import json
import time
from pathlib import Path

import pytest

from console.room import EVERY, MOST, PATIENCE, Room
from console.sets import Identity, Picture
from tests.console.conftest import Start
from tests.lib.console import STORE_ID

HOUR, DAY = 3600.0, 86_400.0
NOW = 1_800_000_000.0


def picture(free: int | None = 5, store: str = "one") -> Picture:
    return Picture(Identity.OK, id=store, free_bytes=free, size_bytes=10)


def test_free_room_is_measured_every_six_hours_and_outlives_the_pod(tmp_path: Path) -> None:
    file = tmp_path / "room.json"
    room = Room(file)
    for at in (0, 60, EVERY, EVERY + 60, 2 * EVERY):
        room.note(picture(), NOW + at)
    room.note(picture(None), NOW + 9 * EVERY)
    again = Room(file)
    assert [each.moment for each in again.of(picture())] == [NOW, NOW + EVERY, NOW + 2 * EVERY]
    assert again.of(picture(store="two")) == (), "another store's past says nothing of this one"
    again.note(picture(store="two"), NOW + 3 * EVERY)
    assert len(Room(file).of(picture(store="two"))) == 1


def test_free_room_needs_little_room_itself() -> None:
    room = Room(None)
    for at in range(MOST + 50):
        room.note(picture(2**50), NOW + at * EVERY)
    assert len(room.of(picture())) == MOST


def test_a_clock_that_ran_ahead_holds_up_no_measurement() -> None:
    room = Room(None)
    room.note(picture(), NOW + 1000 * DAY)
    real = [NOW + n * EVERY for n in range(PATIENCE + 1)]
    for moment in real:
        room.note(picture(), moment)
    assert [each.moment for each in room.of(picture())] == real


def test_a_clock_that_jumps_back_takes_nothing_with_it_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path / "room.json")
    real = [NOW + n * EVERY for n in range(10)]
    for moment in real:
        room.note(picture(), moment)
    for hours in (0, 1, 7):
        room.note(picture(), NOW - 1000 * DAY + hours * HOUR)
    again = Room(tmp_path / "room.json")
    again.note(picture(), real[-1] + EVERY)
    kept = [each.moment for each in again.of(picture())]
    assert kept[2:] == [*real, real[-1] + EVERY]
    assert kept == sorted(kept)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "store": "one", "samples": [[1]]}']
)
def test_a_damaged_history_starts_afresh(tmp_path: Path, text: str) -> None:
    (tmp_path / "room.json").write_text(text)
    room = Room(tmp_path / "room.json")
    assert room.of(picture()) == ()
    room.note(picture(), NOW)
    assert len(room.of(picture())) == 1


def test_of_many_measurements_the_page_has_the_newest_and_leads_to_all(
    start: Start, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    now = int(time.time())
    samples = [[now - n * int(EVERY), 2**30, 2**40] for n in range(70)][::-1]
    text = json.dumps({"version": 1, "store": STORE_ID, "samples": samples})
    (state / "room.json").write_text(text)
    console = start(CONSOLE_STATE=str(state)).log_in()
    page = console.get("/history?days=90").text
    assert page.count('<td class="number">1.0 GiB</td>') == 60
    assert 'days=90&amp;database=&amp;all=1#free">Show all 70 measurements</a>' in page
    whole = console.get("/history?days=90&all=1").text
    assert whole.count('<td class="number">1.0 GiB</td>') == 70
    assert "Show all" not in whole
