"""Where things lie, and what a person chose by environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bootstrap import memory

ROOT = Path(__file__).resolve().parent.parent
NONE = "none"
"""BACKUP_DIR of a stack whose backups stay in its cluster, and go with that."""


@dataclass(frozen=True)
class Place:
    """A checkout and the choices that `make` takes from the environment."""

    root: Path
    backup_dir: Path | None
    """Of this machine, mounted into the cluster. None: no directory is (BACKUP_DIR=none)."""
    profile: str
    """Of the local cluster. Empty: the previous one, or the default."""
    stack: str
    kube_context: str
    """Empty: no cluster was named, so one is looked for."""

    @property
    def backups(self) -> str:
        """As BACKUP_DIR would name them."""
        return NONE if self.backup_dir is None else str(self.backup_dir)

    @property
    def venv(self) -> Path:
        """The Python of the program, the tests and of make itself."""
        return self.root / ".venv"

    @property
    def tools(self) -> Path:
        """What was built or downloaded; can be deleted at any time."""
        return self.root / ".tools"

    @property
    def bin(self) -> Path:
        """Goes on PATH."""
        return self.tools / "bin"

    @property
    def own_cluster_programs(self) -> Path:
        """minikube and kubectl, where nobody has installed them: last on PATH."""
        return self.tools / "minikube" / "bin"

    @property
    def pulumi_home(self) -> Path:
        """Pulumi's own directory: plugins, no login of another project."""
        return self.tools / "pulumi-home"

    @property
    def state(self) -> Path:
        """What cannot be made again: the stack, its passphrase, the local cluster's disks."""
        return self.root / ".state"

    @property
    def shell(self) -> Path:
        """What a shell of `make env` needs besides: written anew by each."""
        return self.state / "shell" / self.stack

    @property
    def backend(self) -> Path:
        """Pulumi's file backend."""
        return self.state / "pulumi"

    @property
    def passphrase(self) -> Path:
        """What the stack's secrets are encrypted with."""
        return self.state / "passphrase"

    @property
    def stack_file(self) -> Path:
        """The stack's settings, this machine's among them; git ignores it."""
        return self.root / f"Pulumi.{self.stack}.local.yaml"


def from_environment(environment: Mapping[str, str] = os.environ, root: Path = ROOT) -> Place:
    """Empty variables count as unset, as make passes them on.

    Without BACKUP_DIR the stack's backups stay where they are: another directory would be another
    store, and the database would refuse to start with it.
    """
    stack = environment.get("STACK") or "dev"
    home = Path(environment.get("HOME") or "~").expanduser()
    settled = memory.load(root, stack)
    usual = settled.backup_dir if settled else home / "brewget-postgres-backups"
    backups = environment.get("BACKUP_DIR") or str(usual)
    return Place(
        root=root,
        backup_dir=None if backups == NONE else Path(backups).absolute(),
        profile=environment.get("LOCALCLUSTER_PROFILE") or "",
        stack=stack,
        kube_context=environment.get("KUBE_CONTEXT") or "",
    )
