"""Small file operations that must not leave half a file behind."""

import json
from pathlib import Path
from typing import Any


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Writes beside and renames: a reader finds the old text or the new one."""
    aside = path.with_name(f".{path.name}.new")
    aside.touch(mode=mode)
    aside.chmod(mode)
    aside.write_text(text)
    aside.replace(path)


def write_json(path: Path, value: Any) -> None:
    """JSON is YAML too, so every configuration file of Kubernetes can be written so."""
    write(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any] | None:
    """The object in a file; None where there is no file, or none that can be read as one."""
    try:
        value = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None
