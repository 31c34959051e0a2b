"""The console's door: `make console`."""

import os
import sys

from bootstrap import clusters, reachable
from bootstrap.environment import for_children
from bootstrap.place import Place
from bootstrap.stack import Stack
from toolchain.errors import SetupError
from toolchain.run import ask

PORT = 8080
NAME = "postgres-console"


def open_door(place: Place) -> int:
    """Forwards the port until it is stopped; says where, and how to get the token."""
    cluster = clusters.find(place)
    environment = for_children(place, cluster)
    reachable.require(cluster, environment)
    stack = Stack(place, environment)
    namespace = str(stack.outputs().get("namespace", "brewget")) if stack.exists() else "brewget"
    kubectl = ["kubectl", f"--context={cluster.context}", f"--namespace={namespace}"]
    asked = ask([*kubectl, "get", "service", NAME], env=environment)
    if asked.returncode != 0:
        raise SetupError(
            f"there is no console in namespace {namespace}. To have one: "
            "pulumi config set --path console.enabled true, then make up"
        )
    template = "-o go-template='{{.data.token | base64decode}}{{\"\\n\"}}'"
    sys.stderr.write(
        f"http://localhost:{PORT} until Ctrl-C. The token:\n"
        f"  {' '.join(kubectl)} get secret {NAME} {template}\n"
    )
    sys.stderr.flush()
    command = [*kubectl, "port-forward", f"service/{NAME}", str(PORT)]
    os.execvpe(command[0], command, environment)  # noqa: S606 (its Ctrl-C and status are ours)
