"""await-server.sh: what it makes of a pod's state. kubectl itself reads the pod, out of a file."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components.cluster.kubectl import HOST_SCRIPTS

ANSWERS = """#!/bin/sh
for last; do :; done
case "$*" in
*"get statefulset"*) echo "1 1 r1" ;;
*"get pod"*) exec "$KUBECTL" label --local -f "$POD" seen=yes -o "$last" ;;
*delete*) sed -i s/before/after/ "$POD" ;;
*logs*) echo "the log of $*" ;;
esac
"""


WAITS_AGAIN = {"waiting": {"reason": "CrashLoopBackOff"}}


def ended(status: int) -> dict[str, Any]:
    """A container's state."""
    return {"terminated": {"exitCode": status}}


def pod(last_set: dict[str, Any], prepare: dict[str, Any], *, ready: bool) -> dict[str, Any]:
    """The pod as the API server would show it."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "postgres-0",
            "uid": "before",
            "labels": {"controller-revision-hash": "r1"},
        },
        "status": {
            "initContainerStatuses": [
                {"name": "last-set", **last_set},
                {"name": "prepare-data", **prepare},
            ],
            # The archiver is no reason to wait: it needs the server, not the other way round.
            "containerStatuses": [
                {"name": "postgres", "ready": ready, "state": {}},
                {"name": "archiver", "ready": False, "state": WAITS_AGAIN},
            ],
            "conditions": [{"type": "Ready", "status": "False"}],
        },
    }


def await_server(
    folder: Path, found: dict[str, Any], *, seconds: int = 60
) -> subprocess.CompletedProcess[str]:
    """Run the script against the pod; it waits for at most so many seconds."""
    (folder / "pod.json").write_text(json.dumps(found))
    (folder / "kubectl").write_text(ANSWERS)
    (folder / "kubectl").chmod(0o755)
    environment = {
        "STUCK_LIMIT": "3",
        "PATH": f"{folder}:{os.environ['PATH']}",
        "KUBECTL": str(shutil.which("kubectl")),
        "POD": str(folder / "pod.json"),
    }
    return subprocess.run(
        [
            HOST_SCRIPTS / "await-server.sh",
            *("--context", "c", "--namespace", "n", "postgres", str(seconds)),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_server_that_answers_ends_the_waiting(tmp_path: Path) -> None:
    done = await_server(
        tmp_path,
        pod({"state": ended(0)}, {"state": ended(0), "lastState": ended(137)}, ready=True),
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("earlier", [137, 69])
def test_a_refusal_is_named_whatever_ended_before_it(tmp_path: Path, earlier: int) -> None:
    """The first container was killed, or waited for the store, and then it went well."""
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    found = pod(
        {"state": ended(0), "lastState": ended(earlier)},
        {"state": waiting, "lastState": ended(78)},
        ready=False,
    )

    done = await_server(tmp_path, found)

    assert done.returncode == 1
    assert "prepare-data ended with 78 refused by a safety rule" in done.stderr
    assert "-c prepare-data" in done.stderr, "its log, not the other's"


def test_a_server_that_never_answers_is_said_with_the_next_command(tmp_path: Path) -> None:
    running = {"state": {"running": {}}}
    done = await_server(tmp_path, pod({"state": ended(0)}, running, ready=False), seconds=5)
    assert done.returncode == 1
    assert "did not answer within 5 s (startup.timeout). See: kubectl describe" in done.stderr


def test_an_image_that_cannot_be_had_is_named(tmp_path: Path) -> None:
    """Seen: 36 errors of kubectl logs, and the reasons of both containers in one word."""
    pulling = {"image": "postgres:99", "state": {"waiting": {"reason": "ErrImagePull"}}}
    found = pod({"state": ended(0)}, pulling, ready=False)
    later = {"image": "postgres:99", "state": {"waiting": {"reason": "PodInitializing"}}}
    found["status"]["containerStatuses"] = [{"name": "postgres", **later}]

    done = await_server(tmp_path, found)

    assert done.returncode == 1
    assert "does not start: ErrImagePull (image postgres:99). See: kubectl desc" in done.stderr
    assert "the log of" not in done.stderr
