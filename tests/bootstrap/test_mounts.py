"""A minikube that does not have BACKUP_DIR mounted: said before anything is started or made."""

from dataclasses import replace
from pathlib import Path

import pytest

from bootstrap import clusters, lifecycle, mounts, reachable
from bootstrap.clusters import Cluster, Kind
from bootstrap.environment import for_children
from bootstrap.minikube import State, state
from bootstrap.place import Place, from_environment
from bootstrap.progress import Steps
from tests.bootstrap.minikube import ACTIVE, Minikube
from tests.bootstrap.test_own_cluster import KUBECTL, start
from toolchain.errors import SetupError

OURS = Cluster(Kind.MINIKUBE, "minikube")


@pytest.fixture(name="minikube")
def _minikube(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Minikube:
    found = Minikube.install(tmp_path / "a bin")
    monkeypatch.setenv("PATH", f"{found.folder}:{KUBECTL}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path / "a home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    (tmp_path / "a home/.kube").mkdir(parents=True)
    place.tools.mkdir()
    return found


def refused(place: Place, cluster: Cluster = OURS) -> str:
    """What `make up` says as it ends before the cluster is up."""
    with Steps(total=1).step("Cluster") as step, pytest.raises(SetupError) as error:
        lifecycle._start(place, cluster, for_children(place, cluster), step)
    return str(error.value)


def wanted(place: Place) -> str:
    """The mount that this checkout wants."""
    return f"{place.backup_dir}:{mounts.MOUNT}"


def verbs(minikube: Minikube) -> set[str]:
    """The first word of each call."""
    return {words.split()[0] for _, words in minikube.asked()}


@pytest.mark.parametrize("api", ["Running", "Stopped"])
@pytest.mark.parametrize("mount", ["", f"/srv/a b:{mounts.MOUNT}", "/home/me:/host"])
def test_a_node_with_another_mount_is_named_with_the_ways(
    place: Place, minikube: Minikube, mount: str, api: str
) -> None:
    minikube.has("minikube", mount=mount, api=api)
    before = minikube.known("minikube")

    said = refused(place)

    assert f"was made with {f'the mount {mount}' if mount else 'no mount'}, not with" in said
    assert ("`BACKUP_DIR='/srv/a b' make up`" in said) == mount.endswith(mounts.MOUNT)
    assert "`minikube --profile minikube delete` (everything in the cluster goes, sets" in said
    assert "`BACKUP_DIR=none make up`" in said
    assert minikube.known("minikube") == before
    assert verbs(minikube) == {"status"}
    assert place.backup_dir is not None
    assert not place.backup_dir.exists()


@pytest.mark.parametrize("api", ["Running", "Stopped"])
def test_the_ways_lead_on(place: Place, minikube: Minikube, api: str, tmp_path: Path) -> None:
    minikube.has("minikube", mount=f"{tmp_path}:{mounts.MOUNT}", api=api)

    start(replace(place, backup_dir=tmp_path))
    assert minikube.runs("minikube")

    minikube.has("minikube", api=api)
    start(replace(place, backup_dir=None))
    assert minikube.runs("minikube")
    assert not minikube.known("minikube")["config"]["MountString"]


def test_a_directory_of_ones_own_on_the_node_is_its_owners_to_mount(
    place: Place, minikube: Minikube
) -> None:
    place.stack_file.write_text("config:\n  brewget:backup: {storage: {path: /srv/sets}}\n")
    minikube.has("minikube", mount="/mine:/srv/sets")
    start(place)
    assert minikube.runs("minikube")


def test_a_virtual_machine_gets_its_mount_at_the_next_start(
    place: Place, minikube: Minikube
) -> None:
    """Its mount is a 9p server beside it, so that a stopped one can have any."""
    minikube.has("minikube", driver="kvm2")

    said = refused(place)

    assert "'minikube' (kvm2) runs with no mount" in said
    assert "`minikube --profile minikube stop`, then `make up`" in said
    assert verbs(minikube) == {"status"}
    minikube.has("minikube", driver="kvm2", api="Stopped")
    start(place)
    assert minikube.known("minikube")["config"]["MountString"] == wanted(place)


def test_an_empty_server_never_comes_up_beside_a_store(place: Place, minikube: Minikube) -> None:
    """The profile says that it is mounted; its node sees nothing there."""
    assert place.backup_dir is not None
    place.backup_dir.mkdir(parents=True)
    (place.backup_dir / mounts.STORE).touch()
    minikube.has("minikube", mount=wanted(place))
    mounts.require_store_seen(place, "minikube", for_children(place, OURS))
    minikube.has("minikube", driver="kvm2")

    with pytest.raises(SetupError, match="would come up empty beside it") as error:
        mounts.require_store_seen(place, "minikube", for_children(place, OURS))

    assert "`minikube --profile minikube delete`" in str(error.value)
    mounts.require_store_seen(replace(place, backup_dir=None), "minikube", {})


def test_a_named_profile_of_minikube_is_started_with_its_mount(
    place: Place, minikube: Minikube
) -> None:
    named = replace(place, kube_context=ACTIVE)
    minikube.has(ACTIVE, mount=wanted(place), api="Stopped")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBE_CONTEXT", ACTIVE)
        assert clusters.find(named) == Cluster(Kind.MINIKUBE, ACTIVE)
        assert clusters.find(replace(place, kube_context="work")) == Cluster(Kind.NAMED, "work")


def test_a_docker_that_this_user_may_not_use_is_said(place: Place, minikube: Minikube) -> None:
    """minikube then knows no status, and its start ends with 69."""
    minikube.has("minikube", mount=wanted(place))
    (minikube.folder / "denied").touch()

    assert "ended with status 69 (its driver cannot be used: does docker run" in refused(place)


def test_what_is_paused_is_left_paused(place: Place, minikube: Minikube) -> None:
    minikube.has("minikube", mount=wanted(place), api="Paused")

    assert refused(place) == (
        "the cluster 'minikube' is paused: `minikube --profile minikube unpause`, then run this again"
    )
    assert verbs(minikube) == {"status"}


def test_a_node_that_was_removed_is_said_with_what_clears_the_rest(
    place: Place, minikube: Minikube
) -> None:
    """A start would try for minutes to bring up what is half there."""
    minikube.has("minikube", mount=wanted(place), api="Nonexistent")

    assert (
        "'minikube' is gone: its node was removed behind minikube's back. `minikube --profile"
        in (refused(place))
    )
    assert verbs(minikube) == {"status"}


def test_a_node_of_somebody_else_is_left_alone(place: Place, minikube: Minikube) -> None:
    docker = minikube.folder / "docker"
    docker.write_text('#!/bin/sh\n[ "$5" = label=name.minikube.sigs.k8s.io=minikube ] && echo 1f\n')
    docker.chmod(0o755)

    said = refused(place)

    assert "docker has a minikube 'minikube' already that this account does not know" in said
    assert "`KUBE_CONTEXT=NAME make up`" in said
    assert verbs(minikube) == set()


def test_a_stopped_cluster_is_said_to_be_stopped(place: Place, minikube: Minikube) -> None:
    environment = for_children(place, OURS)
    for api, word in (("Stopped", State.STOPPED), ("Running", State.RUNNING)):
        minikube.has("minikube", api=api)
        assert state("minikube", environment) is word
    with pytest.raises(SetupError, match="has no context of it: `minikube --profile minikube up"):
        reachable.require(OURS, environment)
    minikube.has("minikube", api="Stopped")
    with pytest.raises(SetupError, match="'minikube' is stopped: `make up` starts it"):
        reachable.require(OURS, environment)


def test_backup_dir_none_is_remembered_as_a_word(tmp_path: Path) -> None:
    place = from_environment({"HOME": "/home/me", "BACKUP_DIR": "none"}, tmp_path)
    assert place.backup_dir is None
    assert place.backups == "none"
    assert mounts.words(place) == []
