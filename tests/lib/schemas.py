"""JSON schemas out of the API server's own description, in the version that localcluster runs."""

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from tests.lib.project import ROOT

INT_OR_STRING = "io.k8s.apimachinery.pkg.util.intstr.IntOrString"


@cache
def _definitions() -> dict[str, Any]:
    """Every type in the description that the Kubernetes module ships; downloads the module if need be."""
    done = subprocess.run(
        ["go", "mod", "download", "-json", "k8s.io/kubernetes"],
        cwd=ROOT / "localcluster" / "node",
        capture_output=True,
        text=True,
        check=True,
    )
    folder = Path(json.loads(done.stdout)["Dir"])
    found = json.loads((folder / "api/openapi-spec/swagger.json").read_text())["definitions"]
    strict = {name: _strict(body) for name, body in found.items()}
    return strict | {INT_OR_STRING: {"type": ["integer", "string"]}}


def write(directory: Path, kinds: set[tuple[str, str]]) -> None:
    """One self-contained schema for each apiVersion and kind, named as kubeconform asks for it."""
    definitions = _definitions()
    for version, kind in kinds:
        name = next(n for n, body in definitions.items() if _describes(body, version, kind))
        schema = {"$ref": f"#/definitions/{name}", "definitions": definitions}
        (directory / f"{kind.lower()}.json").write_text(json.dumps(schema))


def _describes(body: dict[str, Any], version: str, kind: str) -> bool:
    group, _, version = version.rpartition("/")
    wanted = {"group": group, "version": version, "kind": kind}
    return wanted in body.get("x-kubernetes-group-version-kind", [])


def _strict(body: dict[str, Any]) -> dict[str, Any]:
    """The server drops fields that it does not know, and a slip with them."""
    return body | {"additionalProperties": False} if "properties" in body else body
