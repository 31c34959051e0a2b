"""CONTRIBUTING.md shows how to see a check fail, and it does."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()


@pytest.mark.long
def test_the_check_of_the_page_fails_where_the_code_is_broken_and_only_there(
    tmp_path: Path,
) -> None:
    block = re.search(r"^ +```\n( +sed .*?)^ +```", PAGE, re.MULTILINE | re.DOTALL)
    assert block is not None
    broken, tried, mended = (line.split("#")[0].strip() for line in block[1].splitlines())
    assert mended == f"git checkout {broken.split()[-1]}"
    copy = tmp_path / "copy"
    kept = ("components", "scripts", "tests", "toolchain", "localcluster", "bootstrap")
    for name in kept:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.README.md", "pyproject.toml"):
        shutil.copy(ROOT / name, copy)

    def run(command: str) -> "subprocess.CompletedProcess[str]":
        here = command.replace(".venv/bin/python", sys.executable)
        return subprocess.run(
            ["bash", "-c", here], cwd=copy, capture_output=True, text=True, check=False
        )

    assert run(tried).returncode == 0
    assert run(broken).returncode == 0
    failed = run(tried)
    assert failed.returncode == 1
    assert "assert 'Delete' == 'Retain'" in failed.stdout


def test_every_suite_is_explained() -> None:
    table = PAGE.split("| folder of `tests/`")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", table))
    assert named == {path.parent.name for path in (ROOT / "tests").rglob("test_*.py")}
