"""kubectl for what Pulumi's provider cannot do: commands of local.Command, calls of hooks.

Every call names its context; none carries a secret in its arguments.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pulumi

ROOT = Path(__file__).resolve().parents[2]
HOST_SCRIPTS = ROOT / "scripts" / "host"


@dataclass(frozen=True)
class Kubectl:
    """One namespace of one cluster."""

    context: str
    namespace: str

    def options(self) -> list[str]:
        """What the scripts for people and those in scripts/host take."""
        return ["--context", self.context, "--namespace", self.namespace]

    def script(self, path: Path, *arguments: str) -> str:
        """A shell command that runs `path` on this namespace."""
        return f"{relative(path)} {shlex.join([*self.options(), *arguments])}"

    def get(self, *arguments: str) -> list[dict[str, object]]:
        """Objects as `kubectl get` finds them; none found is an empty list, not an error."""
        # A server that hangs must not hold up everything for ever.
        options = ("--ignore-not-found", "--request-timeout=30s", "-o", "json")
        done = self.run("get", *arguments, *options)
        found = json.loads(done.stdout) if done.stdout.strip() else {"items": []}
        items: list[dict[str, object]] = found.get("items", [found])
        return items

    def run(
        self, *arguments: str, stdin: str = "", seconds: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """kubectl, with its own words as the error when it fails or takes longer than that."""
        return call(["kubectl", *self.options(), *arguments], stdin, seconds)


def script(
    context: str, namespace: pulumi.Output[str], path: Path, *arguments: str
) -> pulumi.Output[str]:
    """`Kubectl.script` for a namespace that is known once it is made."""
    return namespace.apply(lambda space: Kubectl(context, space).script(path, *arguments))


def relative(path: Path) -> str:
    """`path` as a shell word, relative to the project.

    Absolute, it would differ from machine to machine, and so would the stack's state.
    """
    return shlex.quote(os.path.relpath(path, Path.cwd()))


def call(command: Sequence[str], stdin: str, seconds: float) -> subprocess.CompletedProcess[str]:
    """A program run in the project's directory; what it said on stderr is the error when it fails.

    Not what it printed: that may be an object with a secret in it.
    """
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"{shlex.join(command)} was not done after {seconds:g} s") from error
    except FileNotFoundError as error:
        raise RuntimeError(f"{command[0]} is needed on PATH: install it, then try again") from error
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise RuntimeError(f"{shlex.join(command)} ended with {done.returncode}: {said}")
    return done
