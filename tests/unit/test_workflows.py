"""The workflows of GitHub run make's targets, with exact versions and no more rights than reading."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").iterdir())
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))

A_BARE_CONTAINER = {
    "apt-get update && apt-get install --yes ca-certificates git make python3 python3-venv",
    # The checkout belongs to the runner's user, who is not the container's.
    'git config --global --add safe.directory "$GITHUB_WORKSPACE"',
}
"""What has to be there before make is, and git knows its folder."""


def jobs(path: Path) -> dict[str, Any]:
    """A workflow's jobs by name."""
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path, word: str) -> list[str]:
    """What all steps of a workflow run or use."""
    return [step[word] for job in jobs(path).values() for step in job["steps"] if word in step]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_only_targets_of_make_are_run(path: Path) -> None:
    run = [command.strip() for command in steps(path, "run")]
    others = [command for command in run if command not in A_BARE_CONTAINER]
    assert others
    for command in others:
        assert re.fullmatch(r"make ([a-z-]+)( [A-Z_]+=\S+)*", command), command
        assert command.split()[1] in TARGETS
        suites = re.findall(r"tests/\w+", command)
        assert [suite for suite in suites if not (ROOT / suite).is_dir()] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_has_an_exact_version(path: Path) -> None:
    used = steps(path, "uses")
    assert used
    assert [name for name in used if not re.fullmatch(r"[\w/-]+@v\d+\.\d+\.\d+", name)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_run_may_read_and_no_more_and_ends_by_itself(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for name, job in jobs(path).items():
        assert "permissions" not in job, name
        assert 0 < job["timeout-minutes"] < 360, name  # GitHub's own limit
        checkouts = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert [step["with"]["persist-credentials"] for step in checkouts] == [False], name


def test_what_ci_runs_covers_check_on_both_systems_and_every_suite() -> None:
    found = {
        command: job
        for path in WORKFLOWS
        for job in jobs(path).values()
        for command in (step.get("run", "") for step in job["steps"])
    }
    machines = found["make check"]["strategy"]["matrix"]["machine"]
    assert {name.split("-")[0] for name in machines} == {"ubuntu", "macos"}
    assert found["make test"]["container"]["image"] == "debian:12"
    assert found["make up"]["runs-on"].startswith("ubuntu-")
