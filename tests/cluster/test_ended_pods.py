"""Pods of backups and verifications that are ended: at once, with their clean-up, or by force."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lib.waiting import POD_READY, wait_for
from tests.lib.world import NAMESPACE, Saved, World

ENDED = 20.0
"""From the deletion to the end, in seconds: a pod that does not hear has 30 until it is killed."""
JOB = "ended"
BACKUP, VERIFY = "postgres-backup", "postgres-backup-verify"


@contextmanager
def stands_at(world: World, cron_job: str, step: str) -> Iterator[None]:
    """A Job of this CronJob whose script stands at a step for ever, a program of its own in front."""
    hook, reached = world.mount / "hook", world.mount / "hook.reached"
    hook.write_text(f'#!/bin/sh\n[ "$1" = {step} ] || exit 0\n: >/backup/hook.reached\nsleep 900\n')
    hook.chmod(0o755)
    spec = world.project.get(f"-n {NAMESPACE} cronjob {cron_job}")["spec"]["jobTemplate"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    container["env"].append({"name": "BACKUP_STEP_HOOK", "value": "/backup/hook"})
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": JOB, "namespace": NAMESPACE},
        "spec": spec | {"backoffLimit": 0},
    }
    world.project.kubectl("apply -f -", stdin=json.dumps(job))
    try:
        wait_for(f"{cron_job} at {step}", reached.exists, POD_READY)
        yield
    finally:
        world.project.kubectl(f"-n {NAMESPACE} delete job {JOB} --ignore-not-found")
        hook.unlink()
        reached.unlink(missing_ok=True)


def first_process() -> int:
    """Process 1 of that Job's container, as this machine numbers it."""
    (found,) = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _is_first(entry)
    ]
    return found


def _is_first(process: Path) -> bool:
    try:
        numbers = (process / "status").read_text().partition("NSpid:")[2].split("\n")[0].split()
        return numbers[-1:] == ["1"] and b"STEP_HOOK=/backup" in (process / "environ").read_bytes()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return False  # it ended while we looked, or is not ours


def unfinished(world: World) -> list[str]:
    """What runs have left in the store."""
    return [entry.name for entry in world.mount.glob(".*.new")]


@pytest.mark.parametrize(("cron_job", "step"), [(BACKUP, "dumped"), (VERIFY, "server")])
def test_a_pod_that_is_ended_ends_at_once_and_leaves_nothing(
    cron_job: str, step: str, world: World, saved: Saved
) -> None:
    with stands_at(world, cron_job, step):
        if cron_job == BACKUP:
            assert unfinished(world)
        began = time.monotonic()
        world.project.kubectl(f"-n {NAMESPACE} delete job {JOB} --cascade=foreground")
        assert time.monotonic() - began < ENDED
    assert not unfinished(world)
    assert world.project.sets()[-1] == saved.set
    assert not (world.mount / "failed" / saved.set).exists()


def test_the_next_run_clears_what_a_killed_pod_left_and_says_so(world: World, saved: Saved) -> None:
    with stands_at(world, BACKUP, "dumped"):
        os.kill(first_process(), signal.SIGKILL)  # a deletion, by force too, asks before it kills
        ended = f"-n {NAMESPACE} wait job/{JOB} --for=condition=Failed --timeout={POD_READY:.0f}s"
        world.project.kubectl(ended)
    (left,) = unfinished(world)
    done = world.project.run("scripts/backup-postgres.sh")
    assert f"removing unfinished work: {left}" in done.stderr
    assert not unfinished(world)
    assert world.project.sets()[-1] != saved.set
