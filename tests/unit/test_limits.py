"""docs/limits.md: figures are written by the benchmark, and what was not measured is marked."""

import re
from pathlib import Path

from benchmarks.page import BEGIN, END, write_sizes
from benchmarks.sizes import HEAD, Size, rows

PAGE = Path(__file__).resolve().parents[2] / "docs" / "limits.md"
SMALL, LARGE = Size(0.5, 0.1, 10, 20, 30), Size(2.5, 0.5, 40, 60, 130)


def test_what_is_beyond_is_on_the_line_of_the_two_largest_and_says_so() -> None:
    found = rows([Size(0.1, 9, 9, 9, 9), SMALL, LARGE])
    assert found[2] == ("0.5 GiB", "0.1 GiB", "10.0 s", "20.0 s", "30.0 s", "measured")
    assert found[4] == ("10 GiB", "2 GiB", "2.5 min", "3.5 min", "8.4 min", "extrapolated")
    # (3600 - 40) / 15 is 237 GiB beyond the last.
    assert found[-1] == ("takes an hour at", "", "240 GiB", "180 GiB", "72 GiB", "extrapolated")


def test_the_benchmark_writes_its_table_and_leaves_the_text(tmp_path: Path) -> None:
    page = tmp_path / "limits.md"
    page.write_text(PAGE.read_text())
    for _ in range(2):
        part = write_sizes(page, "Sizes", "2026-01-01, here.", rows([SMALL, LARGE]))
        assert part in page.read_text()
    assert outside(page.read_text()) == outside(PAGE.read_text())


def test_the_page_has_figures_and_each_line_says_how_it_was_come_by() -> None:
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    lines = [line.split(" | ") for line in re.findall(r"^\| (.*) \|$", table, re.MULTILINE)]
    assert lines[0] == [*HEAD[:-1], ""]
    ways = [line[-1] for line in lines[1:]]
    assert ways == sorted(ways, reverse=True), "measured ones first"
    assert set(ways) == {"measured", "extrapolated"}


def outside(text: str) -> tuple[str, str]:
    """What a person has written: before the table and after it."""
    return text.split(BEGIN, maxsplit=1)[0], text.split(END)[1]
