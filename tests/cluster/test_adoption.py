"""The stack without its state, and the stack of an older program: `pulumi up` takes both over."""

import subprocess
from pathlib import Path

from tests.lib.project import ROOT
from tests.lib.world import NAMESPACE, World, assert_back

OLDER = "d118f1209d6b83bb78ff9603a06bf64fde757dc4"
"""A commit whose objects belong to the field managers' names that pulumi-kubernetes makes up."""


def test_the_stack_of_an_older_program_is_taken_along(world: World, elsewhere: Path) -> None:
    world.destroy()
    older = older_program(elsewhere / "older", world)
    world.project.pulumi(f"-C {older} up --yes --skip-preview --stack dev")
    saved = world.filled()
    server = server_uid(world)
    assert managers(world) != {"brewget"}, "the older program's names prove something"

    # As a person does it: with the preview, which would show a conflict first.
    world.project.pulumi("up --yes --refresh")

    assert server_uid(world) == server
    assert world.claim_uid() == saved.data_claim
    assert_back(world, saved)
    assert managers(world) == {"brewget"}
    world.project.pulumi("preview --expect-no-changes")


def test_after_a_lost_state_up_takes_everything_over(world: World) -> None:
    saved = world.filled()
    server, store, secrets = server_uid(world), store_id(world), uris(world)
    world.project.pulumi("stack rm dev --force --yes --preserve-config")
    world.project.pulumi("stack init dev")

    world.project.pulumi("up --yes")

    assert server_uid(world) == server
    assert world.claim_uid() == saved.data_claim
    assert world.system_identifier() == saved.system_identifier
    assert store_id(world) == store
    assert not set(uris(world)) & set(secrets), "the passwords went with the state"
    assert_back(world, saved)
    world.project.pulumi("preview --expect-no-changes")
    assert world.save().set > saved.set


def older_program(folder: Path, world: World) -> Path:
    """The older commit's program, set up for the stack of this test."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", OLDER], capture_output=True, check=False
    )
    assert archive.returncode == 0, (
        f"{OLDER} is not in this clone, which this test needs: git fetch --unshallow\n"
        f"{archive.stderr.decode()}"
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    (folder / "Pulumi.dev.yaml").write_text((world.project.path / "Pulumi.dev.yaml").read_text())
    return folder


def server_uid(world: World) -> str:
    """Another uid would be another StatefulSet."""
    uid: str = world.project.get(f"-n {NAMESPACE} statefulset postgres")["metadata"]["uid"]
    return uid


def store_id(world: World) -> str:
    """The store that the stack expects."""
    return str(world.project.outputs()["store_id"])


def uris(world: World) -> list[str]:
    """What the applications connect with, passwords included."""
    return list(world.project.outputs()["connection_strings"].values())


def managers(world: World) -> set[str]:
    """Who has applied the fields of the objects that Pulumi made."""
    kinds = "statefulset,service,pvc,cronjob,networkpolicy,limitrange"
    listed = world.project.kubectl(
        f"-n {NAMESPACE} get {kinds} --show-managed-fields -o jsonpath="
        """'{range .items[*].metadata.managedFields[?(@.operation=="Apply")]}{.manager} {end}'"""
    )
    return set(listed.split())
