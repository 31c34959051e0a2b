"""docs/components.md and the docstrings say what the components take, in code that runs."""

import dataclasses
import doctest
from pathlib import Path
from typing import Any

import pulumi
import pytest

import components
from components import settings
from tests.unit.conftest import Deploy

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "components.md").read_text()
PROGRAM = ROOT / "tests" / "cluster" / "two_databases" / "__main__.py"
COMPONENTS = sorted(name for name in components.__all__ if not name.endswith("Args"))
# What the other examples have made before.
BEFORE = """
storage = BackupStorage("before-sets", BackupStorageArgs(namespace="ales"))
database = PostgresDatabase("before", PostgresDatabaseArgs(namespace="ales", storage=storage))
schedule = BackupSchedule("before-schedule", BackupScheduleArgs(source=database))
"""


def test_the_page_prints_the_program_that_runs_on_the_cluster() -> None:
    (printed,) = [part.split("```")[0] for part in PAGE.split("```python\n")[1:]]
    assert printed == PROGRAM.read_text()


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_page_names_every_argument(name: str) -> None:
    section = PAGE.split(f"- **{name}**: ")[1].split("\n- **")[0].split("\n## ")[0]
    arguments = dataclasses.fields(getattr(components, f"{name}Args"))
    assert [one.name for one in arguments if f"`{one.name}`" not in section] == []


@pytest.mark.parametrize("name", COMPONENTS)
def test_the_example_of_the_docstring_runs(deploy: Deploy, name: str) -> None:
    examples = doctest.DocTestParser().get_examples(getattr(components, name).__doc__)
    assert examples
    names: dict[str, Any] = {"pulumi": pulumi, **vars(components), **vars(settings)}

    def body() -> None:
        exec(BEFORE, names)  # noqa: S102 (our own text)
        for example in examples:
            exec(example.source, names)  # noqa: S102 (our own text)

    assert [made.urn for made in deploy(body).resources if not made.name.startswith("before")]
