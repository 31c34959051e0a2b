"""The console: switched on by `make up` where that costs nothing but a minute; `make console`."""

import os
import sys
from collections.abc import Callable

from bootstrap import clusters, console_image
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.place import Place
from bootstrap.stack import Stack
from localcluster.images import CONSOLE as IMAGE
from toolchain.errors import SetupError
from toolchain.run import ask

PORT = 8080
KEY = "console.enabled"
Say = Callable[[str], None]


def is_on(stack: Stack) -> bool:
    """Whether the stack has a console."""
    return stack.own(KEY) == "true"


def prepare(stack: Stack, cluster: Cluster, say: Say) -> None:
    """Builds the console's image and switches the console on; a person's `false` is kept.

    Where no image can be had the console is off, and `make up` goes on: it must not keep
    anybody from the database.
    """
    if stack.own(KEY) == "false" or (stack.own("console.image") or IMAGE) != IMAGE:
        return
    if cluster.kind is Kind.NAMED:
        _leave_out(stack, cluster, say)
        return
    try:
        console_image.ensure(stack, cluster, say)
    except SetupError as error:
        if is_on(stack) and console_image.is_there(stack, cluster):
            say(f"the console keeps its previous image: {error}")
            return
        _switch_off(stack)
        say(f"there is no console: {error}. The database does without; `make up` tries again")
        return
    if not is_on(stack):
        stack.set(KEY, "true")
        say(f"the console is on; without: pulumi config set --path {KEY} false, then make up")


def _leave_out(stack: Stack, cluster: Cluster, say: Say) -> None:
    """On somebody else's cluster nothing can be built."""
    if not is_on(stack):
        return
    advice = (
        f"nothing can be built on '{cluster.context}': push console/ as an image to its registry. "
        "Example: pulumi config set --path console.image registry.example/console:1"
    )
    if not console_image.was_built(stack):
        raise SetupError(f"{KEY} is true, but {advice}")
    # It was switched on here, for the previous cluster.
    _switch_off(stack)
    say(f"there is no console: {advice}")


def _switch_off(stack: Stack) -> None:
    """Not to false, which would be somebody's choice; it may be spelt as before."""
    for way in ([], ["--path"]) if stack.own(KEY) else ():
        stack.pulumi("config", "rm", *way, KEY, "--stack", stack.place.stack, check=False)


def open_door(place: Place) -> int:
    """Forwards the port until it is stopped; says where, and how to get the token."""
    cluster = clusters.find(place)
    environment = for_children(place, cluster)
    clusters.check_reachable(cluster, environment)
    stack = Stack(place, environment)
    namespace = str(stack.outputs().get("namespace", "brewget")) if stack.exists() else "brewget"
    kubectl = ["kubectl", f"--context={cluster.context}", f"--namespace={namespace}"]
    asked = ask([*kubectl, "get", "service", console_image.NAME], env=environment)
    if asked.returncode != 0:
        raise SetupError(
            f"there is no console in namespace {namespace}. To have one: "
            "pulumi config set --path console.enabled true, then make up"
        )
    template = "-o go-template='{{.data.token | base64decode}}{{\"\\n\"}}'"
    sys.stderr.write(
        f"http://localhost:{PORT} until Ctrl-C. The token:\n"
        f"  {' '.join(kubectl)} get secret {console_image.NAME} {template}\n"
    )
    sys.stderr.flush()
    command = [*kubectl, "port-forward", f"service/{console_image.NAME}", str(PORT)]
    os.execvpe(command[0], command, environment)  # noqa: S606 (its Ctrl-C and status are ours)
