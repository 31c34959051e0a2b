"""`pulumi preview --json | python -m policy.steps`: nothing that holds data is lost.

A policy pack sees the resources that there will be, not the steps that lead there.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from policy.data import step_keeps_data


def losses(preview: Mapping[str, Any]) -> Iterator[str]:
    """What the preview's steps would lose, a sentence each."""
    for step in preview.get("steps", []):
        _, _, rest = step["urn"].partition("::")
        types, _, name = rest.rpartition("::")
        kind = types.rpartition(":")[2]
        yield from step_keeps_data(step["op"], kind, name)


def main() -> int:
    """Prints the losses; 1 if there is one."""
    found = list(losses(json.load(sys.stdin)))
    for sentence in found:
        sys.stderr.write(f"{sentence}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
