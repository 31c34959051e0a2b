"""A living stack keeps its server, its claims and its namespace, whatever is set.

The unit tests drive each setting by itself (tests/unit/test_changes.py); here the cluster's own
provider says what a change would replace or delete.
"""

import json
from typing import Any

import pytest

from components.settings.fields import Change
from tests.lib.choice import some
from tests.lib.project import PULUMI_FAILED
from tests.lib.world import NAMESPACE, World, assert_back
from tests.unit.test_changes import ARCHIVE, FACTS, NEW, SECRET, TOOLS

HOLDS_DATA = {"Namespace", "PersistentVolume", "PersistentVolumeClaim", "StatefulSet"}
HARMLESS = {"same", "create", "update", "read", "refresh"}

REFUSED = {
    "another namespace": (
        {"namespace": "elsewhere"},
        f"namespace is now 'elsewhere', but the stack lives in '{NAMESPACE}'",
    ),
    "another class of the data": (
        {"postgres.storageClass": "other"},
        "postgres.storageClass is now 'other', but the data claim was made with ''",
    ),
    "more room than the class can give": (
        {"postgres.dataSize": "2Gi"},
        "postgres.dataSize is now '2Gi', but the data claim has 1Gi and its StorageClass cannot",
    ),
    "less room": (
        {"postgres.dataSize": "512Mi"},
        "postgres.dataSize is now '512Mi', but the data claim has 1Gi and no claim can shrink",
    ),
    "another directory of the sets": (
        {"backup.storage.path": "/mnt/data/elsewhere"},
        "backup.storage is now hostPath /mnt/data/elsewhere (2Gi), but the store was made as",
    ),
    "another size of the sets' volume": (
        {"backup.storage.size": "3Gi"},
        "(3Gi), but the store was made as hostPath /mnt/data/brewget-postgres-backups (2Gi)",
    ),
    "sets on a claim": (
        {"backup.storage.kind": "storageClass", "backup.storage.storageClass": "standard"},
        "backup.storage is now storageClass standard (2Gi), but the store was made as hostPath",
    ),
    "sets on NFS": (
        {"backup.storage.kind": "nfs", "backup.storage.server": "nas.local"},
        "backup.storage is now nfs nas.local:/mnt/data/brewget-postgres-backups (2Gi), but",
    ),
    "sets on somebody else's claim": (
        {"backup.storage.kind": "existingClaim", "backup.storage.claim": "theirs"},
        "backup.storage is now existingClaim theirs, but the store was made as hostPath",
    ),
}

# What no other new value goes with, and so what is tried in a preview of its own.
APART = [
    {"postgres.tls.secretName": NEW["postgres.tls.secretName"]},
    {"startup.accept": NEW["startup.accept"]},
    {"postgres.image": NEW["postgres.image"], "postgres.upgradeFrom": NEW["postgres.upgradeFrom"]},
    ARCHIVE | {"startup.toTime": NEW["startup.toTime"]},
    *(
        TOOLS | {key: NEW[key] for key in ("encryption.recipients", f"encryption.{identity}")}
        for identity in ("identity", "identitySecret")
    ),
]
OFFSITE = {key for key in NEW if key.startswith("offsite.")}
"""What needs a Secret that is not in this cluster. tests/cluster/test_archive.py makes one, and sets them."""
OF_OTHERS = {key for key in NEW if key.startswith("external.")}
"""What a server of our own refuses. tests/cluster/test_external.py sets them."""
TOGETHER = {key: value for key, value in NEW.items() if key not in OFFSITE | OF_OTHERS}
TOGETHER |= {"backup.format": "directory", "console.enabled": "true"}


@pytest.mark.parametrize("case", some(REFUSED))
@pytest.mark.trap(52)
def test_what_would_cost_data_is_refused_at_preview(world: World, case: str) -> None:
    values, sentence = REFUSED[case]
    refused = world.project.pulumi("preview", status=PULUMI_FAILED, **world.project.changed(values))
    assert sentence in refused.output
    assert "To stay: " in refused.output
    assert "Traceback" not in refused.output


@pytest.mark.trap(52)
def test_an_up_into_another_namespace_changes_nothing(world: World) -> None:
    """It ended with 0: fifteen objects replaced, and the newest rows gone without a word."""
    saved = world.filled()
    known, objects = world.urns(), uids(world)
    world.project.run("pulumi config set namespace elsewhere")
    try:
        refused = world.project.pulumi("up --yes --skip-preview", status=PULUMI_FAILED)
    finally:
        world.project.run(f"pulumi config set namespace {NAMESPACE}")
    assert REFUSED["another namespace"][1] in refused.output
    assert world.urns() == known
    assert uids(world) == objects
    assert world.project.run("kubectl get namespace elsewhere", status=None).status == 1
    assert_back(world, saved)
    world.project.pulumi("preview --expect-no-changes")


def test_every_setting_is_tried_here() -> None:
    tried = {key for values, _ in REFUSED.values() for key in values}
    refused = {key for key, fact in FACTS.items() if fact in {Change.REFUSED, Change.GROWS}}
    # tests/cluster/test_settings_refused.py tries the other context, tests/preview/test_engine.py
    # the other engine.
    assert tried == refused - {"kubeContext", "postgres.engine"}
    assert set(TOGETHER) | OFFSITE | OF_OTHERS == FACTS.keys() - refused


def test_what_changes_in_place_leaves_the_server_alone(world: World) -> None:
    values = {key: value for key, value in TOGETHER.items() if FACTS[key] is Change.IN_PLACE}
    del values["restoreTo"]  # of an archive, which restarts the server
    del values["encryption.identity"]  # the same of encrypted sets
    found = steps(world, values)
    assert ("CronJob", "postgres-backup", "update") in found
    assert not [step for step in found if step[0] == "StatefulSet"]
    assert harm(found) == []


def test_no_new_value_costs_what_holds_the_data(world: World) -> None:
    apart = {key for values in APART for key in values} - ARCHIVE.keys()
    for values in ({k: v for k, v in TOGETHER.items() if k not in apart}, *APART):
        found = steps(world, values)
        assert ("StatefulSet", "postgres", "update") in found, values
        assert harm(found) == [], values


def test_without_the_console_only_its_own_claim_goes(world: World) -> None:
    """It holds what was notified already, and nothing that is missed."""
    found = steps(world, {"console.enabled": "false"})
    assert harm(found) == [("PersistentVolumeClaim", "postgres-console-state", "delete")]


def steps(world: World, values: dict[str, str]) -> list[tuple[str, str, str]]:
    """Kind, name and operation of each object that a preview with these values would touch."""
    environment = world.project.changed(values, SECRET)
    done = world.project.pulumi("preview --json", **environment)
    found: list[dict[str, Any]] = json.loads(done.stdout)["steps"]
    return [
        (state["type"].rpartition(":")[2], state["inputs"]["metadata"]["name"], step["op"])
        for step in found
        if (state := step.get("oldState") or step["newState"])["type"].startswith("kubernetes:")
    ]


def harm(found: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Those that would cost an object that holds data."""
    return [step for step in found if step[0] in HOLDS_DATA and step[2] not in HARMLESS]


def uids(world: World) -> dict[str, str]:
    """The identity of all that holds data: another one is another object."""
    listed = world.project.get(f"-n {NAMESPACE} statefulset,pvc,pv,namespace")["items"]
    return {
        f"{one['kind']}/{one['metadata']['name']}": one["metadata"]["uid"]
        for one in listed
        if one["kind"] != "Namespace" or one["metadata"]["name"] == NAMESPACE
    }
