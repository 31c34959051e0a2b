"""The whole program on mocks: the promises that no single component can keep alone."""

import ast
import gc
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bootstrap import pulumi_cli
from components.settings.fields import groups, plain_default
from components.settings.load import parse
from components.settings.model import Settings
from tests.lib.choice import some
from tests.unit.conftest import ROOT
from tests.unit.recorder import Recorder


def _parsed(path: Path) -> ast.Module:
    """A collection within the parser that drops what an earlier test left ends CPython 3.11 with
    "AST constructor recursion depth mismatch" (cpython issue 106905)."""
    gc.collect()
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


def test_children_belong_to_their_component_and_cluster(stack: Recorder) -> None:
    components = {r.urn for r in stack.resources if r.type.startswith("brewget:")}
    assert len(components) == 7
    top = [
        r.name for r in stack.resources if r.urn not in components and r.parent not in components
    ]
    assert top == ["cluster-context", "cluster", "namespace"]
    for resource in stack.resources:
        if resource.type.startswith("kubernetes:"):
            assert "::cluster::" in resource.provider, resource.name


def test_the_namespace_enforces_baseline_and_warns_of_restricted(stack: Recorder) -> None:
    labels = stack.one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"


def test_pulumi_yaml_and_the_model_agree() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    expected = {}
    for name, field in Settings.model_fields.items():
        key, group = field.alias or name, groups(Settings).get(field.alias or name)
        expected[key] = _object(group) if group else _plain(field)
    assert declared["config"] == expected
    assert list(declared["config"]) == list(expected)
    for key, asked in declared["template"]["config"].items():
        assert expected[key] == {"type": "string"} | asked
    assert declared["template"]["description"] == declared["description"]


def _object(group: type[BaseModel]) -> dict[str, object]:
    keys = [
        f"{key}.*" if key in groups(group) else key
        for key in (field.alias or name for name, field in group.model_fields.items())
    ]
    says = f"{group.__doc__} Keys: {', '.join(keys)}"
    return {"type": "object", "default": {}, "description": says}


def _plain(field: FieldInfo) -> dict[str, object]:
    types = {str: "string", bool: "boolean"}
    default = plain_default(field)
    return {"type": types[type(default)], "default": default, "description": field.description}


def test_pulumi_yaml_asks_for_the_version_that_make_up_asks_for() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    oldest = ".".join(map(str, pulumi_cli.OLDEST))
    assert declared["requiredPulumiVersion"] == f">={oldest}.0"


def test_the_stack_for_minikube_sets_only_what_the_model_knows() -> None:
    # As committed: `make up` writes this machine's own settings into the file.
    text = subprocess.run(
        ["git", "show", ":Pulumi.dev.yaml"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    config = yaml.safe_load(text)["config"]
    assert parse({key.removeprefix("brewget:"): value for key, value in config.items()})


def test_the_entry_point_is_a_table_of_contents() -> None:
    path = ROOT / "__main__.py"
    assert len(path.read_text().splitlines()) < 150
    branches = [node for node in ast.walk(_parsed(path)) if isinstance(node, ast.If | ast.For)]
    assert [ast.unparse(getattr(node, "test", node)) for node in branches] == [
        "settings.archive.enabled",  # an `if` is an optional capability
        "settings.encryption.is_on",
        "settings.console.enabled",
    ]


def test_no_file_is_too_long_to_read() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "components"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    lines = {name: len((ROOT / name).read_text().splitlines()) for name in listed}
    assert {name: count for name, count in lines.items() if count > 250} == {}


@pytest.mark.parametrize("path", some(sorted((ROOT / "components").rglob("*.py"))), ids=str)
def test_importing_does_nothing(path: Path) -> None:
    """What a test or another program gets must not depend on what ran before the import."""
    calls = [
        node
        for node in _parsed(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert calls == []
