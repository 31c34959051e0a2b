"""Plain Pulumi with a state of its own: what a person does whose state file is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lib.world import Saved, World, assert_back


@pytest.fixture
def plain(world: World, elsewhere: Path) -> Iterator[dict[str, str]]:
    """Another backend, with nothing in it; afterwards the first one is in charge again."""
    yield {
        "PULUMI_BACKEND_URL": f"file://{elsewhere}",
        "PULUMI_CONFIG_PASSPHRASE": "of the other state",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "",
        "PULUMI_STACK": "plain",
    }
    (world.project.path / "Pulumi.plain.yaml").unlink(missing_ok=True)
    world.project.up()
    world.wait_ready()


def test_a_new_state_takes_over_what_is_there(
    world: World, saved: Saved, plain: dict[str, str]
) -> None:
    project = world.project
    before = project.outputs()
    project.pulumi("stack init plain", **plain)
    for key in ("kubeContext", "postgres.image"):
        value = project.pulumi(f"config get {key}").stdout.strip()
        project.pulumi(f"config set {key} {value}", **plain)

    project.pulumi("up --yes --skip-preview", **plain)

    world.wait_ready()
    assert world.system_identifier() == saved.system_identifier, "the same server"
    assert world.claim_uid() == saved.data_claim
    assert_back(world, saved)  # with the passwords that the new state has made
    shown = project.pulumi("stack output store_id", **plain).stdout.strip()
    assert shown == before["store_id"], "the same store"
    project.pulumi("preview --expect-no-changes", **plain)
