"""The stack of an older program is taken along; objects without a state only when that is wanted."""

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.environment import CONFIG_FILE
from tests.lib.project import PULUMI_FAILED, ROOT
from tests.lib.world import NAMESPACE, Saved, World, assert_back

MADE_UP = "d118f1209d6b83bb78ff9603a06bf64fde757dc4"
"""A commit whose objects belong to the field managers' names that pulumi-kubernetes makes up."""

BESIDE = "222c94e6f7d99cc9b0b91285d1597a56653cd965"
"""The last commit whose components stood beside each other, with other logical names."""

FORGET = "stack rm dev --force --yes --preserve-config"


@pytest.mark.long
@pytest.mark.parametrize("commit", [MADE_UP, BESIDE])
def test_the_stack_of_an_older_program_is_taken_along(
    world: World, elsewhere: Path, commit: str
) -> None:
    world.destroy()
    # An older program refuses to start beside sets of today's format, as it should.
    for each in world.mount.glob("backup_*"):
        shutil.rmtree(each)
    for link in world.mount.glob("latest*"):
        link.unlink()
    older = older_program(elsewhere / commit, commit)
    settings = {CONFIG_FILE: str(dotted_settings(world, older))}
    world.project.pulumi(f"-C {older} up --yes --skip-preview --stack dev", **settings)
    saved = world.filled()
    server = server_uid(world)
    assert (managers(world) == {"brewget"}) is (commit != MADE_UP)

    # As a person does it: with the settings of before, and with the preview, which would show a
    # conflict first.
    done = world.project.pulumi("up --yes --refresh", **settings)

    summary = done.output.rpartition("Resources:")[2]
    assert "unchanged" in summary, done.output
    assert re.findall(r"\d+ (?:replaced|deleted)", summary) == []
    assert server_uid(world) == server
    assert world.claim_uid() == saved.data_claim
    assert world.system_identifier() == saved.system_identifier
    assert_back(world, saved)
    assert managers(world) == {"brewget"}
    world.project.pulumi("preview --expect-no-changes", **settings)
    world.project.pulumi("preview --expect-no-changes")


@pytest.mark.long
def test_after_a_lost_state_up_takes_over_only_what_it_is_told_to(world: World) -> None:
    saved = world.filled()
    objects, store, secrets = uids(world), store_id(world), uris(world)
    world.project.pulumi(FORGET)
    world.project.pulumi("stack init dev")
    # `stack init` knows no --config-file, and writes the salt into the tracked example.
    world.project.run("git checkout --quiet Pulumi.dev.yaml")

    refused = world.project.pulumi("up --yes", status=PULUMI_FAILED)
    assert "exists already, and the stack's state does not know it" in refused.output
    assert "Traceback" not in refused.output
    assert uids(world) == objects
    assert_back(world, saved)

    for command in told(refused.output):
        world.project.run(command.replace("pulumi up", "pulumi up --yes"))

    assert uids(world).items() >= objects.items()
    assert_taken_over(world, saved)
    assert store_id(world) == store
    assert not set(uris(world)) & set(secrets), "the passwords went with the state"
    assert world.save().set > saved.set


@pytest.mark.long
def test_make_up_takes_over_what_a_lost_state_has_left(world: World) -> None:
    saved = world.filled()
    objects = uids(world)
    world.project.pulumi(FORGET)
    world.project.run("make up")
    assert uids(world).items() >= objects.items()
    assert_taken_over(world, saved)
    assert "adopt" not in (world.project.path / "Pulumi.dev.local.yaml").read_text()


def test_a_second_stack_in_the_same_directory_is_refused_before_anything_is_made(
    world: World,
) -> None:
    """Whose sets would be whose? Retention of the one would count those of the other."""
    saved = world.filled()
    own = yaml.safe_load(Path(world.project.environment[CONFIG_FILE]).read_text())["config"]
    second = {CONFIG_FILE: str(world.project.path / "Pulumi.second.yaml")}
    world.project.pulumi("stack init second --no-select")
    for key, value in (
        ("namespace", "ales"),
        ("kubeContext", own["brewget:kubeContext"]),
        ("postgres.image", own["brewget:postgres"]["image"]),
    ):
        world.project.pulumi(f"config set --stack second --path {key} {value}", **second)
    try:
        refused = world.project.pulumi("up --yes --stack second", status=PULUMI_FAILED, **second)
    finally:
        world.project.pulumi("stack rm second --yes --force", **second)
        # With it goes what is selected, whichever stack that is.
        world.project.pulumi("stack select dev")

    assert f"has the backup sets of the namespace '{NAMESPACE}'" in refused.output
    assert "config set --path backup.storage.kind storageClass" in refused.output
    assert "ales" not in world.project.kubectl("get namespaces -o name")
    assert_back(world, saved)


def told(output: str) -> list[str]:
    """The commands after "To take over what is there"."""
    return output.partition("To take over what is there: ")[2].splitlines()[0].split(", ")


def assert_taken_over(world: World, saved: Saved) -> None:
    """The same server with the same rows, and nothing left to do."""
    assert world.claim_uid() == saved.data_claim
    assert world.system_identifier() == saved.system_identifier
    assert_back(world, saved)
    world.project.pulumi("preview --expect-no-changes")


def older_program(folder: Path, commit: str) -> Path:
    """An older commit's program."""
    folder.mkdir()
    archive = subprocess.run(
        ["git", "-C", str(ROOT), "archive", commit], capture_output=True, check=False
    )
    assert archive.returncode == 0, (
        f"{commit} is not in this clone, which this test needs: git fetch --unshallow\n"
        f"{archive.stderr.decode()}"
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, check=True)
    return folder


def dotted_settings(world: World, folder: Path) -> Path:
    """The stack's settings as the older programs read them: each one name with dots."""
    found = yaml.safe_load(Path(world.project.environment[CONFIG_FILE]).read_text())
    found["config"] = dict(dotted(found["config"]))
    file = folder / "Pulumi.dev.yaml"
    file.write_text(yaml.safe_dump(found))
    return file


def dotted(group: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Each value by its place in one name."""
    for name, value in group.items():
        if isinstance(value, Mapping):
            yield from dotted(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def uids(world: World) -> dict[str, str]:
    """The identity of each object: another one is another object."""
    kinds = "namespace,pv,pvc,statefulset,service,secret,configmap,cronjob,limitrange"
    listed = world.project.get(f"-n {NAMESPACE} {kinds}")["items"]
    return {f"{one['kind']}/{one['metadata']['name']}": one["metadata"]["uid"] for one in listed}


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
