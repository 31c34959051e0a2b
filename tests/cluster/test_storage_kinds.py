"""Sets on a claim of a StorageClass, and on a claim that somebody else made."""

import json
from collections.abc import Iterator

import pytest

from tests.lib.project import PULUMI_FAILED
from tests.lib.world import NAMESPACE, World, assert_back, assert_lost

CLASS = "standard"
THEIRS = "my-backups"


@pytest.fixture(name="bare")
def _bare(world: World) -> Iterator[World]:
    """The cluster without the stack, which afterwards goes back to its own storage."""
    settings = world.project.path / "Pulumi.dev.local.yaml"
    before = settings.read_text()
    world.destroy()
    yield world
    world.destroy()
    world.project.run(f"kubectl delete namespace {NAMESPACE} --ignore-not-found")
    settings.write_text(before)


@pytest.mark.long
def test_sets_on_a_claim_bring_the_data_back(bare: World) -> None:
    """First on a claim that the stack makes, then on the same volume as somebody else's claim."""
    on_host = bare.project.sets()
    configure(bare, kind="storageClass", storageClass=CLASS)
    bare.project.pulumi("up --yes --skip-preview")
    saved = bare.filled()
    bare.destroy()
    volume = released(bare)
    bare.project.pulumi("up --yes --skip-preview")
    assert_lost(bare, saved)
    assert_back(bare, saved)

    bare.destroy()
    hand_over(bare, volume)
    configure(bare, kind="existingClaim", claim=THEIRS)
    refused = bare.project.pulumi("up --yes --skip-preview", status=PULUMI_FAILED)
    assert f"Namespace {NAMESPACE} exists already, and it is not this project's" in refused.output
    for command in told(refused.output):
        bare.project.run(command)
    bare.project.pulumi("up --yes --skip-preview")
    assert_back(bare, saved)
    newer = bare.save()
    assert newer.set > saved.set

    bare.destroy()
    assert bare.project.get(f"-n {NAMESPACE} pvc {THEIRS}")["status"]["phase"] == "Bound"
    assert bare.project.sets() == on_host, "none of it went to the default's place"


def configure(world: World, **storage: str) -> None:
    """Another place for the sets of the stack that comes."""
    world.project.run("pulumi config rm --path backup.storage.storageClass", status=None)
    for key, value in storage.items():
        world.project.run(f"pulumi config set --path backup.storage.{key} {value}")


def released(world: World) -> str:
    """The volume that the deleted backup claim has left, with its files."""
    (volume,) = [
        found["metadata"]["name"]
        for found in world.project.get("pv")["items"]
        if found["status"]["phase"] == "Released"
        and found["spec"]["claimRef"]["name"] == "postgres-backup-pvc"
        and found["spec"]["storageClassName"] == CLASS
    ]
    return str(volume)


def hand_over(world: World, volume: str) -> None:
    """Somebody else's namespace with a claim on the volume."""
    world.project.kubectl(f"create namespace {NAMESPACE}")
    reference = {"namespace": NAMESPACE, "name": THEIRS, "uid": None, "resourceVersion": None}
    patch = json.dumps({"spec": {"claimRef": reference}})
    world.project.kubectl(f"patch pv {volume} --type=merge -p '{patch}'")
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": THEIRS, "namespace": NAMESPACE},
        "spec": {
            "storageClassName": CLASS,
            "volumeName": volume,
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "2Gi"}},
        },
    }
    world.project.kubectl("create -f -", stdin=json.dumps(claim))


def told(output: str) -> list[str]:
    """The commands after "To hand it over"."""
    _, _, rest = output.partition("treats it as its own: ")
    return rest.splitlines()[0].split("; ")
