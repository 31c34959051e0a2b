"""A minikube that was made without the backups' mount: refused, and the ways that are named lead on."""

import pytest

from tests.lib.project import Done
from tests.minikube.stack import MAKE_FAILED, Before, Stack


@pytest.fixture(scope="module")
def before(made: Stack) -> Before:
    """What was saved before the cluster was deleted, and made again by hand without the mount."""
    found = made.add_row()
    made.project.run("scripts/backup-postgres.sh")
    made.project.cluster("delete")
    made.project.run("minikube start --profile minikube")
    return found


@pytest.fixture
def bare(made: Stack, before: Before) -> Stack:
    """The same where nothing is up."""
    return made


def refused(stack: Stack, command: str = "make up") -> Done:
    """Ends before anything is started or made."""
    node = "docker inspect --format '{{.Id}} {{.State.Status}} {{.State.StartedAt}}' minikube"
    namespaces = "kubectl --context minikube get namespace brewget --ignore-not-found"
    seen = stack.project.run(node).stdout
    done = stack.project.run(command, status=MAKE_FAILED)
    assert stack.project.run(node).stdout == seen
    assert stack.project.run(namespaces, status=None).stdout == ""
    assert "was made with no mount" in done.output
    assert "`minikube --profile minikube delete`" in done.output
    assert "`BACKUP_DIR=none make up`" in done.output
    return done


def test_it_runs_and_the_state_is_kept(bare: Stack) -> None:
    refused(bare)


def test_it_runs_and_the_state_is_lost(bare: Stack) -> None:
    bare.project.run("mv .state .state.kept")
    try:
        refused(bare)
    finally:
        bare.project.run("rm -rf .state && mv .state.kept .state")


def test_without_the_mount_the_server_does_not_start_empty(bare: Stack) -> None:
    done = bare.project.run("BACKUP_DIR=none make up", status=MAKE_FAILED)
    assert "the backup store /backup is missing" in done.output
    assert not bare.pod_ready()
    bare.project.kubectl("--context minikube delete namespace brewget")


def test_it_is_stopped(bare: Stack) -> None:
    bare.project.cluster("stop")
    assert "GUEST_MOUNT_CONFLICT" not in refused(bare).output


def test_the_way_that_is_named_brings_the_data_back(bare: Stack, before: Before) -> None:
    bare.project.cluster("delete")
    said = bare.project.run("make up").output
    after = bare.now()
    assert after.rows == before.rows
    assert after.server != before.server
    assert "/home/dev/brewget-postgres-backups (on the node" in said
