"""Whether a cluster can be worked with, asked before anything is changed."""

import json

from bootstrap import minikube
from bootstrap.clusters import Cluster, Kind, command
from bootstrap.minikube import Environment, State
from toolchain.errors import SetupError
from toolchain.run import ask, run

OLDEST = (1, 27)
"""Of Kubernetes: from then on a CronJob's time zone is always there."""


def require(cluster: Cluster, environment: Environment) -> None:
    """One question to the API server, so that Pulumi does not spend minutes to find out."""
    if cluster.kind is Kind.MINIKUBE:
        require_running(cluster, environment)
    _require_context(cluster, environment)
    asked = ask(_get(cluster, "/readyz"), env=environment)
    if asked.returncode == 0:
        _require_version(cluster, environment)
        _require_room(cluster, environment)
        return
    answer = (asked.stderr.strip().splitlines() or ["no answer"])[-1]
    advice = {
        Kind.NAMED: "start it, or name another with KUBE_CONTEXT=…",
        Kind.MINIKUBE: f"`{command(cluster)} update-context` leads kubectl to it; else see "
        f"`{command(cluster)} status` and `{command(cluster)} logs`",
        Kind.LOCALCLUSTER: f"see `{command(cluster)} logs`, or start it with `make up`",
    }[cluster.kind]
    raise SetupError(f"the cluster '{cluster.context}' does not answer ({answer}): {advice}")


def _get(cluster: Cluster, path: str) -> list[str]:
    """The command that asks the API server for a path; a hanging one is not waited for."""
    options = [f"--context={cluster.context}", "--request-timeout=10s"]
    return ["kubectl", *options, "get", f"--raw={path}"]


def _require_version(cluster: Cluster, environment: Environment) -> None:
    found = json.loads(run(_get(cluster, "/version"), env=environment))
    # Some providers add a sign to it: "27+".
    version = int(found["major"]), int("".join(filter(str.isdigit, found["minor"])))
    if version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SetupError(
            f"the cluster '{cluster.context}' is Kubernetes {found['gitVersion']}, and {oldest} or "
            "newer is needed, for the schedules' time zone. Name another cluster with "
            "KUBE_CONTEXT=…, or make this one anew"
        )


def _require_room(cluster: Cluster, environment: Environment) -> None:
    """Ends where no node takes a pod for want of room: the server would be waited for in vain."""
    asked = ask(_get(cluster, "/api/v1/nodes"), env=environment)
    if asked.returncode != 0:
        return  # not everybody may see the nodes
    nodes = json.loads(asked.stdout)["items"]
    full = [
        node["metadata"]["name"]
        for node in nodes
        for condition in node["status"]["conditions"]
        if (condition["type"], condition["status"]) == ("DiskPressure", "True")
    ]
    if full and len(full) == len(nodes):
        raise SetupError(
            f"the disk of the node {full[0]} is full (DiskPressure), so no pod would start: make "
            "room on it, or on the disk that its files are on"
        )


def require_running(cluster: Cluster, environment: Environment) -> None:
    """Ends where minikube's cluster is not up, in its own words: kubectl would know no context."""
    found = minikube.state(cluster.context, environment)
    if found is not State.RUNNING:
        raise SetupError(f"the cluster '{cluster.context}' is {found}: {_advice(found, cluster)}")


def _advice(found: State, cluster: Cluster) -> str:
    """What to do about a minikube that is not up."""
    verb = command(cluster)
    return {
        State.ABSENT: "`make up` makes it, and brings the data back from the newest backup",
        State.STOPPED: "`make up` starts it",
        State.PAUSED: f"`{verb} unpause`, then run this again",
        State.GONE: f"its node was removed behind minikube's back. `{verb} delete` clears what is "
        "left, then `make up` makes it anew and brings the data back from the newest backup",
    }.get(found, f"see `{verb} status` and `{verb} logs`; `{verb} start` may mend it")


def _require_context(cluster: Cluster, environment: Environment) -> None:
    asked = ask(["kubectl", "config", "get-contexts", "--output=name"], env=environment)
    known = asked.stdout.split()
    if cluster.context not in known and cluster.kind is Kind.MINIKUBE:
        raise SetupError(
            f"the cluster '{cluster.context}' runs, but the kubeconfig has no context of it: "
            f"`{command(cluster)} update-context`, then run this again"
        )
    if cluster.context not in known:
        raise SetupError(
            f"there is no kubeconfig context '{cluster.context}'. "
            + (f"Known: {', '.join(sorted(known))}. " if known else "None is known. ")
            + "Name one with KUBE_CONTEXT=…, or leave it unset to have a cluster started"
        )
