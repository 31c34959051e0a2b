"""The place of the sets: what each kind makes, and what keeps the sets."""

import pulumi
import pytest

from components.backup import store_pod
from components.cluster import pods
from components.settings.types import StorageKind
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder

STORE_POD = store_pod.StorePod(
    claim="claim", scripts="scripts", kind=StorageKind.HOST_PATH, allow_volatile=False
)


def test_nothing_is_protected_and_the_volume_keeps_its_files(stack: Recorder) -> None:
    """Protection would only stop `destroy`; what keeps the sets is the reclaim policy."""
    volume = stack.one("PersistentVolume")["spec"]
    assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    assert not any(r.protect or r.retain_on_delete for r in stack.resources)


def test_the_namespace_of_somebody_elses_claim_stays(deploy: Deploy) -> None:
    """Deleted, it would take the claim along, and the sets in it."""
    config = {"backup.storage.kind": "existingClaim", "backup.storage.claim": "mine"}
    kept = [r.name for r in deploy(config=config).resources if r.retain_on_delete]
    assert kept == ["namespace"]


def test_the_volume_waits_for_its_own_claim_by_name(stack: Recorder) -> None:
    volume, claim = (
        stack.one("PersistentVolume"),
        stack.one("PersistentVolumeClaim", "backup-claim"),
    )
    assert volume["spec"]["claimRef"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": "ales",
        "name": "postgres-backup-pvc",
    }
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == "postgres-backup-pv-ales"
    assert claim["spec"]["storageClassName"] == volume["spec"]["storageClassName"] == "manual"
    assert "backup-readopt" in claim.hooks["beforeCreate"]


def test_the_seeds_namespace_has_the_seeds_volume(deploy: Deploy) -> None:
    """A name of the namespace elsewhere: a volume is the whole cluster's, and one namespace's."""
    stack = deploy(config={"namespace": "brewget"})
    volume = stack.one("PersistentVolume")
    assert volume["metadata"]["name"] == "postgres-backup-pv"


KINDS = {
    "hostPath": ({}, ["PersistentVolume", "PersistentVolumeClaim"]),
    "nfs": (
        {"backup.storage.server": "nas.local", "backup.storage.path": "/export/sets"},
        ["PersistentVolume", "PersistentVolumeClaim"],
    ),
    "storageClass": ({"backup.storage.storageClass": "standard"}, ["PersistentVolumeClaim"]),
    "existingClaim": ({"backup.storage.claim": "mine"}, []),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_storage_makes_only_what_it_needs(deploy: Deploy, kind: str) -> None:
    extra, expected = KINDS[kind]
    stack = deploy(config={"backup.storage.kind": kind} | extra)
    made = {
        r.kind
        for r in stack.resources
        if r.kind.startswith("PersistentVolume") and r.name.startswith("backup-")
    }
    assert sorted(made) == expected
    root = '"runAsUser": 0' in stack.one("Command", "backup-store")["stdin"]
    assert root == (kind == "hostPath"), "root only where the directory is root's"
    claim = "mine" if kind == "existingClaim" else "postgres-backup-pvc"
    for pod in stack.pods().values():
        (volume,) = [v for v in pod["spec"]["volumes"] if v["name"] == "backup"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim


@pytest.mark.parametrize(
    ("key", "value"),
    [("path", "/data/elsewhere"), ("size", "3Gi")],
)
def test_a_place_that_would_strand_sets_is_refused(deploy: Deploy, key: str, value: str) -> None:
    made = "hostPath /mnt/data/brewget-postgres-backups (2Gi)"
    with pytest.raises(pulumi.RunError, match="To move: set backup") as refused:
        deploy(config={f"backup.storage.{key}": value}, stashed={"backup-place": made})
    assert made in str(refused.value)
    assert value in str(refused.value)


def test_the_store_pod_passes_baseline() -> None:
    pod = store_pod.manifest(STORE_POD, "ales", "postgres:16.15")["spec"]
    own, init = pod["initContainers"][0]["securityContext"], pod["containers"][0]["securityContext"]
    assert own["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    assert (own["runAsUser"], init["runAsUser"]) == (0, pods.UID)
    assert init["capabilities"]["add"] == []
    assert not any("hostPath" in volume for volume in pod["volumes"])
