"""The last set before a server goes: taken from the server itself, or the server stays."""

import pytest

from tests.lib.project import PULUMI_FAILED
from tests.lib.world import NAMESPACE, Saved, World, assert_back, assert_lost


@pytest.mark.long
def test_the_last_set_needs_no_cron_job(world: World, saved: Saved) -> None:
    """It is gone in just the situations in which the set matters."""
    world.project.kubectl(f"-n {NAMESPACE} delete cronjob postgres-backup")
    with world.logins() as logins, logins["brewget_settings"].connect() as session:
        session.execute(f"INSERT INTO setting (brewer, key) VALUES ('after', '{saved.set}')")
    latest = Saved("", world.content(), saved.system_identifier, saved.data_claim)
    sets = world.project.sets()

    done = world.project.pulumi("destroy --yes --skip-preview --run-program")

    (last,) = [name for name in world.project.sets() if name not in sets]
    assert f"Last set before the server is deleted: {last}" in done.output
    assert world.project.run(f"kubectl get namespace {NAMESPACE}", status=None).status == 1
    assert world.urns() == []
    world.project.up()
    assert_lost(world, saved)
    assert_back(world, latest)


def test_a_server_that_cannot_be_saved_stays_and_it_is_said_what_would_be_lost(
    world: World, saved: Saved
) -> None:
    """Its password is wrong, as after a Secret of another stack was restored over ours."""
    key = f"-n {NAMESPACE} secret postgres-superuser"
    right = world.project.get(key)["data"]["password"]
    set_password(world, "d3Jvbmc=")
    sets, claim = world.project.sets(), world.claim_uid()
    try:
        refused = world.project.pulumi(
            "destroy --yes --skip-preview --run-program", status=PULUMI_FAILED
        )
    finally:
        set_password(world, right)
    assert "The last backup before the server is deleted failed, so it stays." in refused.output
    assert "password authentication failed" in refused.output
    assert f"what was written since {sets[-1]} is lost" in refused.output
    assert "Traceback" not in refused.output
    assert world.project.sets() == sets
    assert world.claim_uid() == claim
    jobs = world.project.get(f"-n {NAMESPACE} jobs")["items"]
    assert not [job for job in jobs if "-last-" in job["metadata"]["name"]]
    world.project.up()
    assert_back(world, saved)


def set_password(world: World, encoded: str) -> None:
    """Give the Secret another password than the server has."""
    patch = f'{{"data": {{"password": "{encoded}"}}}}'
    world.project.kubectl(
        f"-n {NAMESPACE} patch secret postgres-superuser --type=merge -p '{patch}'"
    )
