"""`make demo` on a running stack: a disk is lost and the data is back, and nothing of the person's own is touched."""

import json
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from bootstrap.demo_space import NAME, NAMESPACE
from components.cluster.ownership import STACK
from tests.lib.waiting import OBJECT_GONE, POD_READY, wait_for
from tests.lib.world import NAMESPACE as THEIRS
from tests.lib.world import World

LONGEST = 300.0
"""Seconds: README.md's three minutes, with other suites on the same two cores."""
REFUSED = 2
"""make's own status where a target has failed."""


@dataclass(frozen=True)
class Own:
    """All that is the person's."""

    pods: dict[str, str]
    claims: dict[str, str]
    volumes: list[str]
    sets: list[str]
    state: str
    selected: str
    files: list[str]


def own(world: World) -> Own:
    """Seen from outside: objects by uid, sets, the state word by word."""
    project = world.project

    def uids(kind: str) -> dict[str, str]:
        found = project.get(f"-n {THEIRS} {kind}")["items"]
        return {one["metadata"]["name"]: one["metadata"]["uid"] for one in found}

    return Own(
        {name: uid for name, uid in uids("pod").items() if name == "postgres-0"},
        uids("pvc"),
        sorted(volume["metadata"]["uid"] for volume in project.get("pv")["items"]),
        project.sets(),
        project.pulumi("stack export").stdout,
        project.pulumi("stack --show-name").stdout,
        sorted(path.name for path in project.path.iterdir())
        + sorted(path.name for path in (project.path / ".state").iterdir()),
    )


def assert_as_before(world: World, before: Own) -> None:
    """Nothing is left of it, and nothing else is missing."""
    gone = world.project.run(f"kubectl get namespace {NAMESPACE}", status=None)
    assert "not found" in gone.stderr
    after = own(world)
    assert after == before


@pytest.fixture(name="before")
def _before(world: World) -> Own:
    (world.project.path / ".state" / ".demo.lock").touch()  # a lock's file stays
    return own(world)


def test_the_demonstration_loses_a_disk_and_leaves_nothing(world: World, before: Own) -> None:
    """Nor does anything stay of an earlier one that was killed, by which there is a namespace of its mark."""
    world.project.kubectl(f"create namespace {NAMESPACE}")
    world.project.kubectl(f"annotate namespace {NAMESPACE} {STACK}={NAME}")
    (world.project.path / ".state" / "demo" / "pulumi").mkdir(parents=True)

    began = time.monotonic()
    said = world.project.run("make demo").output
    took = time.monotonic() - began

    contents = re.findall(r"100000 rows, md5 [0-9a-f]{32}", said)
    assert len(contents) == 2, said
    assert len(set(contents)) == 1
    (lost,) = re.findall(r"(pvc-[0-9a-f-]+) is gone", said)
    (found,) = re.findall(r"md5 [0-9a-f]{32}, on (pvc-[0-9a-f-]+)", said)
    assert lost != found
    assert re.search(r"restored into a server aside, and compared  equal", said)
    for command in (
        "scripts/backup-postgres.sh",
        "kubectl delete persistentvolumeclaim",
        "pulumi up",
    ):
        assert f"$ {command}" in said
    assert_as_before(world, before)
    assert took <= LONGEST, f"took {took:.1f} s"


@pytest.mark.long
def test_an_interrupted_demonstration_leaves_nothing(world: World, before: Own) -> None:
    """By TERM, which does as Ctrl-C does."""
    process = start(world)
    try:
        wait_for("its server", lambda: is_ready(world), POD_READY)
    finally:
        process.terminate()
        said, _ = process.communicate(timeout=300)
    assert process.returncode == 1, said
    assert "interrupted. Nothing of the demonstration is left" in said
    assert_as_before(world, before)


def test_a_namespace_of_that_name_that_is_somebody_elses_is_left_alone(
    world: World, before: Own
) -> None:
    world.project.kubectl(f"create namespace {NAMESPACE}")
    try:
        world.project.kubectl(f"-n {NAMESPACE} create configmap theirs")
        refused = world.project.run("make demo", status=REFUSED)
        assert f"there is a namespace {NAMESPACE} that `make demo` has not made" in refused.output
        world.project.kubectl(f"-n {NAMESPACE} get configmap theirs")
    finally:
        world.project.kubectl(f"delete namespace {NAMESPACE} --timeout={OBJECT_GONE:.0f}s")
    assert_as_before(world, before)


def test_without_a_stack_it_says_what_comes_first(world: World, elsewhere: Path) -> None:
    """In a checkout that has brought nothing up."""
    bare = elsewhere / "bare"
    listed = world.project.run("git ls-files -z").stdout
    for name in filter(None, listed.split("\0")):
        (bare / name).parent.mkdir(parents=True, exist_ok=True)
        (bare / name).write_bytes((world.project.path / name).read_bytes())
    (bare / ".venv").symlink_to(world.project.path / ".venv")

    refused = world.project.run(f"make -C {bare} demo", status=REFUSED)

    assert "there is no stack here to show it beside: `make up` first" in refused.output


def start(world: World) -> "subprocess.Popen[str]":
    """The verb itself: make would not tell a signal from a failure."""
    return subprocess.Popen(
        [world.project.path / ".venv/bin/python", "-m", "bootstrap", "demo"],
        cwd=world.project.path,
        env=world.project.base_environment() | world.project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def is_ready(world: World) -> bool:
    """Whether the demonstration's server answers."""
    pods = json.loads(
        world.project.run(f"kubectl -n {NAMESPACE} get pod -o json", status=None).stdout or "{}"
    )
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for pod in pods.get("items", [])
        if pod["metadata"]["name"] == "postgres-0"
        for condition in pod["status"].get("conditions", [])
    )
