"""The files of scripts/pod, and where a pod finds them: it runs the very bytes of the tests."""

from dataclasses import dataclass
from pathlib import Path

import pulumi

from components.cluster.kubectl import ROOT

DIRECTORY = ROOT / "scripts" / "pod"
PATTERNS = ("*.sh", "lib/*.bash", "sql/*.sql", "awk/*.awk", "etc/*")


@dataclass(frozen=True)
class Shipped:
    """One file."""

    key: str
    """Its name in the ConfigMap, whose keys have no folders: lib.store.bash."""
    path: str
    """Its place below the mount, as in the repository: lib/store.bash."""
    text: str


def read_shipped(directory: Path = DIRECTORY) -> list[Shipped]:
    """Every file that the pods need, by its path."""
    found = sorted(file for pattern in PATTERNS for file in directory.glob(pattern))
    if not found:
        raise pulumi.RunError(f"{directory} has no scripts. Is this a complete checkout?")
    texts = {file.relative_to(directory).as_posix(): file.read_text("utf-8") for file in found}
    return [Shipped(path.replace("/", "."), path, text) for path, text in texts.items()]


def items() -> list[dict[str, str]]:
    """For a volume of the ConfigMap: each key at its path, as in the repository."""
    return [{"key": file.key, "path": file.path} for file in read_shipped()]
