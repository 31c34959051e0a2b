"""Which cluster the stack goes to: the one named, the previous one, minikube, or localcluster."""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bootstrap import memory
from bootstrap.place import Place
from toolchain.errors import SetupError
from toolchain.run import ask

MINIKUBE = "minikube"
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


@dataclass(frozen=True)
class Machine:
    """What the choice depends on."""

    has_minikube: bool
    recorded: Cluster | None


def choose(place: Place, machine: Machine) -> Cluster:
    """A stack stays on its cluster until it is destroyed, or until another one is named."""
    before = machine.recorded
    is_local = before is not None and before.kind is Kind.LOCALCLUSTER
    profile = place.profile or (before.context if before and is_local else DEFAULT_PROFILE)
    local = Cluster(Kind.LOCALCLUSTER, profile)
    if place.kube_context:
        startable = {profile: local}
        if machine.has_minikube:
            startable[MINIKUBE] = Cluster(Kind.MINIKUBE, MINIKUBE)
        return startable.get(place.kube_context, Cluster(Kind.NAMED, place.kube_context))
    if before:
        return local if is_local else before
    return Cluster(Kind.MINIKUBE, MINIKUBE) if machine.has_minikube else local


def find(place: Place) -> Cluster:
    """The cluster for this checkout on this machine."""
    return choose(place, Machine(shutil.which(MINIKUBE) is not None, recorded(place)))


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
        # By name: without one minikube takes the active profile, which may be anybody's.
        return f"{MINIKUBE} --profile {cluster.context}"
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
        raise SetupError(f"{what} ended with status {done.returncode}, see above")


def check_reachable(cluster: Cluster, environment: dict[str, str]) -> None:
    """One question to the API server, so that Pulumi does not spend minutes to find out."""
    _check_context(cluster, environment)
    kubectl = ["kubectl", f"--context={cluster.context}", "--request-timeout=10s"]
    asked = ask([*kubectl, "get", "--raw=/readyz"], env=environment)
    if asked.returncode == 0:
        return
    answer = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
    advice = {
        Kind.NAMED: "start it, or name another with KUBE_CONTEXT=…",
        Kind.MINIKUBE: f"see `{command(cluster)} status` and `{command(cluster)} logs`",
        Kind.LOCALCLUSTER: f"see `{command(cluster)} logs`, or start it with `make up`",
    }[cluster.kind]
    raise SetupError(f"the cluster '{cluster.context}' does not answer ({answer}): {advice}")


def _check_context(cluster: Cluster, environment: dict[str, str]) -> None:
    asked = ask(["kubectl", "config", "get-contexts", "--output=name"], env=environment)
    known = asked.stdout.split()
    if cluster.context not in known:
        raise SetupError(
            f"there is no kubeconfig context '{cluster.context}'. "
            + (f"Known: {', '.join(sorted(known))}. " if known else "None is known. ")
            + "Name one with KUBE_CONTEXT=…, or leave it unset to have a cluster started"
        )
