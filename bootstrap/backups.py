"""The sets of the running stack, asked through kubectl."""

import json
import subprocess
from pathlib import Path
from typing import Any

from bootstrap.place import Place
from bootstrap.stack import Stack
from toolchain.errors import SetupError
from toolchain.run import ask

LIST = ["bash", "/backup-scripts/list.sh", "--json"]


def published(stack: Stack, context: str, namespace: str) -> list[dict[str, Any]]:
    """The published sets, as list.sh tells them: in the server's pod, or in one of its own where
    others run the server."""
    kubectl = ["kubectl", f"--context={context}", f"--namespace={namespace}"]
    command = [*kubectl, "exec", "postgres-0", "--container=postgres", "--", *LIST]
    if stack.is_external:
        script = stack.place.root / "scripts/host/list-sets.sh"
        command = [str(script), "--context", context, "--namespace", namespace]
    asked = ask(command, env=stack.environment)
    try:
        listed = json.loads(asked.stdout) if asked.returncode == 0 else None
    except ValueError:
        listed = None  # cut short
    if listed is None:
        said = (
            asked.stderr.strip()
            or f"{Path(command[0]).name} ended with {asked.returncode}, without a word"
        )
        raise SetupError(f"the backup sets cannot be listed: {said}")
    # Those set aside or unusable are listed too, and are no backup.
    return [entry for entry in listed if entry["state"] == "published"]


def take(
    place: Place, context: str, namespace: str, environment: dict[str, str], reason: str = "first"
) -> str:
    """Takes a set now and returns its name; the job's log is shown."""
    script = place.root / "scripts/backup-postgres.sh"
    done = subprocess.run(
        [str(script), "--context", context, "--namespace", namespace, "--reason", reason],
        check=False,
        cwd=place.root,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    if done.returncode != 0:
        raise SetupError(
            f"the {reason} backup failed with status {done.returncode}, see above. "
            "Try again with: scripts/backup-postgres.sh"
        )
    return done.stdout.strip()
