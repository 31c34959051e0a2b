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


def sections(page: Path) -> dict[str, str]:
    """On minikube: the blocks below each heading, those of one section together."""
    found: dict[str, str] = {}
    for part in re.split(r"^## ", page.read_text(), flags=re.MULTILINE)[1:]:
        code = [block["code"] for block in BLOCK.finditer(part) if block["where"] != "localcluster"]
        if code:
            found[part.partition("\n")[0]] = "\n".join(code)
    return found


def commands_of_readme(readme: Path) -> list[str]:
    """The first block of the page, without its comments."""
    (first,) = re.findall(r"\A.*?^```\n(.*?)^```$", readme.read_text(), re.MULTILINE | re.DOTALL)
    return [line.partition("#")[0].strip() for line in first.splitlines()]


def as_one_script(page: Path) -> str:
    """The blocks in order, in one shell that stops at the first failure and says where."""
    parts = ["set -euo pipefail"]
    for block in blocks(page):
        parts.append(f"trap 'echo \"failed: {page.name}, the block of line {block.line}\" >&2' ERR")
        parts.append(block.code)
    return "\n".join(parts)
