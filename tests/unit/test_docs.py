"""What the pages say is what the project has: links, names of tests, settings, exit codes."""

import re
import subprocess
from pathlib import Path

import pytest

from bootstrap import settings_page

ROOT = Path(__file__).resolve().parents[2]
FILES = subprocess.run(
    ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
).stdout.splitlines()
FOLDERS = {str(folder) for file in FILES for folder in Path(file).parents} - {"."}
PAGES = sorted(ROOT / file for file in FILES if file.endswith(".md"))
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


def test_the_tree_of_the_readme_is_the_tree() -> None:
    shown = {path for path in FOLDERS if path.count("/") < 2 or path.startswith("scripts/pod/")}
    assert sorted(tree()) == sorted(shown)


def test_every_deeper_folder_is_named_where_a_reader_looks() -> None:
    sentences = tree()
    deeper = [Path(path) for path in FOLDERS - sentences.keys()]
    missed = [
        str(path)
        for path in deeper
        if not any(f"{path.name}/" in sentences.get(str(above), "") for above in path.parents)
    ]
    assert missed == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_exists(page: Path) -> None:
    assert [path for path in paths(page) if not exists(path, page)] == []


def tree() -> dict[str, str]:
    """The folders that README.md shows, each with its sentence."""
    block = (ROOT / "README.md").read_text().split("Each folder:\n\n```\n")[1].split("```")[0]
    found: dict[str, str] = {}
    above: list[str] = []
    for line in block.splitlines():
        indent, name, sentence = re.fullmatch(r"( *)(\S+)/ +(.+)", line).groups()
        above = [*above[: len(indent) // 2], name]
        found["/".join(above)] = sentence
    return found


def paths(page: Path) -> list[str]:
    """Words of code on a page that look like files or folders of this repository."""
    text = re.sub(r"Each folder:\n\n```.*?```", "", page.read_text(), flags=re.S)
    code = re.findall(r"^```.*?^```|`[^`\n]+`", text, re.S | re.M)
    words = {word for part in code for word in re.split(r"[\s`\"'()=,;]+", part)}
    here = {path.name for folder in (ROOT, page.parent) for path in folder.iterdir()}
    tops = {name for name in here if not name.startswith(".")}
    inside = [word for word in words if "/" in word and word.split("/")[0] in tops]
    # A file's name alone: its folder is what the sentence is about.
    alone = [word for word in words if re.fullmatch(r"[\w-]+\.(sh|bash|awk|sql|py|go|toml)", word)]
    return sorted(inside + alone)


def exists(path: str, page: Path) -> bool:
    """Whether a path, a pattern or a name alone is in the repository."""
    if "/" not in path:
        return any(file.rsplit("/", 1)[-1] == path for file in FILES)
    return any(any(folder.glob(path.rstrip("/"))) for folder in (ROOT, page.parent))
