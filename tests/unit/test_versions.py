"""Versions are said once: the project's own, and those that docs/versions.md calls tried."""

import re
import tomllib
from pathlib import Path

from bootstrap import pulumi_cli
from components.settings.postgres import IMAGE
from localcluster import binary
from toolchain import machine, minikube, postgresql

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CHANGES = (ROOT / "CHANGELOG.md").read_text()


def servers() -> list[str]:
    """The releases that a stack may have; an older one is there for tests with another client."""
    known = postgresql.SHA256["x86_64"]
    return sorted(one for one in known if int(one[:2]) >= int(postgresql.VERSION[:2]))


def table() -> dict[str, list[str]]:
    """The rows of docs/versions.md: tried, expected, not."""
    lines = re.findall(r"^\| (.+) \|$", (ROOT / "docs" / "versions.md").read_text(), re.MULTILINE)
    rows = [line.split(" | ") for line in lines[1:]]
    return {row[0]: row[1:] for row in rows}


def test_the_newest_version_of_the_changelog_is_the_projects() -> None:
    assert (
        re.findall(r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", CHANGES, re.MULTILINE)[0]
        == (PROJECT["version"])
    )


def test_no_other_file_says_another_version_of_ours() -> None:
    said = {
        version
        for folder in ("bootstrap", "components", "console", "docs", "localcluster")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".md"}
        for version in re.findall(
            r"brewget/console:(\d+\.\d+\.\d+)|^VERSION = \"(0\.\d+\.\d+)\"", path.read_text()
        )
    }
    assert {one for pair in said for one in pair if one} <= {PROJECT["version"]}


def test_what_is_called_tried_is_what_the_tests_run_on() -> None:
    tried = {name: cells[0] for name, cells in table().items()}
    assert tried["Kubernetes"] == binary.KUBERNETES
    assert tried["minikube"].split(",")[0] == minikube.VERSION
    assert tried["PostgreSQL"].split(", ") == servers()
    assert tried["Pulumi"] == pulumi_cli.VERSION
    assert PROJECT["requires-python"] == f">={tried['Python']}"
    assert f":{tried['PostgreSQL'].split(',')[0]}-" in IMAGE


def test_localcluster_is_expected_where_its_programs_are_pinned() -> None:
    row = next(
        cells for name, cells in table().items() if name == "architecture, with localcluster"
    )
    names = {"x86_64": "x86_64", "aarch64": "arm64"}
    assert {*row[0].split(", "), *row[1].split(", ")} == {names[kernel] for kernel in machine.KNOWN}


def test_what_is_refused_is_called_so() -> None:
    refused = {name: cells[2] for name, cells in table().items()}
    assert f"below {'.'.join(map(str, pulumi_cli.OLDEST))}:" in refused["Pulumi"]
    oldest, *_, newest = sorted(int(version.split(".")[0]) for version in servers())
    assert refused["PostgreSQL"] == f"{oldest - 1} and older, {newest + 1}"
