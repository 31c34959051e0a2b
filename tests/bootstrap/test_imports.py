"""The contracts of imports in pyproject.toml: each is seen failing with one wrong line."""

import shutil
import subprocess
from pathlib import Path

import pytest

from bootstrap.linting import IMPORTS
from bootstrap.place import ROOT

PACKAGES = ("toolchain", "localcluster", "bootstrap", "components", "console", "policy")


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Path:
    """The packages' Python files, to be spoilt."""
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*.py"):
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, copy)
    return tmp_path


def checked(tree: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(IMPORTS, cwd=tree, capture_output=True, text=True, check=False)


def test_the_tree_keeps_them(tree: Path) -> None:
    done = checked(tree)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("policy/data.py", "import components.cluster.names"),
        ("toolchain/files.py", "import localcluster.layout"),
        ("localcluster/api.py", "import bootstrap.place"),
        ("components/settings/model.py", "import components.cluster.names"),
        ("components/cluster/names.py", "import components.backup.scripts"),
        ("components/backup/scripts.py", "import components.postgres.tls"),
        ("components/postgres/tls.py", "import components.backup.scripts"),
        ("components/backup/scripts.py", "import components.console.pod"),
        ("components/cluster/names.py", "import toolchain.files"),
        ("console/words.py", "import components.settings.model"),
        ("components/another/__init__.py", ""),
    ],
)
def test_a_wrong_import_breaks_one(tree: Path, file: str, line: str) -> None:
    path = tree / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{line}\n{path.read_text() if path.exists() else ''}")

    done = checked(tree)

    assert done.returncode != 0, done.stdout
    package = file.removesuffix("/__init__.py").removesuffix(".py").replace("/", ".")
    assert package.rpartition(".")[2] in done.stdout + done.stderr
