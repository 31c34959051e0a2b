"""An upgrade of the real stack as docs/upgrade.md has it, what is refused, and the way back."""

import json
from typing import Any

import pytest

from localcluster.images import POSTGRES, POSTGRES_NAME
from tests.lib.project import PULUMI_FAILED
from tests.lib.waiting import JOB_DONE
from tests.lib.world import NAMESPACE, World

V18 = f"{POSTGRES_NAME}:18.6"
"""The version that differs most: its official image has another default for the data's place."""


@pytest.fixture(name="upgradable")
def _upgradable(world: World) -> World:
    """The stack with data that no set has, and the later image at hand."""
    world.project.cluster("image make postgres-18", timeout=900)
    world.filled()
    world.psql("SET ROLE brewget_auth; CREATE TABLE late AS SELECT 42 AS answer", "brewget_auth")
    return world


def configure(world: World, image: str, upgrade_from: str = "") -> None:
    """Set both settings of an upgrade."""
    world.project.run(f"pulumi config set --path postgres.image {image}")
    key = "--path postgres.upgradeFrom"
    verb = f"set {key} {upgrade_from}" if upgrade_from else f"rm {key}"
    world.project.run(f"pulumi config {verb}")


def version(world: World) -> str:
    """What the server says of itself."""
    return world.psql("SHOW server_version")


def uids(world: World) -> tuple[str, str]:
    """Of the StatefulSet and the data claim: others would be new ones."""
    found: str = world.project.get(f"-n {NAMESPACE} statefulset postgres")["metadata"]["uid"]
    return found, world.claim_uid()


def verify(world: World, name: str) -> dict[str, Any]:
    """The verdict that the CronJob's own pod comes to."""
    job = f"job/{name.replace('_', '-')}"
    create = f"create {job.replace('/', ' ')} --from=cronjob/postgres-backup-verify"
    world.project.kubectl(f"-n {NAMESPACE} {create}")
    world.project.kubectl(
        f"-n {NAMESPACE} wait --for=condition=complete {job} --timeout={JOB_DONE:.0f}s"
    )
    verdict: dict[str, Any] = json.loads((world.mount / name / "verified.json").read_text())
    return verdict


@pytest.mark.long
def test_an_upgrade_keeps_the_data_and_leads_back(upgradable: World) -> None:
    world, project = upgradable, upgradable.project
    content, before = world.content(), uids(world)
    configure(world, V18)
    refused = project.up(status=PULUMI_FAILED)
    assert "To upgrade: pulumi config set --path postgres.upgradeFrom" in refused.output
    assert (version(world), world.content()) == ("16.15", content), "nothing is changed"

    configure(world, V18, upgrade_from=POSTGRES)
    project.up()

    project.pulumi("preview --expect-no-changes")
    assert (version(world), world.content(), uids(world)) == ("18.6", content, before)
    assert world.can_log_in()
    last = project.sets()[-1]
    assert f"upgraded from PostgreSQL 16 to 18 by way of the set {last}" in world.log()
    manifest = json.loads((world.mount / last / "manifest.json").read_text())
    assert (manifest["reason"], manifest["pinned"]) == ("upgrade", True)
    assert manifest["server"]["version"] == "16.15"
    assert (world.mount / last / "verified.json").is_file()

    configure(world, V18)
    project.up()
    project.pulumi("preview --expect-no-changes")
    verdict = verify(world, world.save().set)
    assert (verdict["result"], verdict["server"]) == ("good", "18.6")

    configure(world, POSTGRES)
    refused = project.up(status=PULUMI_FAILED)
    assert "docs/upgrade.md, Going back" in refused.output
    assert version(world) == "18.6"

    configure(world, V18)
    project.pulumi("destroy --run-program --yes --skip-preview")
    configure(world, POSTGRES)
    project.run(f"pulumi config set --path startup.fromSet {last}")
    project.up()
    project.run("pulumi config rm --path startup.fromSet")
    assert (version(world), world.content()) == ("16.15", content)
    assert verify(world, world.save().set)["server"] == "16.15"
