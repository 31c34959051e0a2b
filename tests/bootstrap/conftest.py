"""A Pulumi project of its own for each test, on the tools that make has built."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bootstrap import clusters
from bootstrap.environment import CONFIG_FILE, for_children, variables
from bootstrap.place import Place, from_environment
from bootstrap.stack import Stack

PROJECT = "name: stand-in\nruntime: python\n"


@dataclass
class Program:
    """A one-file Pulumi program with a stack in a file backend."""

    folder: Path
    environment: dict[str, str]

    def write(self, body: str) -> "Program":
        """Replace the program."""
        imports = "import pulumi\nfrom pulumi_command import local\n\n"
        (self.folder / "__main__.py").write_text(imports + body)
        return self

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the real command line, whatever its status."""
        return subprocess.run(
            ["pulumi", "--non-interactive", "--color=never", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def up(self) -> str:
        """Bring the stack up; it has to work."""
        done = self.pulumi("up", "--yes", "--skip-preview")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def outputs(self, *options: str) -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(
            self.pulumi("stack", "output", "--json", *options).stdout
        )
        return found

    @property
    def log(self) -> list[str]:
        """What the commands wrote into the file `log` of the project."""
        path = self.folder / "log"
        return path.read_text().splitlines() if path.exists() else []


@dataclass(frozen=True)
class CutOff(Stack):
    """A stack whose run is interrupted before one of Pulumi's commands; all others are real."""

    before: str

    def pulumi(self, *arguments: str, check: bool = True) -> str:
        """Run it, or end as Ctrl-C does."""
        if " ".join(arguments).startswith(self.before):
            raise KeyboardInterrupt
        return super().pulumi(*arguments, check=check)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An empty checkout in a directory with a blank in its name."""
    root = tmp_path / "a checkout"
    root.mkdir()
    return from_environment({"HOME": str(tmp_path / "home")}, root)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """An empty program with its stack, on this checkout's tools."""
    here = from_environment({"HOME": os.environ["HOME"]})
    environment = for_children(here, clusters.Cluster(clusters.Kind.NAMED, "none"))
    (tmp_path / "backend").mkdir()
    (tmp_path / "project").mkdir()
    environment |= {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "for a test",
    }
    del environment["PULUMI_CONFIG_PASSPHRASE_FILE"], environment[CONFIG_FILE]
    found = Program(tmp_path / "project", environment)
    (found.folder / "Pulumi.yaml").write_text(PROJECT)
    assert found.pulumi("stack", "init", "dev").returncode == 0
    return found


def stack_environment(place: Place) -> dict[str, str]:
    """This checkout's tools, the other place's state."""
    here = from_environment()
    cluster = clusters.Cluster(clusters.Kind.LOCALCLUSTER, "two")
    ours = {k: v for k, v in variables(place, cluster).items() if k != "PULUMI_HOME"}
    return for_children(here, cluster) | ours
