"""The CronJob fires by itself, keeps three and three of its Jobs, and its sets get verified."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lib.waiting import JOB_DONE, NEXT_MINUTE, wait_for
from tests.lib.world import NAMESPACE, Saved, World


def test_the_schedule_fires_and_history_is_kept_three_and_three(world: World, saved: Saved) -> None:
    project = world.project
    project.run("pulumi config set --path backup.schedule '* * * * *'")
    try:
        project.up()
        assert project.outputs()["schedule"] == "* * * * *"
        # Made from the CronJob, these count in its history like its own.
        for number in range(4):
            _job(world, f"good-{number}")
        sets = project.sets()  # from here on only the schedule adds to them
        fired = wait_for("a run by schedule", lambda: _scheduled(world), NEXT_MINUTE)
        assert fired["spec"]["template"]["spec"]["containers"][0]["image"]
        wait_for("a set of the schedule", lambda: set(project.sets()) - set(sets), JOB_DONE)
        _hold(world)  # a run that has begun would publish its set meanwhile
        _with_the_store_unknown(world)
        _suspend(world, suspended=False)
        wait_for("three and three", lambda: _history(world) == (3, 3), NEXT_MINUTE)
    finally:
        project.run("pulumi config rm --path backup.schedule")
        project.up()
        _suspend(world, suspended=False)
    assert project.outputs()["schedule"] == "0 */6 * * *"


@pytest.mark.trap(37)
def test_of_all_runs_that_were_missed_one_fires_and_waits_for_the_server(
    world: World, saved: Saved
) -> None:
    project, scale = world.project, f"-n {NAMESPACE} scale statefulset postgres --replicas"
    project.run("pulumi config set --path backup.schedule '* * * * *'")
    try:
        project.up()
        _hold(world)  # a run that fires now would wait for the server, and keep all others away
        project.kubectl(f"{scale}=0")
        project.kubectl(f"-n {NAMESPACE} wait --for=delete pod/postgres-0 --timeout=120s")
        fired = {job["metadata"]["uid"] for job in _owned(world)}
        sets = project.sets()
        # As after a night with the machine off: hundreds of runs were missed.
        _last_fired(world, timedelta(hours=10))
        _suspend(world, suspended=False)
        missed = wait_for("the missed run", lambda: _running(world, fired), NEXT_MINUTE)
        log = f"-n {NAMESPACE} logs job/{missed['metadata']['name']}"
        wait_for("a run that waits", lambda: "waiting for the server" in project.kubectl(log), 60)
        now = {job["metadata"]["uid"] for job in _owned(world)}
        assert now - fired == {missed["metadata"]["uid"]}, "one, not hundreds"
        project.kubectl(f"{scale}=1")
        wait_for("a set of the missed run", lambda: set(project.sets()) - set(sets), JOB_DONE)
    finally:
        project.run("pulumi config rm --path backup.schedule")
        project.up()
        _suspend(world, suspended=False)
        world.wait_ready()


def test_the_newest_set_gets_verified_first(world: World, saved: Saved) -> None:
    name = "check-now"
    world.project.kubectl(f"-n {NAMESPACE} create job {name} --from=cronjob/postgres-backup-verify")
    link = world.mount / "latest-verified"
    try:
        wait_for("its verdict", lambda: link.resolve().name == saved.set, JOB_DONE)
    finally:
        # It would go on with the sets of all earlier tests.
        log = world.project.kubectl(f"-n {NAMESPACE} logs job/{name}")
        world.project.kubectl(f"-n {NAMESPACE} delete job {name}")
    assert (world.mount / saved.set / "verified.json").is_file(), log


def _with_the_store_unknown(world: World) -> None:
    """Four runs that fail, since the directory is no store to them."""
    identity = world.mount / ".store.json"
    aside = identity.rename(world.mount / "aside.json")
    sets = world.project.sets()
    try:
        for number in range(4):
            _job(world, f"bad-{number}")
    finally:
        aside.rename(identity)
    assert world.project.sets() == sets


def _hold(world: World) -> None:
    """No run fires any more, and none is under way."""
    _suspend(world, suspended=True)
    wait_for("the runs' end", lambda: all(_has_ended(job) for job in _owned(world)), JOB_DONE)


def _suspend(world: World, *, suspended: bool) -> None:
    patch = json.dumps({"spec": {"suspend": suspended}})
    world.project.kubectl(f"-n {NAMESPACE} patch cronjob postgres-backup -p '{patch}'")


def _last_fired(world: World, ago: timedelta) -> None:
    """Make the controller believe that the schedule fired last so long ago."""
    moment = (datetime.now(UTC) - ago).strftime("%Y-%m-%dT%H:%M:%SZ")
    world.project.kubectl(
        f"-n {NAMESPACE} patch cronjob postgres-backup --subresource=status --type=merge"
        f""" -p '{{"status": {{"lastScheduleTime": "{moment}"}}}}'"""
    )


def _running(world: World, before: set[str]) -> dict[str, Any] | None:
    """A Job that was not there before and has not ended."""
    made = [job for job in _owned(world) if job["metadata"]["uid"] not in before]
    return made[0] if made and made[0]["status"].get("active") else None


def _job(world: World, name: str) -> None:
    world.project.kubectl(f"-n {NAMESPACE} create job {name} --from=cronjob/postgres-backup")
    wait_for(name, lambda: _finished(world, name), JOB_DONE)


def _finished(world: World, name: str) -> bool:
    return _has_ended(world.project.get(f"-n {NAMESPACE} job {name}"))


def _has_ended(job: dict[str, Any]) -> bool:
    conditions = job["status"].get("conditions", [])
    return any(condition["type"] in {"Complete", "Failed"} for condition in conditions)


def _owned(world: World) -> list[dict[str, Any]]:
    return [
        job
        for job in world.project.get(f"-n {NAMESPACE} jobs")["items"]
        if any(o["name"] == "postgres-backup" for o in job["metadata"].get("ownerReferences", []))
    ]


def _scheduled(world: World) -> dict[str, Any] | None:
    """A Job that the CronJob made by itself."""
    mark = "batch.kubernetes.io/cronjob-scheduled-timestamp"
    made = [job for job in _owned(world) if mark in job["metadata"].get("annotations", {})]
    return made[0] if made else None


def _history(world: World) -> tuple[int, int]:
    """How many succeeded and failed Jobs of the CronJob are kept."""
    ends = [
        condition["type"]
        for job in _owned(world)
        for condition in job["status"].get("conditions", [])
        if condition["status"] == "True"
    ]
    return ends.count("Complete"), ends.count("Failed")
