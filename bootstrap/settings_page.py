"""docs/settings.md, written from the settings model: no setting is described twice."""

import json

from components.settings.load import leaves, plain_default
from components.settings.model import Settings

INTRODUCTION = """\
# Settings

Set one with `pulumi config set KEY VALUE` and apply it with `pulumi up`. What is not allowed ends
`pulumi preview` with one sentence for each value, and nothing is changed. This page is written by
`make docs` from `components/settings/model.py`.
"""
HEAD = "| key | default | allowed | meaning |\n|---|---|---|---|"


def text() -> str:
    """The whole page."""
    groups: dict[str, list[str]] = {}
    for key, field in leaves(Settings).items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict)  # noqa: S101 (every field is made by `setting`)
        cells = [
            f"`{key}`",
            _default(plain_default(field)),
            str(extra["allowed"]),
            str(field.description),
        ]
        groups.setdefault(_group(key), []).append(f"| {' | '.join(map(_cell, cells))} |")
    tables = [f"## {name}\n\n{HEAD}\n" + "\n".join(rows) + "\n" for name, rows in groups.items()]
    return "\n".join([INTRODUCTION, *tables])


def _group(key: str) -> str:
    """`backup.storage.kind` belongs under `backup.storage`, a key without dots under `stack`."""
    return key.rpartition(".")[0] or "stack"


def _default(value: str | int | bool | list[str]) -> str:
    if value == "":
        return "(none)"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _cell(content: str) -> str:
    return content.replace("|", "\\|")
