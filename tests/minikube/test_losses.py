"""Losses of README's table that the guide does not take its reader through, on a real minikube."""

from tests.lib.world import NAMESPACE
from tests.minikube.stack import MAKE_FAILED, Before, Stack


def saved(stack: Stack) -> Before:
    """A row more, in a set."""
    before = stack.add_row()
    stack.project.run("scripts/backup-postgres.sh")
    return before


def test_a_deleted_pod_comes_back_with_its_data(stack: Stack) -> None:
    before = stack.add_row()
    stack.project.kubectl(f"-n {NAMESPACE} delete pod postgres-0")
    stack.wait_ready()
    assert stack.now() == before


def test_a_lost_disk_is_restored(stack: Stack) -> None:
    """After a restart the provisioner forgets to remove a deleted claim's directory: it goes here."""
    before, project = saved(stack), stack.project
    (volume,) = (
        each["spec"]
        for each in project.get("persistentvolume")["items"]
        if each["spec"]["claimRef"]["namespace"] == NAMESPACE
        and each["spec"]["claimRef"]["name"].startswith("postgres-data")
    )
    stack.lose_disk()
    project.cluster(f"ssh -- sudo rm -rf {volume['hostPath']['path']}")

    project.run("pulumi up --yes --refresh")

    stack.wait_ready()
    after = stack.now()
    assert (after.rows, after.server == before.server) == (before.rows, False)


def test_a_lost_state_is_made_anew_around_the_same_server(stack: Stack) -> None:
    before = stack.add_row()
    stack.project.run("rm -rf .state Pulumi.dev.local.yaml")
    stack.project.run("make up")
    stack.project.enter()  # what its shell was told lay there, too
    assert stack.now() == before


def test_a_node_that_was_removed_behind_minikubes_back_is_made_anew(stack: Stack) -> None:
    before = saved(stack)
    stack.project.run("docker rm --force --volumes minikube")
    refused = stack.project.run("make up", status=MAKE_FAILED).output
    assert "`minikube --profile minikube delete` clears what is left" in refused
    stack.project.cluster("delete")
    said = stack.project.run("make up").output
    after = stack.now()
    assert (after.rows, after.server == before.server) == (before.rows, False)
    assert "/home/dev/brewget-postgres-backups (on the node" in said
