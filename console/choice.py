"""Which database of a set or moment a form wants, and under which other name.

What the pod would refuse for certain is refused before there is a Job, in one sentence.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from console.forms import Form, one
from console.manifest import Manifest

_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,62}", re.ASCII)
_MOST_BYTES = 63
"""PostgreSQL cuts longer names."""
_OURS = re.compile(r"brewget_(load|drop|kept)_.*", re.ASCII)
"""A restore clears away what an unfinished one has left under such names."""
_SYSTEM = {"postgres", "template0", "template1"}


class ChoiceError(Exception):
    """Why it cannot be asked for, in one sentence."""


class Choice(NamedTuple):
    """What of a set is wanted."""

    databases: tuple[str, ...]
    """None: all."""
    name: str = ""
    """What the one database is to be called beside the present one."""
    replace: bool = False


def database(typed: str, known: Collection[str], *, is_hidden: bool) -> str:
    """A database by its name; `is_hidden`: there are others whose names are encrypted."""
    if typed in known:
        return typed
    if not is_hidden:
        raise ChoiceError(f"No set knows a database {typed[:_MOST_BYTES]}. Choose one of the list.")
    if "\0" in typed or len(typed.encode(errors="replace")) > _MOST_BYTES:
        raise ChoiceError(f"A database's name has at most {_MOST_BYTES} bytes.")
    return typed


def of_set(form: Form, of: Manifest) -> Choice:
    """Those that were ticked, in the set's order. Of an encrypted one what was typed, or all."""
    known, chosen = [each.name for each in of.databases], form.get("database", [])
    replace = "replace" in form
    if of.is_encrypted:
        typed = [each.strip() for each in chosen if each.strip()]
        return Choice(tuple(database(x, (), is_hidden=True) for x in typed), replace=replace)
    if not chosen or set(chosen) - set(known):
        raise ChoiceError("Choose at least one database of the set.")
    return Choice(tuple(name for name in known if name in chosen), replace=replace)


def copy_of_set(form: Form, of: Manifest) -> Choice:
    """One database and its other name, of which there is none by default."""
    known, chosen = [each.name for each in of.databases], one(form, "database")
    if of.is_encrypted:
        chosen = chosen.strip()
    name = other_name(one(form, "name").strip(), of=chosen)
    return Choice((database(chosen, known, is_hidden=of.is_encrypted),), name)


def other_name(typed: str, *, of: str) -> str:
    """Another name for the database `of`: the present one stays as it is beside it."""
    if not of:
        raise ChoiceError("Another name is for one database: choose which.")
    if not _NAME.fullmatch(typed):
        raise ChoiceError(
            "The other name has to be of up to 63 small letters, digits, _ and -, "
            "and to begin with a letter or _."
        )
    if typed in _SYSTEM or _OURS.fullmatch(typed):
        raise ChoiceError(f"The name {typed} is taken for other things here. Choose another.")
    if typed == of:
        raise ChoiceError(f"{typed} is its own name. Choose another, or restore it in place.")
    return typed
