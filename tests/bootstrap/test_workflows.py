"""actionlint, as `make lint` runs it, finds what GitHub would refuse."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bootstrap import linting, scanners
from bootstrap.place import Place, from_environment

ROOT = Path(__file__).resolve().parents[2]


def read(place: Place, checkout: Path) -> "subprocess.CompletedProcess[str]":
    """Run lint's own command in a copy of the workflows."""
    _, command = linting.go_commands(place, linting.tracked(place))
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("needs: check", "needs: chekc", 'needs job "chekc" which does not exist'),
        ("timeout-minutes:", "timeout-minute:", 'unexpected key "timeout-minute"'),
        ("matrix.machine", "matrix.machin", 'property "machin" is not defined'),
        ("contents: read", "contents: all", '"all" is invalid as permission'),
    ],
)
def test_a_workflow_that_github_would_refuse_is_found(
    tmp_path: Path, right: str, wrong: str, said: str
) -> None:
    place = from_environment({}, ROOT)
    scanners.build_actionlint(ROOT)
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    assert read(place, tmp_path).stdout == ""

    workflow = tmp_path / ".github" / "workflows" / "test.yml"
    workflow.write_text(workflow.read_text().replace(right, wrong))
    found = read(place, tmp_path)

    assert found.returncode == 1
    assert said in found.stdout
