"""The console's image, built beside the cluster and not again while nothing of it has changed."""

from collections.abc import Callable

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.stack import Stack
from localcluster.images import CONSOLE as IMAGE
from localcluster.recipes import sources
from toolchain import stamps
from toolchain.run import ask
from toolchain.stamps import Stamp

BUILD_SECONDS = 300
"""A build that takes longer must not keep anybody from the database; two minutes are usual.
The next `make up` goes on with the layers that are there."""
NAME = "postgres-console"


def command(cluster: Cluster) -> list[str]:
    """What builds the image, and for a localcluster also loads it."""
    verbs = clusters.command(cluster).split()
    if cluster.kind is Kind.LOCALCLUSTER:
        return [*verbs, "image", "make", "console"]
    return [*verbs, "image", "build", "--tag", IMAGE, "console"]


def ensure(stack: Stack, cluster: Cluster, say: Callable[[str], None]) -> None:
    """The cluster has the image of these very sources; SetupError where it cannot."""
    state = _state(stack, cluster)
    is_new = not _stamp(stack).is_current(state)
    # localcluster looks itself, and loads what a deleted cluster has lost.
    if not is_new and cluster.kind is Kind.MINIKUBE and is_there(stack, cluster):
        return
    if is_new:
        say("building the console's image (two minutes, once)")
    clusters.run(command(cluster), stack.place, stack.environment, seconds=BUILD_SECONDS)
    if is_new:
        _restart(stack, cluster)
        _stamp(stack).set(state)


def was_built(stack: Stack) -> bool:
    """Whether it was ever built for this stack."""
    return _stamp(stack).text() != ""


def is_there(stack: Stack, cluster: Cluster) -> bool:
    """Whether the cluster has an image of this name, old or new."""
    listing = [*clusters.command(cluster).split(), "image", "ls"]
    asked = ask(listing, cwd=stack.place.root, env=stack.environment)
    return asked.returncode == 0 and IMAGE in asked.stdout.split()


def _stamp(stack: Stack) -> Stamp:
    return Stamp(stack.place.state / f"console-{stack.place.stack}.image")


def _state(stack: Stack, cluster: Cluster) -> str:
    """The sources of an image, and whose it is."""
    folder = stack.place.root / "console"
    words = (cluster.kind.value, cluster.context, IMAGE)
    named = ((path.relative_to(folder).as_posix(), path) for path in sources(folder))
    return stamps.digest(words, named)


def _restart(stack: Stack, cluster: Cluster) -> None:
    """The image's name stays the same, so a running pod would stay on the old one.

    Where there is none yet, or no namespace, kubectl has nothing to do.
    """
    namespace = stack.own("namespace") or "brewget"
    kubectl = ["kubectl", f"--context={cluster.context}", f"--namespace={namespace}"]
    pods = ["pod", f"--selector=app={NAME}", "--ignore-not-found", "--wait=false"]
    ask([*kubectl, "delete", *pods], env=stack.environment)
