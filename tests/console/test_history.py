"""History: what is drawn, what grows, and when a volume is full; and the page as it is served."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import escape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from console import axis, chart, forecast, history
from console.axis import Unit
from console.chart import Value
from console.forecast import Sample
from console.jobs import Cluster
from console.problem import Facts
from console.sets import BackupSet, Identity, Picture
from tests.console.conftest import Start
from tests.lib.budgets import a_set
from tests.lib.console import add_set

DAY, GIB = 86_400.0, 2.0**30
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("most", "unit", "written"),
    [
        (0, Unit.BYTES, ["0", "1 B"]),
        (1000, Unit.BYTES, ["0", "500 B", "1000 B"]),
        (1.4 * GIB, Unit.BYTES, ["0", "512 MiB", "1 GiB", "1.5 GiB"]),
        (700 * GIB, Unit.BYTES, ["0", "200 GiB", "400 GiB", "600 GiB", "800 GiB"]),
        (3, Unit.ROWS, ["0", "1", "2", "3"]),
        (6_500_000, Unit.ROWS, ["0", "2M", "4M", "6M", "8M"]),
        (7, Unit.SECONDS, ["0", "2 s", "4 s", "6 s", "8 s"]),
        (4000, Unit.SECONDS, ["0", "20 min", "40 min", "1 h", "1 h 20 min"]),
        (9 * DAY, Unit.SECONDS, ["0", "5 d", "10 d"]),
    ],
)
def test_an_axis_starts_at_nothing_and_has_few_round_numbers(
    most: float, unit: Unit, written: list[str]
) -> None:
    ticks = axis.upright(most, unit)
    assert [text for _, text in ticks] == written
    assert ticks[0][0] == 0
    assert ticks[-1][0] >= most


@pytest.mark.parametrize("span", [DAY / 2, DAY, 10 * DAY, 100 * DAY, 1000 * DAY, 9000 * DAY])
def test_dates_are_few_and_inside(span: float) -> None:
    ticks = axis.dates(NOW, NOW + span)
    assert 1 <= len(ticks) <= axis.TICKS + 1
    assert all(NOW <= moment <= NOW + span for moment, _ in ticks)
    assert len({text for _, text in ticks}) == len(ticks), ticks


def test_a_picture_of_one_value_or_of_none() -> None:
    assert chart.draw("size", "Size", [], Unit.BYTES) is None
    made = chart.draw("size", "Size", [Value(NOW, 5, "backup_1", "verified")], Unit.BYTES)
    assert made is not None
    (point,) = made.points
    assert (point.when, point.what) == ("2027-01-15 08:00 UTC", "5 B, verified")
    assert (point.left, point.width) == (chart.LEFT, chart.RIGHT - chart.LEFT)


@pytest.mark.parametrize(("keep", "kept"), [(max, 1000.0), (min, -1000.0)])
def test_of_many_values_the_extreme_ones_and_the_newest_stay(keep: chart.Keep, kept: float) -> None:
    values = [Value(NOW + index * 3600, 10) for index in range(1000)]
    values[500] = Value(values[500].moment, 1000)
    values[501] = Value(values[501].moment, -1000)
    shown = chart.thin(values[::-1], keep)
    assert len(shown) <= chart.MOST
    assert kept in {each.value for each in shown}
    assert shown[-1] == values[-1]
    assert shown == sorted(shown, key=lambda each: each.moment)


def falling(days: float, by: float = GIB, size: float = 100 * GIB) -> list[Sample]:
    """Four a day, `by` less each day, now at 50 GiB."""
    count = int(days * 4) + 1
    return [Sample(NOW - n * DAY / 4, 50 * GIB + n * by / 4, size) for n in range(count)][::-1]


def test_the_day_when_it_is_full_follows_from_the_rate() -> None:
    found = forecast.full(falling(10), 10 * GIB, NOW)
    assert found.moment == pytest.approx(NOW + 40 * DAY, abs=60)
    assert found.text == "full on 2027-02-24, as it went in the last 10 d"


def test_one_odd_measurement_moves_the_day_little() -> None:
    samples = falling(10)
    samples[20] = Sample(samples[20].moment, 1 * GIB, 100 * GIB)
    found = forecast.full(samples, 10 * GIB, NOW)
    assert found.moment == pytest.approx(NOW + 40 * DAY, abs=DAY)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([], "unknown when it is full"),
        (falling(0.5), "the day when it is full is not known yet: too few measurements"),
        (falling(10)[::40], "the day when it is full is not known yet: too few measurements"),
        (falling(10, by=0), "not filling up"),
        (falling(10, by=-GIB), "not filling up"),
        (falling(10, by=GIB / 1000), "not full within five years"),
        ([Sample(NOW - DAY, 9 * GIB, 100 * GIB)], "full"),
        # A volume that was made larger today: nothing is known of it but today.
        (
            [*falling(10)[:-2], *falling(0.25, size=200 * GIB)],
            "the day when it is full is not known yet",
        ),
        # Of a clock that ran ahead, and of last year.
        ([Sample(NOW + DAY, 0, 100 * GIB), *falling(10, by=0)], "not filling up"),
        ([Sample(NOW - 400 * DAY, 99 * GIB, 100 * GIB), *falling(10, by=0)], "not filling up"),
    ],
)
def test_no_day_where_none_is_known(samples: list[Sample], said: str) -> None:
    assert forecast.full(samples, 10 * GIB, NOW).text.startswith(said)


def shown(room: list[Sample], free: int, size: int, *sets: BackupSet) -> Facts:
    store = Picture(Identity.OK, sets=sets, free_bytes=free, size_bytes=size)
    return Facts(store=store, cluster=Cluster(), interval=1, room=tuple(room))


def test_the_day_follows_from_what_is_free_now_not_six_hours_ago() -> None:
    past = [replace(each, moment=each.moment - DAY / 4) for each in falling(10)]
    full, larger = shown(past, 0, int(100 * GIB)), shown(past, int(150 * GIB), int(200 * GIB))
    assert history.store_full(full, NOW).text == "full"
    assert history.store_full(larger, NOW).text.endswith("not known yet: too few measurements")
    silent = replace(full, store=replace(full.store, silent=60.0))
    assert history.store_full(silent, NOW).text.startswith("full on 20"), "0 is of before"


def test_a_set_of_the_year_9999_breaks_no_page_and_no_picture() -> None:
    end = 253_402_300_799.0
    assert axis.dates(end - DAY, end + DAY) == [], "no moment of the year 10000"
    assert axis.dates(-62_135_596_800.0 - DAY / 4, NOW)
    forged = replace(a_set(0), manifest=replace(a_set(0).manifest, started=end))  # type: ignore[type-var]
    made = history.view(shown([Sample(end, 1, 9)], 1, 9, a_set(1), forged), NOW)
    assert len(made.rows) == 2, "the table has all"
    assert {len(each.points) for each in made.charts} == {1}
    assert {each.key for each in made.charts} >= {"size", "rows"}
    assert not made.samples


def database(name: str, rows: int, size: int) -> dict[str, object]:
    table = {"schema": "public", "name": "t", "rows": rows, "hash": "1"}
    return {"name": name, "file": "one.sql", "bytes": size, "tables": [table]}


def test_the_page_has_every_value_as_a_point_and_as_a_row(start: Start, store: Path) -> None:
    size = len("-- backup_20260101_000000\n")
    bad = "<b>&\u202eتجربة"
    server = {"version": "16.15", "data_free_bytes": 3 * 2**30, "data_size_bytes": 9 * 2**30}
    add_set(
        store,
        timedelta(minutes=5),
        databases=[database("one", 130, size), database(bad, 7, size)],
        server=server,
    )
    old = add_set(store, timedelta(days=40), verified=False)
    state = store.parent / "state"
    state.mkdir()
    console = start(CONSOLE_STATE=str(state), CONSOLE_LOOK_SECONDS="0.2").log_in()
    page = console.get("/history")
    assert page.status == 200
    titles = re.findall(r'<figcaption id="[^"]*">([^<]+)<', page.text)
    assert titles[:3] == ["Size", "Rows", "A backup took"]
    assert page.text.count(f'href="/sets/{old}"') == 4, "of the drill there is no point: none was"
    assert "3.0 GiB, verified" in page.text
    assert "<b>&\u202e" not in page.text
    assert re.search(r">one</bdi></a></th>.*\+30<", page.text)
    few = console.get("/history?days=7")
    assert old not in few.text
    of_one = console.get("/history?database=one&days=90").text
    assert "Rows of <bdi>one</bdi></figcaption>" in of_one
    assert "130 rows, verified" in of_one
    assert of_one.count(f'<td class="number">{size} B</td><td class="number">130</td>') == 1
    assert f'<td class="number">{2 * size} B</td>' not in of_one, "that of all databases"
    of_bad = console.get("/history?" + urlencode({"database": bad})).text
    isolated = f"<bdi>{escape(bad)}</bdi>"
    assert f"History of {isolated}</h1>" in of_bad
    assert f"Size of {isolated}</figcaption>" in of_bad
    assert f"{isolated}</a></th>" in of_bad
    assert of_bad.count('<td class="number">not in it</td>') == 2 * 4
    assert console.get("/history?database=none").status == 404
    assert console.get("/history?days=nonsense").status == 200
    measured = json.loads((state / "room.json").read_text())["samples"]
    assert len(measured) == 1
    for made in store.glob("backup_*"):
        made.rename(store / f"gone-{made.name}")
    empty = console.get("/history").text
    assert re.findall(r'<figcaption id="[^"]*">([^<]+)<', empty) == ["Free in the store"]
    store.rename(store.with_name("elsewhere"))
    away = console.get("/history")
    assert (away.status, "does not answer or cannot be used" in away.text) == (200, True)
    console.cookie = ""
    assert console.get("/history").status == 303
