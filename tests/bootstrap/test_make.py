"""The Makefile as a person meets it."""

import re
import subprocess

from bootstrap.place import ROOT


def test_help_names_each_target_with_what_it_does() -> None:
    listed = subprocess.run(
        ["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    targets = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    rows = [re.fullmatch(r"([a-z-]+) +(\S.*)", line) for line in listed.splitlines()]

    assert all(rows), listed
    assert {row[1] for row in rows if row} == set(targets[0].split())


def test_help_needs_no_tool_of_gnu() -> None:
    """BSD's sed has no \\t in a replacement, and macOS no GNU tools: awk as POSIX has it will do."""
    recipe = (ROOT / "Makefile").read_text().partition("help:")[2].partition("\n\n")[0]
    assert "awk" in recipe
    assert "sed" not in recipe
    assert "\\t" not in recipe
