"""NetworkPolicy where it is enforced: who is meant to get through does, and nobody else."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib.enforcing import enforced
from tests.lib.waiting import JOB_DONE, POD_READY, wait_for
from tests.lib.world import NAMESPACE, Saved, World, assert_back

OTHER = "elsewhere"
LABELS = {
    "nobody": {},
    "client": {"brewget.dev/postgres-client": "true"},
    "monitor": {"brewget.dev/console-client": "true"},
}
SERVER = f"db.{NAMESPACE}.svc.cluster.local/5432"
CONSOLE = f"postgres-console.{NAMESPACE}.svc.cluster.local/8080"


@pytest.fixture
def pods(world: World, saved: Saved) -> Iterator[World]:
    """A pod of each kind in the stack's namespace and in another one."""
    image = world.project.get(f"-n {NAMESPACE} pod postgres-0")["spec"]["containers"][0]["image"]
    world.project.kubectl(f"create namespace {OTHER}")
    items = [_pod(name, namespace, image) for namespace in (NAMESPACE, OTHER) for name in LABELS]
    listed = {"apiVersion": "v1", "kind": "List", "items": items}
    try:
        world.project.run("kubectl apply -f -", stdin=json.dumps(listed))
        for namespace in (NAMESPACE, OTHER):
            ready = f"wait --for=condition=Ready --timeout={POD_READY:.0f}s pod {' '.join(LABELS)}"
            world.project.kubectl(f"-n {namespace} {ready}")
        world.ensure_console()
        yield world
    finally:
        world.project.kubectl(f"-n {NAMESPACE} delete pod {' '.join(LABELS)} --now")
        world.project.kubectl(f"delete namespace {OTHER}")


def _pod(name: str, namespace: str, image: str) -> dict[str, object]:
    container = {
        "name": "main",
        "image": image,
        "command": ["bash", "-c", "trap exit TERM; sleep infinity & wait"],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    spec = {
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 70,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 1,
        "containers": [container],
    }
    metadata = {"name": name, "namespace": namespace, "labels": LABELS[name]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def who_reaches(world: World, target: str) -> set[str]:
    """The pods that can open a connection, as `namespace/name`."""
    return {
        f"{namespace}/{name}"
        for namespace in (NAMESPACE, OTHER)
        for name in LABELS
        if world.project.run(
            f"kubectl -n {namespace} exec {name} -- timeout 3 bash -c '</dev/tcp/{target}'",
            status=None,
        ).status
        == 0
    }


def test_who_is_labelled_and_every_job_get_through_and_nobody_else(
    pods: World, saved: Saved, tmp_path: Path
) -> None:
    everybody = {f"{namespace}/{name}" for namespace in (NAMESPACE, OTHER) for name in LABELS}
    assert who_reaches(pods, SERVER) == everybody, "without an enforcing plugin all get in"
    assert who_reaches(pods, CONSOLE) == everybody

    with enforced(pods, tmp_path):
        for target, kind in ((SERVER, "client"), (CONSOLE, "monitor")):
            wait_for_reach(
                pods, target, {f"{namespace}/{kind}" for namespace in (NAMESPACE, OTHER)}
            )
        run_every_job(pods, saved)


def wait_for_reach(world: World, target: str, allowed: set[str]) -> None:
    """The firewall learns of a pod a moment after its start."""
    wait_for(
        f"{target} for {allowed} alone", lambda: who_reaches(world, target) == allowed, POD_READY
    )


def run_every_job(world: World, saved: Saved) -> None:
    """Those of the CronJobs, a backup and a restore by hand, and logins through a port-forward."""
    project = world.project
    for name in set(project.sets()) - {saved.set}:
        shutil.rmtree(world.mount / name)  # or each one of the tests before would be proven, too
    before = set(project.sets())
    for cron_job in project.get(f"-n {NAMESPACE} cronjob")["items"]:
        name = cron_job["metadata"]["name"]
        project.kubectl(f"-n {NAMESPACE} create job --from=cronjob/{name} policy-{name}")
        done = f"wait --for=condition=Complete job/policy-{name} --timeout={JOB_DONE:.0f}s"
        project.kubectl(f"-n {NAMESPACE} {done}")
        project.kubectl(f"-n {NAMESPACE} delete job policy-{name}")
    by_hand = project.run("scripts/backup-postgres.sh").stdout.strip()
    for database in saved.content:
        world.psql(f"DROP DATABASE {database} WITH (FORCE)")
    project.run(f"scripts/restore-postgres.sh {by_hand}")
    assert_back(world, saved)  # logs in through a port-forward
    taken = set(project.sets()) - before
    assert len(taken) == 2, "one by hand, and one of the CronJob"
    assert by_hand in taken
    assert list(world.mount.glob(f"{max(taken - {by_hand})}/verified.json"))
