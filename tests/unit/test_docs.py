"""What the pages say is what the project has: links, names of tests, settings, exit codes."""

import re
from pathlib import Path

import pytest

from bootstrap import settings_page

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md")])
TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))


def test_the_page_of_settings_is_the_models() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == settings_page.text(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`(test_[a-z0-9_]+)`", page.read_text())
    assert [name for name in named if f"def {name}(" not in TESTS] == []


def test_what_survives_what_is_shown_row_by_row() -> None:
    table = (ROOT / "README.md").read_text().split("## What survives what")[1].split("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 9
    assert [row for row in rows if not re.search(r"`test_\w+` \|$", row)] == []


def test_every_exit_code_is_explained() -> None:
    line = re.search(
        r"^readonly OK=0.*$", (ROOT / "scripts" / "pod" / "lib" / "common.bash").read_text(), re.M
    )
    assert line is not None
    page = (ROOT / "docs" / "backups.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
    assert re.findall(r"=(\d+)", line[0]) == re.findall(r"^\| (\d+) \|", page, re.M)
