"""Values out of a file that anybody may have written: what they should be, or UnusableError."""

import json
import re
from collections.abc import Mapping
from typing import Any

_FILE = re.compile(r"[A-Za-z0-9_%-]+(\.[a-z.]+)?", re.ASCII)
_MOST = 2**63
_MOST_LINES, _MOST_SIGNS = 100, 300

Found = Mapping[str, Any]


class UnusableError(Exception):
    """The text says what is wrong with a manifest, in the words of list.sh."""


def load(content: bytes) -> dict[str, Any]:
    """A JSON object out of a file of the store."""
    try:
        found = json.loads(content)
    # RecursionError: ten thousand brackets. ValueError covers bad JSON, bad UTF-8, a number of
    # five thousand digits.
    except (ValueError, RecursionError) as error:
        raise UnusableError("it is not JSON") from error
    if not isinstance(found, dict):
        raise UnusableError("it is not a JSON object")
    return found


def object_at(found: Found, key: str) -> Found:
    """An object within."""
    value = found.get(key)
    if not isinstance(value, dict):
        raise UnusableError(f"its manifest has no usable '{key}'")
    return value


def objects(found: Found, key: str) -> list[Found]:
    """A list of objects; none where the key is missing."""
    value = found.get(key, [])
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise UnusableError(f"its manifest has no usable '{key}'")
    return value


def text(found: Found, key: str, default: str | None = None) -> str:
    """A text that can be shown."""
    value = found.get(key, default)
    if not isinstance(value, str):
        raise UnusableError(f"its manifest has no usable '{key}'")
    return said(value)


def lines(found: Found, key: str) -> tuple[str, ...]:
    """Texts that are only shown: no set is worth less for what cannot be."""
    value = found.get(key)
    kept = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
    return tuple(said(each)[:_MOST_SIGNS] for each in kept[:_MOST_LINES])


def said(value: object) -> str:
    """What can be shown of a value that should be a text."""
    # A lone surrogate is valid JSON and cannot be sent to a browser.
    return value.encode(errors="replace").decode() if isinstance(value, str) else ""


def file_name(found: Found, key: str) -> str:
    """File names come from outside: none may lead out of the set."""
    name = text(found, key)
    if not _FILE.fullmatch(name):
        raise UnusableError("its manifest has no usable file name")
    return name


def count(value: object) -> int:
    """A number of things or bytes."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MOST:
        raise UnusableError("its manifest has a count that is none")
    return value


def known(value: object) -> int | None:
    """The same where it may be null: unknown."""
    return None if value is None else count(value)
