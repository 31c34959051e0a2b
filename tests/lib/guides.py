"""The shell blocks of a Markdown page, as a person would paste them one after another."""

import re
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```sh(?: (?P<where>\w+))?\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced `sh` block and the line it begins on."""

    line: int
    code: str


def blocks(page: Path) -> list[Block]:
    """Every block of the page; one that is fenced `sh minikube` is left to minikube."""
    text = page.read_text()
    return [
        Block(text.count("\n", 0, found.start()) + 1, found["code"])
        for found in BLOCK.finditer(text)
        if found["where"] != "minikube"
    ]


def as_one_script(page: Path) -> str:
    """The blocks in order, in one shell that stops at the first failure and says where."""
    parts = ["set -euo pipefail"]
    for block in blocks(page):
        parts.append(f"trap 'echo \"failed: {page.name}, the block of line {block.line}\" >&2' ERR")
        parts.append(block.code)
    return "\n".join(parts)
