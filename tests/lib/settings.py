"""Settings as `pulumi config set --path` writes them, from dotted keys and texts."""

import json
import re
from collections.abc import Mapping
from typing import Any


def as_set(config: Mapping[str, str]) -> dict[str, Any]:
    """What a stack's file has after `pulumi config set --path KEY VALUE` for each; `["a", "b"]` is
    a list, set item by item."""
    found: dict[str, Any] = {}
    for key, text in config.items():
        *groups, name = key.split(".")
        branch = found
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[name] = _typed(text) if groups else text
    return found


def _typed(text: str) -> Any:
    """Inside an object, Pulumi takes whole numbers and truth values for what they are."""
    if text in {"true", "false"} or re.fullmatch(r"-?(0|[1-9][0-9]*)", text):
        return json.loads(text)
    try:
        return json.loads(text) if text.startswith("[") else text
    except json.JSONDecodeError:
        return text
