"""A cluster as a person handles it: through `python -m localcluster`."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from localcluster.layout import Layout

REPOSITORY = Path(__file__).resolve().parents[2]

IMAGE = "localhost/brewget/postgres-standin:16.15"


class Handle:
    """One profile below one folder of homes."""

    def __init__(self, profile: str, homes: Path) -> None:
        """Nothing is started."""
        self.profile = profile
        self.home = homes / profile
        self.environment = {**os.environ, "LOCALCLUSTER_HOME": str(homes)}
        self.environment.pop("KUBECONFIG", None)

    def command(self, *words: str) -> list[str]:
        """What a person would type."""
        return [sys.executable, "-m", "localcluster", "--profile", self.profile, *words]

    def run(
        self, *words: str, status: int | None = 0, stdin: str = "", timeout: float = 240
    ) -> "subprocess.CompletedProcess[str]":
        """Run a verb; `status` is what it must end with, None for whatever."""
        done = subprocess.run(
            self.command(*words),
            cwd=REPOSITORY,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
        if status is not None:
            assert done.returncode == status, f"{words}: {done.stdout}\n{done.stderr}"
        return done

    def kubectl(self, *words: str, status: int | None = 0, stdin: str = "") -> str:
        """What kubectl printed."""
        return self.run("kubectl", *words, status=status, stdin=stdin).stdout

    def status(self) -> dict[str, Any]:
        """As programs read it."""
        found: dict[str, Any] = json.loads(self.run("status", "--json", status=None).stdout)
        return found

    def apply(self, *things: dict[str, Any]) -> None:
        """Create or change objects."""
        listed = {"apiVersion": "v1", "kind": "List", "items": list(things)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def wait_ready(self, pod: str, timeout: int = 60) -> None:
        """Until a pod is Ready."""
        self.kubectl("wait", "--for=condition=Ready", f"pod/{pod}", f"--timeout={timeout}s")

    def execute(self, pod: str, script: str, *options: str, status: int | None = 0) -> str:
        """Run bash in a pod; stderr comes after stdout."""
        done = self.run("kubectl", "exec", pod, *options, "--", "bash", "-c", script, status=status)
        return done.stdout + done.stderr

    def in_node(self, script: str) -> str:
        """Run a script in the node's namespaces, as `minikube ssh` would."""
        enter = ["nsenter", "-t", str(self.status()["pid"]), "-m", "-p", "-n", "-u", "-i"]
        done = subprocess.run(
            [*enter, "sh", "-c", script], check=True, capture_output=True, text=True
        )
        return done.stdout

    @property
    def identity(self) -> str:
        """What the names of its link and its cgroups end with."""
        return Layout(self.profile, self.home.resolve()).identity


def pod(name: str, **spec: Any) -> dict[str, Any]:
    """A pod of our image that ends at once when it is told to."""
    container = {
        "name": "main",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "command": ["bash", "-c", "trap exit TERM; sleep infinity & wait"],
        **spec.pop("container", {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [container], **spec},
    }
