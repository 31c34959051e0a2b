"""The CronJob fires by itself, keeps three and three of its Jobs, and its sets get verified."""

from typing import Any

from tests.lib.waiting import JOB_DONE, NEXT_MINUTE, wait_for
from tests.lib.world import NAMESPACE, Saved, World


def test_the_schedule_fires_and_history_is_kept_three_and_three(world: World, saved: Saved) -> None:
    project = world.project
    project.run("pulumi config set backup.schedule '* * * * *'")
    try:
        project.up()
        assert project.outputs()["schedule"] == "* * * * *"
        sets = project.sets()
        # Made from the CronJob, these count in its history like its own.
        for number in range(4):
            _job(world, f"good-{number}")
        fired = wait_for("a run by schedule", lambda: _scheduled(world), NEXT_MINUTE)
        assert fired["spec"]["template"]["spec"]["containers"][0]["image"]
        wait_for("a set of the schedule", lambda: set(project.sets()) - set(sets), JOB_DONE)
        _with_the_server_away(world)
        wait_for("three and three", lambda: _history(world) == (3, 3), NEXT_MINUTE)
    finally:
        project.run("pulumi config rm backup.schedule")
        project.up()
    assert project.outputs()["schedule"] == "0 */6 * * *"


def test_the_newest_set_gets_verified(world: World, saved: Saved) -> None:
    world.project.kubectl(
        f"-n {NAMESPACE} create job check-now --from=cronjob/postgres-backup-verify"
    )
    wait_for("the verification", lambda: _finished(world, "check-now"), JOB_DONE)
    assert (world.mount / saved.set / "verified.json").is_file(), world.project.kubectl(
        f"-n {NAMESPACE} logs job/check-now"
    )
    assert (world.mount / "latest-verified").resolve().name == saved.set


def _with_the_server_away(world: World) -> None:
    """Four runs that fail, since nothing answers."""
    scale = f"-n {NAMESPACE} scale statefulset postgres --replicas"
    world.project.kubectl(f"{scale}=0")
    world.project.kubectl(f"-n {NAMESPACE} wait --for=delete pod/postgres-0 --timeout=120s")
    sets = world.project.sets()
    for number in range(4):
        _job(world, f"bad-{number}")
    assert world.project.sets() == sets
    world.project.kubectl(f"{scale}=1")
    world.wait_ready()


def _job(world: World, name: str) -> None:
    world.project.kubectl(f"-n {NAMESPACE} create job {name} --from=cronjob/postgres-backup")
    wait_for(name, lambda: _finished(world, name), JOB_DONE)


def _finished(world: World, name: str) -> bool:
    status = world.project.get(f"-n {NAMESPACE} job {name}")["status"]
    return any(c["type"] in {"Complete", "Failed"} for c in status.get("conditions", []))


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
