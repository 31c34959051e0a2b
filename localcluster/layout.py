"""Where a cluster keeps its files, and the names that it uses on the machine."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from toolchain.errors import SetupError

REPOSITORY = Path(__file__).resolve().parent.parent
# Resolved: a second checkout may share the first one's tools through a link.
TOOLS = (REPOSITORY / ".tools").resolve()
DEFAULT_PROFILE = "localcluster"

# A profile is a node's name, a file's name and a context's name at once.
PROFILE_RULE = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Layout:
    """One cluster's files and names. Nothing here touches the disk."""

    profile: str
    home: Path

    @property
    def identity(self) -> str:
        """Tells clusters of different homes apart; short, for a link's name has 15 letters."""
        return hashlib.sha256(str(self.home).encode()).hexdigest()[:8]

    @property
    def link(self) -> str:
        """The machine's end of the cable to the node."""
        return f"lc-{self.identity}"

    @property
    def cgroup(self) -> str:
        """The cgroup, below the root of each hierarchy, that holds the whole node."""
        return f"localcluster-{self.identity}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's, with one context named as the profile."""
        return self.home / "kubeconfig"

    @property
    def record(self) -> Path:
        """What the cluster is: subnet and host mounts."""
        return self.home / "cluster.json"

    @property
    def process(self) -> Path:
        """Which process is the node; present from start to stop."""
        return self.home / "node.json"

    @property
    def complete(self) -> Path:
        """Present once the node was Ready with everything in it, since its last start."""
        return self.home / "complete"

    @property
    def pki(self) -> Path:
        """Keys and certificates, seen by the node as /etc/kubernetes/pki."""
        return self.home / "pki"

    @property
    def config(self) -> Path:
        """The components' configuration, seen by the node as /etc/kubernetes/config."""
        return self.home / "config"

    @property
    def logs(self) -> Path:
        """One file a component."""
        return self.home / "logs"

    @property
    def kept(self) -> Path:
        """The directories of the node that survive a stop."""
        return self.home / "node"


def find(profile: str) -> Layout:
    """The cluster of a profile: below LOCALCLUSTER_HOME, else in this repository's state."""
    if not PROFILE_RULE.fullmatch(profile):
        raise SetupError(
            f"the profile {profile!r} cannot name a node: use small letters, digits and '-', "
            "at most 40 of them"
        )
    homes = Path(os.environ.get("LOCALCLUSTER_HOME") or REPOSITORY / ".state" / "localcluster")
    # Resolved: the names on the machine come from this path, whichever link led here.
    return Layout(profile, homes.resolve() / profile)
