"""The components in another program than ours: two databases, as docs/components.md prints it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bootstrap.environment import CONFIG_FILE
from tests.lib.project import Done
from tests.lib.world import World

PROGRAM = Path(__file__).with_name("two_databases")
NAMES = ("ales", "stouts")


class Program:
    """The program, in a folder and with a stack of its own, on the cluster of the other tests."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.folder = world, folder
        shutil.copytree(PROGRAM, folder)
        self.pulumi("stack init two")
        own = yaml.safe_load(Path(world.project.environment[CONFIG_FILE]).read_text())["config"]
        self.pulumi(f"config set context {own['brewget:kubeContext']}")
        self.pulumi(f"config set image {own['brewget:postgres']['image']}")

    def pulumi(self, arguments: str) -> Done:
        """Pulumi on this program."""
        settings = {
            CONFIG_FILE: str(self.folder / "Pulumi.two.yaml"),
            "PYTHONPATH": str(self.world.project.path),
        }
        return self.world.project.pulumi(f"-C {self.folder} {arguments}", **settings)

    def psql(self, namespace: str, statement: str) -> str:
        """SQL in the application's database of a server."""
        return self.world.project.kubectl(
            f"-n {namespace} exec postgres-0 -c postgres -- "
            f'psql -XqAt -U postgres -d {namespace} -c "{statement}"'
        ).strip()

    def sets(self, namespace: str) -> list[str]:
        """The sets in a store."""
        listed = self.world.project.kubectl(
            f"-n {namespace} exec postgres-0 -c postgres -- ls /backup"
        )
        return [name for name in listed.split() if name.startswith("backup_")]


@pytest.fixture(name="program")
def _program(world: World, elsewhere: Path) -> Iterator[Program]:
    program = Program(world, elsewhere / "two_databases")
    yield program
    program.pulumi("stack rm two --yes --force")
    for name in NAMES:  # whatever a failed test has left
        world.project.kubectl(f"delete namespace {name} --ignore-not-found")
    for volume in volumes(world):
        world.project.kubectl(f"delete pv {volume}")


@pytest.mark.long
def test_two_databases_in_two_namespaces_of_one_program(program: Program) -> None:
    program.pulumi("up --yes --skip-preview")
    program.pulumi("preview --expect-no-changes")
    for name in NAMES:
        program.psql(name, f"CREATE TABLE beer AS SELECT '{name}' AS kind")
    assert [program.psql(name, "SELECT kind FROM beer") for name in NAMES] == [*NAMES]

    ales, stouts = (program.sets(name) for name in NAMES)
    taken = program.world.project.run("scripts/backup-postgres.sh --namespace ales").stdout.strip()
    assert program.sets("ales") == [*ales, taken]
    assert program.sets("stouts") == stouts

    program.pulumi("destroy --yes --skip-preview --run-program")
    assert len(volumes(program.world)) == len(NAMES), "the sets stay"
    for name in NAMES:
        gone = program.world.project.run(f"kubectl get namespace {name}", status=None)
        assert gone.status == 1
    program.pulumi("up --yes --skip-preview")
    # Of the stouts only the last set before the destroy has the table.
    assert [program.psql(name, "SELECT kind FROM beer") for name in NAMES] == [*NAMES]
    program.pulumi("destroy --yes --skip-preview --run-program")


def volumes(world: World) -> list[str]:
    """The volumes of the two stores."""
    return [
        found["metadata"]["name"]
        for found in world.project.get("pv")["items"]
        if found["spec"].get("claimRef", {}).get("namespace") in NAMES
    ]
