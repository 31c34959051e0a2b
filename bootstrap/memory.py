"""What the last `make up` of a stack settled, for the verbs and shells that come after it."""

from dataclasses import asdict, dataclass
from pathlib import Path

from toolchain import files


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
    try:
        return Memory(**files.read_json(_file(root, stack)) or {})
    except TypeError:
        # None there, or somebody edited it, as it is written in one piece: all is settled anew.
        return None


def save(root: Path, stack: str, memory: Memory) -> None:
    """Replaces what was settled before."""
    files.write_json(_file(root, stack), asdict(memory))
