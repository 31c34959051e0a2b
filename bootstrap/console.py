"""The console's image for `make up`, and the door to the console for `make console`."""

import os
import subprocess
import sys

from bootstrap import clusters
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.errors import BootstrapError
from bootstrap.place import Place
from bootstrap.stack import Stack
from localcluster.images import CONSOLE as IMAGE

NAME = "postgres-console"
PORT = 8080


def image_command(stack: Stack, cluster: Cluster) -> list[str]:
    """What builds the image beside the cluster; empty where none of ours is wanted."""
    image = setting(stack, "console.image") or IMAGE
    if setting(stack, "console.enabled") != "true" or image != IMAGE:
        return []
    match cluster.kind:
        case Kind.LOCALCLUSTER:
            return [*clusters.command(cluster).split(), "image", "make", "console"]
        case Kind.MINIKUBE:
            return [clusters.MINIKUBE, "image", "build", "--tag", IMAGE, "console"]
        case Kind.NAMED:
            raise BootstrapError(
                f"console.enabled is true, but nothing can be built on '{cluster.context}': push "
                "console/ as an image to its registry. Example: pulumi config set console.image "
                "registry.example/console:1"
            )


def setting(stack: Stack, key: str) -> str:
    """What the stack sets, whether plainly or with --path; empty for the default."""
    found = [
        stack.pulumi("config", "get", *way, key, "--stack", stack.place.stack, check=False).strip()
        for way in ([], ["--path"])
    ]
    return next((value for value in found if value), "")


def open_door(place: Place) -> int:
    """Forwards the port until it is stopped; says where, and how to get the token."""
    cluster = clusters.find(place)
    environment = for_children(place, cluster)
    clusters.check_reachable(cluster, environment)
    stack = Stack(place, environment)
    namespace = str(stack.outputs().get("namespace", "brewget")) if stack.exists() else "brewget"
    kubectl = ["kubectl", f"--context={cluster.context}", f"--namespace={namespace}"]
    asked = subprocess.run(
        [*kubectl, "get", "service", NAME, "--output=name"],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
    )
    if asked.returncode != 0:
        raise BootstrapError(
            f"there is no console in namespace {namespace}. To have one: "
            "pulumi config set console.enabled true, then make up"
        )
    template = "-o go-template='{{.data.token | base64decode}}{{\"\\n\"}}'"
    sys.stderr.write(
        f"http://localhost:{PORT} until Ctrl-C. The token:\n"
        f"  {' '.join(kubectl)} get secret {NAME} {template}\n"
    )
    sys.stderr.flush()
    command = [*kubectl, "port-forward", f"service/{NAME}", str(PORT)]
    os.execvpe(command[0], command, environment)  # noqa: S606 (its Ctrl-C and status are ours)
