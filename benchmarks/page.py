"""docs/benchmarks.md: a part of it is measured anew, the other stays."""

import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks.comparisons import Row

HEAD = (
    "# Benchmarks\n\n"
    "Written by `make bench`; every figure is measured there, none is typed. Contestants take turns, and a\n"
    "ratio is the median of the ratios round by round. A stack hashes the content too, unless its\n"
    "`backup.hashes` is `rows`. The gigabyte is `benchmarks/brewery.sql`: names, texts, JSON, numbers, uuids.\n"
)


def write(page: Path | None, title: str, where: str, rows: Sequence[Row]) -> str:
    """Return the part as Markdown; put it in its place on the page, if there is one."""
    lines = ["| what | median of 5 | promise |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    part = f"## {title}\n\n{where}\n\n" + "\n".join(lines) + "\n"
    if page:
        _, *others = re.split(r"^(?=## )", page.read_text(), flags=re.MULTILINE)
        kept = {other.split("\n")[0]: other.rstrip("\n") + "\n" for other in others}
        kept[f"## {title}"] = part
        page.write_text("\n".join([HEAD, *(kept[name] for name in sorted(kept))]))
    return part
