"""Which cluster the stack goes to: the one named, the previous one, minikube, or localcluster."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path

from bootstrap import docker, memory, minikube
from bootstrap.docker import Docker
from bootstrap.place import Place
from toolchain.errors import SetupError

MINIKUBE = "minikube"
"""The profile that is made where there is none: minikube's own default."""
DEFAULT_PROFILE = "localcluster"
OVERLAY = "brewget-current-context"
"""The name of the file that comes first in a shell's KUBECONFIG: see bootstrap.shell."""


class Kind(Enum):
    """Who starts and stops the cluster."""

    NAMED = "named"
    """KUBE_CONTEXT: somebody else's; never started or stopped from here."""
    MINIKUBE = "minikube"
    LOCALCLUSTER = "localcluster"


@dataclass(frozen=True)
class Cluster:
    """A cluster and the kubeconfig context that leads to it."""

    kind: Kind
    context: str
    why: str = field(default="", compare=False)
    """The reason for the choice, for a person."""


@dataclass(frozen=True)
class Machine:
    """What the choice depends on."""

    has_minikube: bool
    recorded: Cluster | None
    profiles: frozenset[str] = frozenset()
    """minikube's, where a cluster was named."""
    has_docker: bool = False
    """Which this user may use, and on which a minikube can be had."""


def choose(place: Place, machine: Machine) -> Cluster:
    """A stack stays on its cluster until it is destroyed, or until another one is named."""
    before = machine.recorded
    is_local = before is not None and before.kind is Kind.LOCALCLUSTER
    profile = place.profile or (before.context if before and is_local else DEFAULT_PROFILE)
    if place.kube_context:
        return _named(place.kube_context, profile, machine)
    if before and not is_local:
        return replace(before, why="the stack lives there")
    if is_local or place.profile:
        why = "LOCALCLUSTER_PROFILE names it" if place.profile else "the stack lives there"
        return Cluster(Kind.LOCALCLUSTER, profile, why)
    if machine.has_minikube:
        return Cluster(Kind.MINIKUBE, MINIKUBE, "minikube is installed")
    if machine.has_docker:
        return Cluster(Kind.MINIKUBE, MINIKUBE, "docker is there, and minikube can be had")
    return Cluster(Kind.LOCALCLUSTER, profile, "there is neither minikube nor a docker to use")


def _named(name: str, profile: str, machine: Machine) -> Cluster:
    why = "KUBE_CONTEXT names it"
    if name == profile:
        return Cluster(Kind.LOCALCLUSTER, name, why)
    if name in machine.profiles or (name == MINIKUBE and machine.has_minikube):
        return Cluster(Kind.MINIKUBE, name, why)
    return Cluster(Kind.NAMED, name, why)


def find(place: Place) -> Cluster:
    """The cluster for this checkout on this machine."""
    before = recorded(place)
    has_minikube = shutil.which(minikube.PROGRAM) is not None
    named = _profiles() if place.kube_context else {}
    # A second that only a new stack without minikube spends.
    asks = not (has_minikube or before or place.kube_context or place.profile)
    has_docker = asks and docker.look() is Docker.WORKS
    return choose(place, Machine(has_minikube, before, frozenset(named), has_docker))


def _profiles() -> Iterable[str]:
    """None where minikube cannot say: what was named may have nothing to do with it."""
    try:
        return minikube.profiles(os.environ)
    except SetupError:
        return ()


def recorded(place: Place) -> Cluster | None:
    """The cluster that the stack was last brought up on."""
    settled = memory.load(place.root, place.stack)
    return Cluster(Kind(settled.kind), settled.context) if settled else None


def kubeconfig(place: Place, cluster: Cluster) -> str:
    """What KUBECONFIG has to be for a program that names its context."""
    if cluster.kind is Kind.LOCALCLUSTER:
        return str(_homes(place) / cluster.context / "kubeconfig")
    return listed(own_kubeconfigs(place))


def own_kubeconfigs(place: Place) -> list[Path]:
    """The person's, as kubectl would read them outside of a shell of `make env`."""
    given = [Path(entry) for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    own = [path for path in given if path.name != OVERLAY and _homes(place) not in path.parents]
    return own or [Path.home() / ".kube/config"]


def listed(paths: Iterable[Path]) -> str:
    """As in KUBECONFIG."""
    return os.pathsep.join(str(path) for path in paths)


def _homes(place: Place) -> Path:
    return Path(os.environ.get("LOCALCLUSTER_HOME") or place.state / "localcluster").resolve()


def path_without(folder: Path) -> str:
    """PATH without one of its directories."""
    return os.pathsep.join(entry for entry in os.get_exec_path() if Path(entry) != folder)


def command(cluster: Cluster) -> str:
    """The command line that takes minikube's verbs for this cluster; empty for a foreign one."""
    if cluster.kind is Kind.NAMED:
        return ""
    if cluster.kind is Kind.MINIKUBE:
        return " ".join(minikube.command(cluster.context))
    return f"python -m localcluster --profile {cluster.context}"


def run(
    words: list[str], place: Place, environment: dict[str, str], *, seconds: float | None = None
) -> None:
    """Runs one of a cluster's verbs for a person to watch, for at most so many seconds."""
    what = f"`{' '.join(words)}`"
    try:
        done = subprocess.run(
            words,
            check=False,
            cwd=place.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=2,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"{what} was not done after {seconds} s") from error
    except OSError as error:
        raise SetupError(f"{what} cannot be run: {error.strerror}") from error
    if done.returncode != 0:
        why = minikube.meaning(done.returncode) if words[0] == minikube.PROGRAM else ""
        raise SetupError(f"{what} ended with status {done.returncode}{why}, see above")
