"""Manifests as the API server would get them: against its own schemas, and against policies."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap import scanners
from tests.lib import schemas
from tests.lib.manifests import manifests, write
from tests.unit.conftest import ROOT, Deploy

POLICIES = ROOT / "tests" / "preview" / "checkov.yaml"
STORE = "Pod.brewget.postgres-backup-store"
# What holds of the store's pod alone: it runs for a second, and its first step is root's.
OF_THE_STORE = {
    "CKV_K8S_8": "liveness: it ends by itself",
    "CKV_K8S_9": "readiness: nobody connects to it",
    "CKV_K8S_25": "added capability: CHOWN, as the directory is root's",
    "CKV2_K8S_6": "network policy: it listens on nothing",
}
STACKS: dict[str, dict[str, str]] = {
    "default": {},
    "nfs": {"backup.storage.kind": "nfs", "backup.storage.server": "nas.local"},
    "storageClass": {
        "backup.storage.kind": "storageClass",
        "backup.storage.storageClass": "standard",
        "postgres.clients": "namespace",
    },
    "existingClaim": {"backup.storage.kind": "existingClaim", "backup.storage.claim": "mine"},
}


@pytest.fixture(scope="module", name="schema_folder")
def _schema_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schemas")


@pytest.mark.parametrize("name", STACKS)
def test_every_manifest_fits_the_servers_schema(
    deploy: Deploy, tmp_path: Path, schema_folder: Path, name: str
) -> None:
    objects = manifests(deploy(config=STACKS[name]))
    assert len(objects) >= 15
    done = conform(objects, tmp_path, schema_folder)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)["summary"]
    assert summary == {"valid": len(objects), "invalid": 0, "errors": 0, "skipped": 0}


def conform(
    objects: list[dict[str, Any]], directory: Path, schema_folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run kubeconform; fields that the server does not know are errors."""
    scanners.build_kubeconform(ROOT)
    schemas.write(schema_folder, {(o["apiVersion"], o["kind"]) for o in objects})
    location = f"{schema_folder}/{{{{ .ResourceKind }}}}.json"
    return subprocess.run(
        [scanners.kubeconform(ROOT), "-strict", "-summary", "-output", "json"]
        + ["-schema-location", location, *write(directory, objects)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_manifest_keeps_the_policies(deploy: Deploy, tmp_path: Path) -> None:
    for name, config in STACKS.items():
        write(tmp_path / name, manifests(deploy(config=config)))
    failed = scan(tmp_path, POLICIES)
    assert {(check, where) for check, where in failed if where != STORE} == set()
    assert {check for check, where in failed if where == STORE} == OF_THE_STORE.keys()


def test_every_exception_is_needed_and_has_its_reason(deploy: Deploy, tmp_path: Path) -> None:
    text = POLICIES.read_text()
    lines = [line for line in text.splitlines() if line.startswith("  - ")]
    assert all(re.fullmatch(r"  - CKV2?_K8S_\d+ # .{20,}", line) for line in lines)
    without = tmp_path / "checkov.yaml"
    without.write_text(text.split("skip-check:")[0])
    write(tmp_path / "stack", manifests(deploy()))
    failed = {check for check, where in scan(tmp_path / "stack", without) if where != STORE}
    assert failed == set(yaml.safe_load(text)["skip-check"])


def scan(directory: Path, policies: Path) -> set[tuple[str, str]]:
    """The checks that failed, each with the object."""
    scanners.install_checkov(ROOT)
    done = subprocess.run(
        [scanners.checkov(ROOT), "--config-file", policies, "-d", directory, "-o", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr
    found = json.loads(done.stdout)
    assert found["summary"]["passed"] > 200, done.stderr
    return {(f["check_id"], f["resource"]) for f in found["results"]["failed_checks"]}
