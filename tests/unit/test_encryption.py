"""The encryption of sets in the program: off is off, and who has what opens them."""

import json
import re
from typing import Any

import pytest

from components.cluster.shipped import read_shipped
from components.postgres.last_backup import job_of
from tests.lib.identities import IDENTITY, OTHER_PUBLIC, PUBLIC
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder

IMAGE = "registry.local:5000/team/tools:7"
RECIPIENTS = {"encryption.recipients": json.dumps([PUBLIC, OTHER_PUBLIC])}
CONFIG = {"archive.image": IMAGE, "console.enabled": "true", "console.image": "localhost/c:1"}
FILE = "/run/secrets/encryption/identity"
READING = {"encryption", "prepare-data", "postgres-backup-verify"}
ON = CONFIG | RECIPIENTS | {"encryption.identitySecret": "mine"}


@pytest.fixture(name="encrypted")
def _encrypted(deploy: Deploy) -> Recorder:
    return deploy(config=CONFIG | RECIPIENTS, secret={"encryption.identity": IDENTITY})


def containers(stack: Recorder) -> dict[str, dict[str, Any]]:
    """All of the stack, by name."""
    specs = [pod["spec"] for pod in stack.pods().values()]
    return {c["name"]: c for s in specs for c in [*s.get("initContainers", []), *s["containers"]]}


def env(container: dict[str, Any]) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for one in container["env"]}


def mounts(container: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    found = container["volumeMounts"]
    return {one["mountPath"]: (one["name"], one["readOnly"]) for one in found}


def test_off_means_off(stack: Recorder) -> None:
    for made in stack.resources:
        # All scripts are in all pods, those of the encryption as well.
        text = json.dumps(made.inputs if made.name != "scripts" else {}, default=str)
        for name in (name for file in read_shipped() for name in (file.key, file.path)):
            text = text.replace(name, "")
        assert not re.search(r"encrypt|/opened|identity\b", text, re.I), made.urn
    assert [pod for pod in stack.pods().values() if "initContainers" in pod["spec"]] == [
        stack.pods()["postgres"]
    ]


def test_what_reads_sets_has_the_identity_and_nothing_else_has(encrypted: Recorder) -> None:
    for name, one in containers(encrypted).items():
        reads = name in READING
        assert (mounts(one).get("/run/secrets/encryption") == ("encryption", True)) == reads, name
        assert (env(one).get("ENCRYPTION_IDENTITY") == FILE) == reads, name


def test_what_writes_sets_knows_to_whom(encrypted: Recorder) -> None:
    working = READING | {"postgres-backup"}
    for name, one in containers(encrypted).items():
        keys = f"{PUBLIC}\n{OTHER_PUBLIC}" if name in working else None
        assert env(one).get("ENCRYPTION_RECIPIENTS") == keys, name
        assert (one["image"] == IMAGE) == (name in working), name


def test_a_backup_sees_what_the_newest_set_holds_and_never_its_key(encrypted: Recorder) -> None:
    spec = encrypted.pods()["postgres-backup"]["spec"]
    (opening,), (backup,) = spec["initContainers"], spec["containers"]
    assert opening["command"] == ["bash", "/backup-scripts/key.sh", "--try"]
    assert mounts(opening)["/opened"] == ("opened", False)
    assert mounts(backup)["/opened"] == ("opened", True)
    assert env(opening)["ENCRYPTION_OPENED"] == env(backup)["ENCRYPTION_OPENED"] == "/opened"
    (volume,) = [one for one in spec["volumes"] if one["name"] == "opened"]
    assert volume["emptyDir"]["medium"] == "Memory", "on no disk"
    assert backup["securityContext"] == opening["securityContext"]
    (verify,) = encrypted.pods()["postgres-backup-verify"]["spec"]["containers"]
    assert "/opened" not in mounts(verify)


def test_the_identity_is_a_secret_that_outlives_the_setting(encrypted: Recorder) -> None:
    secret = encrypted.one("Secret", "postgres-encryption")
    assert secret["stringData"].value == {"identity": IDENTITY}
    assert secret.retain_on_delete, "what is encrypted to it is still there"
    others = [one for one in encrypted.resources if one.urn != secret.urn]
    assert not [one.urn for one in others if IDENTITY in str(one.inputs)]
    assert identity_of(encrypted, "postgres") == ("postgres-encryption", False)
    sheet = encrypted.exports["recovery_sheet"]
    assert IDENTITY in sheet
    assert PUBLIC in sheet
    assert "recovery_sheet" in encrypted.secret_exports


def identity_of(stack: Recorder, pod: str) -> tuple[str, bool]:
    """Of which Secret, and whether a pod starts without it."""
    (volume,) = [v for v in stack.pods()[pod]["spec"]["volumes"] if v["name"] == "encryption"]
    assert volume["projected"]["defaultMode"] == 0o440
    ((source),) = [one["secret"] for one in volume["projected"]["sources"]]
    assert source["items"] == [{"key": "identity", "path": "identity"}]
    return source["name"], source.get("optional", False)


def test_a_secret_of_ones_own_keeps_the_server_down_in_no_case(deploy: Deploy) -> None:
    stack = deploy(config=ON)
    for pod in ("postgres", "postgres-backup", "postgres-backup-verify"):
        assert identity_of(stack, pod) == ("mine", True)
    assert "postgres-encryption" not in [made["metadata"]["name"] for made in stack.all("Secret")]
    assert "the Secret `mine`" in stack.exports["recovery_sheet"]


def test_old_sets_are_read_when_the_encryption_is_off_again(deploy: Deploy) -> None:
    stack = deploy(config=CONFIG, secret={"encryption.identity": IDENTITY})
    made = containers(stack)
    assert {name for name, one in made.items() if "ENCRYPTION_IDENTITY" in env(one)} == READING
    assert not [name for name, one in made.items() if "ENCRYPTION_RECIPIENTS" in env(one)]


def test_with_an_archive_too_neither_takes_from_the_other(deploy: Deploy) -> None:
    stack = deploy(config=ON | {"archive.enabled": "true"})
    assert {name for name, one in containers(stack).items() if one["image"] == IMAGE} == {
        *(READING | {"postgres-backup", "archiver", "postgres-archive-drill"})
    }
    assert FILE not in env(containers(stack)["postgres-archive-drill"]).values()
    assert {"/run/secrets/archive", "/run/secrets/encryption"} <= mounts(
        containers(stack)["prepare-data"]
    ).keys()
    assert stack.exports["recovery_sheet"].count("\n# Recovery sheet of encrypted sets\n") == 1


@pytest.mark.parametrize("config", [ON, ON | {"encryption.recipients": "[]"}])
def test_the_last_set_before_a_server_goes_is_as_the_others(
    deploy: Deploy, config: dict[str, str]
) -> None:
    stack = deploy(config=config)
    made = stack.one("StatefulSet").inputs
    server = {"metadata": made["metadata"], "spec": made["spec"]}

    last = job_of(server, "postgres-backup-last-1", 1234)["spec"]["template"]["spec"]

    scheduled = stack.pods()["postgres-backup"]["spec"]
    for mine, theirs in (
        (last["initContainers"][0], scheduled["initContainers"][0]),
        (last["containers"][0], scheduled["containers"][0]),
    ):
        assert (mine["name"], mine["image"]) == (theirs["name"], theirs["image"])
        assert chosen(mine) == chosen(theirs)
        places = {m["mountPath"] for m in mine["volumeMounts"]}
        assert places == {*mounts(theirs)} - {"/etc/passwd"}
    volumes = {one["name"]: one for one in last["volumes"]}
    for name in ("opened", "encryption"):
        assert [volumes[name]] == [one for one in scheduled["volumes"] if one["name"] == name]


def chosen(container: dict[str, Any]) -> dict[str, str]:
    return {key: value for key, value in env(container).items() if key.startswith("ENCRYPTION_")}
