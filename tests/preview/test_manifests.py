"""Manifests as the API server would get them, against its own schemas."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bootstrap import scanners
from tests.lib import schemas
from tests.lib.manifests import STACKS, manifests, write
from tests.unit.conftest import ROOT, Deploy


@pytest.fixture(scope="module", name="schema_folder")
def _schema_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("schemas")


@pytest.mark.parametrize("name", STACKS)
def test_every_manifest_fits_the_servers_schema(
    deploy: Deploy, tmp_path: Path, schema_folder: Path, name: str
) -> None:
    objects = manifests(deploy(config=STACKS[name]))
    assert len(objects) >= (10 if name == "external" else 15)
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
