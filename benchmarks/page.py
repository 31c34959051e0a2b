"""docs/benchmarks.md and docs/limits.md: a part is measured anew, all else stays."""

import re
from collections.abc import Sequence
from pathlib import Path

BEGIN = "<!-- written by `make bench PARTS=sizes` -->"
END = "<!-- until here -->"
HEAD = (
    "# Benchmarks\n\n"
    "Written by `make bench`; every figure is measured there, none is typed. Contestants take turns, and a\n"
    "ratio is the median of the ratios round by round: of five, of the archive three. A stack hashes the content too, unless its\n"
    "`backup.hashes` is `rows`. The gigabyte is `benchmarks/brewery.sql`: names, texts, JSON, numbers, uuids.\n"
)


def write(page: Path | None, title: str, where: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the part as Markdown; put it in its place on the page, if there is one."""
    lines = ["| what | median | promise |", "|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    part = f"## {title}\n\n{where}\n\n" + "\n".join(lines) + "\n"
    if page:
        _, *others = re.split(r"^(?=## )", page.read_text(), flags=re.MULTILINE)
        kept = {other.split("\n")[0]: other.rstrip("\n") + "\n" for other in others}
        kept[f"## {title}"] = part
        page.write_text("\n".join([HEAD, *(kept[name] for name in sorted(kept))]))
    return part


def write_sizes(page: Path | None, _title: str, where: str, rows: Sequence[Sequence[str]]) -> str:
    """The same for docs/limits.md, which has one table of figures between two lines of its own."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    table = "\n".join([lines[0], "|---" * len(rows[0]) + "|", *lines[1:]])
    part = f"{BEGIN}\n{where}\n\n{table}\n{END}\n"
    if page:
        before, _, rest = page.read_text().partition(f"{BEGIN}\n")
        page.write_text(before + part + rest.partition(f"{END}\n")[2])
    return part
