"""Pictures of a real run for README.md: a terminal as SVG, a page as PNG. `make pictures` keeps them."""

import io
import os
import re
from pathlib import Path

from rich.console import Console
from rich.text import Text

LARGEST = 150_000
"""Bytes that a reader of the page has to load for a picture."""
WIDTH = 120


def keep(name: str, data: bytes) -> None:
    """Write a picture where PICTURES says; without it a test has only looked."""
    assert len(data) < LARGEST, f"{name} has {len(data)} bytes"
    if folder := os.environ.get("PICTURES"):
        Path(folder, name).write_bytes(data)


def terminal(title: str, said: str) -> str:
    """What a command said, as it looks on a terminal: SVG that loads nothing."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    for line in said.splitlines():
        text = Text(line)
        text.highlight_regex("^✓", "green")
        text.highlight_regex(r"(?<=  )[^ ].* · [\d.]+ s$", "dim")
        console.print(text)
    made = console.export_svg(title=title)
    return re.sub(r"@font-face \{.*?\}\s*", "", made, flags=re.DOTALL)


def steps(text: str) -> list[str]:
    """The titles of the steps that make has done, in a terminal's text or its picture."""
    plain = re.sub(r"<[^>]*>", "\n", text).replace("&#160;", " ")
    return re.findall(r"^\W*\d+/\d+ (\S.*?)(?=  |$)", plain, re.MULTILINE)
