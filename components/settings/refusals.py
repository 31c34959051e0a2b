"""Why settings are refused: one sentence for each, with the next step, and never with a secret."""

import difflib
import json
import re
import shlex
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from components.settings.fields import allowed, groups, is_secret, leaves, set_command
from components.settings.model import Settings

_LEAVES = leaves(Settings)
_GROUPS = groups(Settings)
_HIDDEN = "(secret)"
_PRIVATE = ("AGE-SECRET-KEY-", "PRIVATE KEY")
"""What the private half of a pair of keys has in it."""


@dataclass(frozen=True, kw_only=True)
class Given:
    """Settings as they are in the stack's file."""

    values: Mapping[str, Any]
    encrypted: Collection[str]
    """Names of which Pulumi says that they are, or that something below them is, encrypted."""

    def at(self, path: Sequence[str]) -> Any:
        """The value at `path`; None where there is none."""
        found: Any = self.values
        for part in path:
            found = found.get(part) if isinstance(found, Mapping) else None
        return found

    def is_encrypted(self, key: str) -> bool:
        """Whether `key` may be encrypted: of a group's keys Pulumi does not say which one is."""
        return key in self.encrypted or key.partition(".")[0] in self.encrypted

    def is_hidden(self, key: str) -> bool:
        """Whether the value of `key` is, or may be, a secret.

        A setting that is not secret by its nature is shown beside an encrypted value in its group
        only where a secret setting accounts for that one.
        """
        if is_secret(_LEAVES[key]) or key in self.encrypted:
            return True
        if any(word in str(self.at(key.split("."))) for word in _PRIVATE):
            return True  # one half of a pair of keys taken for the other
        accounted = self._has_secrets(key.partition(".")[0]) and _is_plain(self.at(key.split(".")))
        return self.is_encrypted(key) and not accounted

    def _has_secrets(self, group: str) -> bool:
        secret = [key for key, field in _LEAVES.items() if is_secret(field)]
        return any(self.at(key.split(".")) for key in secret if key.startswith(f"{group}."))


def sentences(details: Sequence[ErrorDetails], given: Given) -> Iterator[str]:
    """A sentence for each of pydantic's errors: misspelt keys first, as they explain others."""
    for detail in sorted(details, key=lambda detail: detail["type"] != "extra_forbidden"):
        path = [part for part in detail["loc"] if isinstance(part, str)]
        if detail["type"] == "extra_forbidden":
            yield _unknown(path)
        elif (key := ".".join(path)) in _GROUPS:
            yield _no_group(path)
        else:
            yield _wrong(key, detail, given)


def in_clear(given: Given) -> Iterator[str]:
    """A sentence for each secret that is not encrypted."""
    for key, field in _LEAVES.items():
        if is_secret(field) and given.at(key.split(".")) and not given.is_encrypted(key):
            yield f"{key} is not encrypted. Example: {set_command(key, field)}"


def masked(sentence: str, given: Given) -> str:
    """`sentence` without the values that may be secrets."""
    for key in _LEAVES:
        value = given.at(key.split("."))
        if isinstance(value, str) and value and given.is_hidden(key):
            sentence = sentence.replace(f"'{value}'", _HIDDEN)
    return sentence


def _unknown(path: Sequence[str]) -> str:
    # Its value may be a secret whose key is misspelt: it is not shown.
    key = _written(path)
    near = difflib.get_close_matches(key, [*_LEAVES, *_GROUPS], n=1, cutoff=0.0)[0]
    return (
        f"{key} is not a setting; the nearest is {near}. "
        f"Example: {_removal(path)}; docs/settings.md has all settings"
    )


def _no_group(path: Sequence[str]) -> str:
    key = _written(path)
    inside = next(leaf for leaf in _LEAVES if leaf.startswith(f"{key}."))
    return (
        f"{key} has a value of its own, but is a group of settings. "
        f"Example: {_removal(path)} && {set_command(inside, _LEAVES[inside])}"
    )


def _wrong(key: str, detail: ErrorDetails, given: Given) -> str:
    field = _LEAVES[key]
    error = detail.get("ctx", {}).get("error")
    reason = f", but {error}" if isinstance(error, ValueError) else ""
    shown = quoted(given.at(key.split(".")))
    if given.is_hidden(key):
        shown = _HIDDEN
        # The reasons of a secret setting's rules do not quote it. Those of others may.
        reason = reason if is_secret(field) else ""
    return (
        f"{key} is {shown}{reason}. Allowed: {allowed(field)}. Example: {set_command(key, field)}"
    )


def _removal(path: Sequence[str]) -> str:
    # Without --path a name with dots in it is that name.
    option = "--path " if len(path) > 1 else ""
    return f"pulumi config rm {option}{shlex.quote(_written(path))}"


def _written(path: Sequence[str]) -> str:
    """A path as Pulumi writes it: a part that is not a plain word stands in brackets."""
    first, *rest = path
    return first + "".join(
        f".{part}" if re.fullmatch(r"[\w-]+", part) else f'["{part}"]' for part in rest
    )


def _is_plain(value: object) -> bool:
    items = value if isinstance(value, list) else [value]
    return not any(isinstance(item, Mapping | list) for item in items)


def quoted(value: object) -> str:
    """A value as sentences have it: of several lines the first."""
    if not isinstance(value, str):
        return json.dumps(value)
    first, *rest = value.splitlines() or [""]
    return f"'{first}{'…' if rest else ''}'"
