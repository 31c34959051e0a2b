"""Which cluster the stack goes to: the one named, the one of before, minikube, or localcluster."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from bootstrap.errors import BootstrapError
from bootstrap.place import Place

MINIKUBE = "minikube"


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
    local = Cluster(Kind.LOCALCLUSTER, place.profile)
    if place.kube_context:
        startable = {place.profile: local}
        if machine.has_minikube:
            startable[MINIKUBE] = Cluster(Kind.MINIKUBE, MINIKUBE)
        return startable.get(place.kube_context, Cluster(Kind.NAMED, place.kube_context))
    if machine.recorded:
        return local if machine.recorded.kind is Kind.LOCALCLUSTER else machine.recorded
    return Cluster(Kind.MINIKUBE, MINIKUBE) if machine.has_minikube else local


def find(place: Place) -> Cluster:
    """The cluster for this checkout on this machine."""
    return choose(place, Machine(shutil.which(MINIKUBE) is not None, recorded(place)))


def _record(place: Place) -> Path:
    return place.state / f"cluster-{place.stack}.json"


def recorded(place: Place) -> Cluster | None:
    """The cluster that the stack was last brought up on."""
    try:
        found = json.loads(_record(place).read_text())
        return Cluster(Kind(found["kind"]), found["context"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        # Written in one piece (see record), so somebody edited it: the choice is made anew.
        return None


def record(place: Place, cluster: Cluster) -> None:
    """Remembers the choice for `make env`, `stop`, `destroy` and the next `up`."""
    path = _record(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}")
    aside.write_text(json.dumps({"kind": cluster.kind.value, "context": cluster.context}) + "\n")
    aside.replace(path)


def forget(place: Place) -> None:
    """After a destroy the next `up` may go anywhere."""
    _record(place).unlink(missing_ok=True)


def kubeconfig(place: Place, cluster: Cluster) -> str:
    """What KUBECONFIG has to be; empty where kubectl's own default is right."""
    if cluster.kind is Kind.LOCALCLUSTER:
        homes = os.environ.get("LOCALCLUSTER_HOME") or place.state / "localcluster"
        return str(Path(homes).resolve() / place.profile / "kubeconfig")
    return os.environ.get("KUBECONFIG", "")


def command(place: Place, cluster: Cluster) -> str:
    """The command line that takes minikube's verbs for this cluster; empty for a foreign one."""
    if cluster.kind is Kind.NAMED:
        return ""
    if cluster.kind is Kind.MINIKUBE:
        return MINIKUBE
    return f"python -m localcluster --profile {place.profile}"


def check_reachable(cluster: Cluster, environment: dict[str, str]) -> None:
    """One question to the API server, so that Pulumi does not spend minutes to find out."""
    _check_context(cluster, environment)
    asked = subprocess.run(
        [
            "kubectl",
            f"--context={cluster.context}",
            "--request-timeout=10s",
            "get",
            "--raw=/readyz",
        ],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    if asked.returncode == 0:
        return
    answer = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
    advice = {
        Kind.NAMED: "start it, or name another with KUBE_CONTEXT=…",
        Kind.MINIKUBE: "see `minikube status` and `minikube logs`",
        Kind.LOCALCLUSTER: "see `python -m localcluster logs`, or start it with `make up`",
    }[cluster.kind]
    raise BootstrapError(f"the cluster '{cluster.context}' does not answer ({answer}): {advice}")


def _check_context(cluster: Cluster, environment: dict[str, str]) -> None:
    listed = subprocess.run(
        ["kubectl", "config", "get-contexts", "--output=name"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    known = listed.stdout.split()
    if cluster.context not in known:
        raise BootstrapError(
            f"there is no kubeconfig context '{cluster.context}'. "
            + (f"Known: {', '.join(sorted(known))}. " if known else "None is known. ")
            + "Name one with KUBE_CONTEXT=…, or leave it unset to have a cluster started"
        )
