"""Small file operations that never leave half a file behind."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, renamed over it at the end and removed after a failure.

    A reader finds the old content or the new one. Two writers do not meet: the name has the
    process's number in it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        _remove(aside)
        yield aside
        aside.replace(path)
    finally:
        _remove(aside)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """The whole text or nothing, readable by its owner alone unless `mode` says otherwise."""
    with replacing(path) as aside:
        aside.touch(mode=mode)
        aside.chmod(mode)
        aside.write_text(text)


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
