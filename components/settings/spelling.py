"""The old spelling: a setting as one name with dots, `brewget:backup.keep`, in no group.

It is taken for one release, with a warning that says how to move it. Then this file goes. So is
a format of sets that is not written any more: `plain`.
"""

import copy
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from components.settings import types
from components.settings.fields import is_secret, leaves
from components.settings.model import Settings


def dotted(given: Mapping[str, Any]) -> list[str]:
    """The settings in `given` that are spelt as before."""
    return sorted(key for key in leaves(Settings).keys() & given.keys() if "." in key)


def in_groups(given: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """`given` with every setting in its group, and a sentence for each that was there already."""
    old = dotted(given)
    values = copy.deepcopy({key: value for key, value in given.items() if key not in old})
    problems = []
    for key in old:
        *groups, name = key.split(".")
        branch: Any = values
        for group in groups:
            branch = branch.setdefault(group, {}) if isinstance(branch, dict) else None
        if not isinstance(branch, dict):
            continue  # a group that is not one: that is refused by itself
        if name in branch:
            problems.append(
                f"{key} is set twice: as one name with dots, and in its group with --path. "
                f"Example: pulumi config rm {key}"
            )
        branch[name] = given[key]
    if _is_plain(values):
        values["backup"]["format"] = types.DumpFormat.CUSTOM.value
    return values, problems


def plain(given: Mapping[str, Any]) -> str:
    """What becomes of sets in the format `plain`; empty where none is asked for."""
    if not _is_plain(given) and given.get("backup.format") != "plain":
        return ""
    return (
        "backup.format is 'plain', which sets are not written in any more and the next release "
        "refuses: they are written as custom, and older ones stay as they are. To accept that: "
        "pulumi config set --path backup.format custom"
    )


def _is_plain(values: Mapping[str, Any]) -> bool:
    backup = values.get("backup")
    return isinstance(backup, Mapping) and backup.get("format") == "plain"


def warning(given: Mapping[str, Any], encrypted: Collection[str]) -> str:
    """How to move what is spelt as before; empty where nothing is."""
    keys = dotted(given)
    if not keys:
        return ""
    fields = leaves(Settings)
    # A secret in clear is refused right after: until then it must not get into a log or an argv.
    hidden = {key for key in keys if key in encrypted or is_secret(fields[key])}
    commands = [command for key in keys for command in _move(key, given[key], key in hidden)]
    return (
        f"{', '.join(keys)} {'is' if len(keys) == 1 else 'are'} set as one name with dots, which "
        f"the next release refuses. To move: {' && '.join(commands)}"
    )


def _move(key: str, value: str, is_hidden: bool) -> Iterator[str]:
    """First to the new place: nothing is lost on the way."""
    if is_hidden:
        yield f"pulumi config get {key} | pulumi config set --path --secret {key}"
    elif isinstance(items := types.as_list(value), list):
        for number, item in enumerate(items):
            yield f"pulumi config set --path '{key}[{number}]' {shlex.quote(str(item))}"
    else:
        yield f"pulumi config set --path {key} {shlex.quote(value)}"
    yield f"pulumi config rm {key}"
