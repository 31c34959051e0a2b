"""docs/settings.md, written from the settings model: no setting is described twice."""

import json

from components.settings.fields import allowed, change, leaves, plain_default
from components.settings.model import Settings

INTRODUCTION = """\
# Settings

Set one with `pulumi config set --path KEY VALUE`, take it back with `pulumi config rm --path KEY`,
and apply it with `pulumi up`. What is not allowed ends `pulumi preview` with one sentence for each
value, and nothing is changed. The old spelling of a key, one name with dots set without `--path`,
is accepted for one more release, with a warning that has the commands to move it. This page is
written by `make docs` from `components/settings/`.

The last column says what a new value does to a stack that is up. *in place*: the server runs on.
*restarts the server*: connections break for the seconds of a restart. *refused*: ends the preview
with the way, which is to destroy the stack (that takes a last set), to set the value, and to bring
the stack up again, with its data.
"""
HEAD = "| key | default | allowed | meaning | a new value |\n|---|---|---|---|---|"


def text() -> str:
    """The whole page."""
    groups: dict[str, list[str]] = {}
    for key, field in leaves(Settings).items():
        cells = [
            f"`{key}`",
            _default(plain_default(field)),
            allowed(field),
            str(field.description),
            change(field).value,
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
