"""What the last `make up` of a stack settled, for the verbs and shells that come after it."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Memory:
    """Where the stack lives: a later command without variables must mean the same place."""

    kind: str
    context: str
    backup_dir: str


def _file(root: Path, stack: str) -> Path:
    return root / ".state" / f"settled-{stack}.json"


def load(root: Path, stack: str) -> Memory | None:
    """None before the first `make up`. A destroy changes nothing: the backups stay."""
    path = _file(root, stack)
    if not path.is_file():
        return None
    try:
        return Memory(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        # Written in one piece (see save), so somebody edited it: all is settled anew.
        return None


def save(root: Path, stack: str, memory: Memory) -> None:
    """Written beside and renamed."""
    path = _file(root, stack)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps(asdict(memory)) + "\n")
    aside.replace(path)
