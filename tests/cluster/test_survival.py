"""What survives what: each test loses something for real and finds the data back."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from tests.lib.project import PULUMI_FAILED
from tests.lib.waiting import OBJECT_GONE, POD_READY, wait_for
from tests.lib.world import NAMESPACE, Saved, World, assert_back, assert_lost


def test_a_pod_restart_keeps_the_data(world: World, saved: Saved) -> None:
    before = world.project.get(f"-n {NAMESPACE} pod postgres-0")["metadata"]["uid"]
    world.project.kubectl(f"-n {NAMESPACE} delete pod postgres-0")
    world.wait_ready()
    after = world.project.get(f"-n {NAMESPACE} pod postgres-0")["metadata"]["uid"]
    assert after != before
    assert world.system_identifier() == saved.system_identifier
    assert_back(world, saved)


@pytest.mark.long
@pytest.mark.trap(35)
def test_a_deleted_namespace_comes_back_from_the_set(world: World, saved: Saved) -> None:
    world.project.kubectl(f"delete namespace {NAMESPACE}")
    world.project.up()
    assert_lost(world, saved)
    assert_back(world, saved)
    assert saved.set in world.log()
    world.project.pulumi("preview --expect-no-changes")


def test_a_namespace_that_does_not_go_is_named_with_what_holds_it(
    world: World, saved: Saved
) -> None:
    stuck = f"kubectl -n {NAMESPACE} patch configmap stuck --type=merge -p "
    world.project.kubectl(f"-n {NAMESPACE} create configmap stuck")
    world.project.run(f"""{stuck}'{{"metadata": {{"finalizers": ["example.org/gone"]}}}}'""")
    world.project.kubectl(f"delete namespace {NAMESPACE} --wait=false")
    try:
        wait_for("all else gone", lambda: "example.org/gone" in _conditions(world), OBJECT_GONE)
        refused = [
            world.project.pulumi(f"up --yes --refresh {option}", status=PULUMI_FAILED).output
            for option in ("", "--skip-preview")
        ]
    finally:
        world.project.run(f"""{stuck}'{{"metadata": {{"finalizers": null}}}}'""")
    for said in refused:
        assert f"The namespace {NAMESPACE} is still being deleted" in said
        assert "has finalizers remaining: example.org/gone in 1 resource instances" in said
        assert "Traceback" not in said
    world.project.kubectl(f"wait --for=delete namespace/{NAMESPACE} --timeout={OBJECT_GONE}s")
    world.project.pulumi("up --yes --refresh")
    assert_lost(world, saved)
    assert_back(world, saved)


@pytest.mark.long
def test_stop_and_start_of_the_cluster_keep_the_data(world: World, saved: Saved) -> None:
    known = world.urns()
    world.project.cluster("stop")
    refused = world.project.up(status=PULUMI_FAILED)
    # The program's word, or the provider's where a proxy answers for every address.
    assert "cannot be reached" in refused.output or "unreachable" in refused.output
    assert world.urns() == known, "a cluster that does not answer is not taken for an empty one"
    world.start_cluster()
    _wait_answers(world)
    assert world.system_identifier() == saved.system_identifier
    assert_back(world, saved)


def test_a_power_cut_during_a_backup_leaves_the_old_sets_and_the_data(
    world: World, saved: Saved
) -> None:
    sets = world.project.sets()
    with world.logins() as logins, closing(logins["brewget_settings"].connect()) as session:
        # The backup waits for this table: when the power goes, it is in its middle for certain.
        session.execute("BEGIN; LOCK TABLE setting IN ACCESS EXCLUSIVE MODE")
        world.project.kubectl(f"-n {NAMESPACE} create job cut-short --from=cronjob/postgres-backup")
        wait_for(
            "a backup at work",
            lambda: [f for f in world.mount.glob(".backup_*.new/*") if f.stat().st_size > 0],
            POD_READY,
        )
        world.project.cluster("power-off")
    assert world.project.sets() == sets, "no partial set is visible"
    latest = (world.mount / "latest").resolve().name
    assert latest == saved.set

    world.start_cluster()
    _wait_answers(world)
    assert world.system_identifier() == saved.system_identifier
    assert_back(world, saved)
    newer = world.save()
    listed = json.loads(_list(world))
    assert newer.set in [entry["set"] for entry in listed]


@pytest.mark.long
def test_a_lost_disk_is_restored(world: World, saved: Saved) -> None:
    world.lose_disk()
    world.project.up()
    world.wait_ready()
    assert_lost(world, saved)
    assert_back(world, saved)


@pytest.mark.long
@pytest.mark.trap(29)
def test_a_deleted_cluster_comes_back_from_the_host_mount(world: World, saved: Saved) -> None:
    world.project.cluster("delete")
    world.start_cluster()
    world.project.up()
    assert_lost(world, saved)
    assert_back(world, saved)
    world.project.pulumi("preview --expect-no-changes")


@pytest.mark.long
def test_without_the_host_mount_up_refuses_to_pretend(world: World, saved: Saved) -> None:
    world.project.cluster("delete")
    world.project.cluster("start")
    refused = world.project.up(status=PULUMI_FAILED, timeout=400)
    assert "store" in refused.output
    assert not world.pod_ready(), "no empty database is served"
    # The way back is the one that the message names.
    world.project.cluster("delete")
    forget = {"PULUMI_K8S_DELETE_UNREACHABLE": "true"}
    world.project.pulumi("refresh --yes --run-program=false", **forget)
    assert not [urn for urn in world.urns() if "::kubernetes:" in urn or "$kubernetes:" in urn]
    world.start_cluster()
    world.project.pulumi("up --yes --skip-preview")
    assert_back(world, saved)


@pytest.mark.long
@pytest.mark.trap(33)
def test_destroy_takes_a_last_set_and_up_brings_the_data_back(world: World, saved: Saved) -> None:
    with world.logins() as logins, logins["brewget_settings"].connect() as session:
        session.execute("INSERT INTO setting (brewer, key) VALUES ('last minute', 'x')")
    latest = Saved("", world.content(), saved.system_identifier, saved.data_claim)
    world.project.pulumi("destroy --yes --run-program")
    assert world.project.run(f"kubectl get namespace {NAMESPACE}", status=None).status == 1
    assert len(world.project.sets()) > 0
    assert world.project.sets()[-1] > saved.set, "the hook took a last set"
    world.project.up()
    assert_lost(world, saved)
    assert_back(world, latest)


@pytest.mark.long
def test_a_damaged_newest_set_is_set_aside_for_the_one_before(
    world: World, saved: Saved, elsewhere: Path
) -> None:
    newest = world.save()
    kept = elsewhere / newest.set
    shutil.copytree(world.mount / newest.set, kept)
    victim = next((world.mount / newest.set).glob("brewget_settings.dump"))
    with victim.open("r+b") as file:
        file.truncate(victim.stat().st_size - 10)
    world.project.kubectl(f"delete namespace {NAMESPACE}")
    world.project.up()
    assert_lost(world, saved)
    assert_back(world, saved)
    assert newest.set in world.log(), "the log names what was set aside"
    assert (world.mount / "failed" / newest.set).is_dir()


def _conditions(world: World) -> str:
    """Why the namespace is still there."""
    found = world.project.get(f"namespace {NAMESPACE}")["status"].get("conditions", [])
    return " ".join(one["message"] for one in found)


def _wait_answers(world: World) -> None:
    """Wait until the server of the new start answers; a stale Ready of before does not count."""
    wait_for("the server answers", lambda: world.psql("SELECT 'yes'") == "yes", POD_READY)
    world.wait_ready()


def _list(world: World) -> str:
    return world.project.kubectl(
        f"-n {NAMESPACE} exec postgres-0 -c postgres -- bash /backup-scripts/list.sh --json"
    )
