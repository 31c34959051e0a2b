"""Settings on their way through the real Pulumi: its schema, its warnings, its secrets."""

import shutil
import subprocess

import pytest

from bootstrap import pulumi_cli
from bootstrap.place import ROOT, Place
from tests.bootstrap.conftest import Program

HUSH = "hush-hush-4711"
# Shows what arrived, or ends with the refusals: it makes nothing, so it needs no provider.
MAIN = """
import pulumi
from components.settings.load import load_settings

settings = load_settings()
pulumi.export("keep", settings.backup.keep)
pulumi.export("path", settings.backup.storage.path)
pulumi.export("databases", list(settings.postgres.databases))
pulumi.export("generation", settings.postgres.password_generation)
"""
REFUSED = [
    (["--path", "--secret", "postgres.pasword"], "postgres.pasword is not a setting"),
    (["--path", "postgres.tls"], "postgres.tls has a value of its own, but is a group"),
    (["--path", "--secret", "backup.schedule"], "backup.schedule is (secret). Allowed:"),
    (["--path", "console.notifyUrl"], "console.notifyUrl is not a setting"),
    (["--secret", "backup.shedule"], "backup.shedule is not a setting"),
    (["--path", "other.deep"], "other is not a setting; the nearest is"),
]


@pytest.fixture(name="project")
def _project(program: Program) -> Program:
    """The project's own Pulumi.yaml and settings, with a program that only reads them."""
    shutil.copy(ROOT / "Pulumi.yaml", program.folder)
    shutil.copytree(ROOT / "policy" / "bin", program.folder / "policy" / "bin")
    (program.folder / "components").mkdir()
    (program.folder / "components" / "__init__.py").touch()
    shutil.copytree(ROOT / "components" / "settings", program.folder / "components" / "settings")
    (program.folder / "__main__.py").write_text(MAIN)
    assert program.pulumi("stack", "init", "dev").returncode == 0
    return program


def configure(project: Program, *arguments: str) -> None:
    """As a person does."""
    done = project.pulumi("config", "set", *arguments)
    assert done.returncode == 0, done.stderr


def refused(project: Program) -> str:
    """What `pulumi preview` ends with."""
    done = project.pulumi("preview")
    assert done.returncode != 0, done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def test_pulumi_writes_no_log_of_its_own_and_works(project: Program, place: Place) -> None:
    """Its whole debug log of each command costs a quarter of the time, and half a gigabyte."""
    logs = place.pulumi_home / "logs"
    logs.mkdir(parents=True)
    project.environment["PULUMI_HOME"] = str(place.pulumi_home)
    assert project.pulumi("stack", "select", "dev").returncode == 0
    assert list(logs.iterdir())  # without our file

    pulumi_cli.keep_no_log(place)
    pulumi_cli.keep_no_log(place)

    configure(project, "--path", "backup.keep", "10")
    assert project.pulumi("preview").returncode == 0
    assert "--logtostderr" in logs.read_text()


def test_nothing_has_to_be_set(project: Program) -> None:
    assert "warning" not in project.up()
    found = project.outputs()
    assert found["keep"] == 10
    assert found["databases"] == ["brewget_auth", "brewget_settings"]


def test_what_is_set_with_path_arrives(project: Program) -> None:
    configure(project, "--path", "backup.keep", "7")
    configure(project, "--path", "postgres.databases[0]", "ale")
    # Pulumi writes it as a number.
    configure(project, "--path", "postgres.passwordGeneration", "20261128120000")
    configure(project, "--path", "--secret", "postgres.password", HUSH)
    said = project.up()
    assert "warning" not in said
    assert HUSH not in said
    assert project.outputs() == {
        "keep": 7,
        "path": "/mnt/data/brewget-postgres-backups",
        "databases": ["ale"],
        "generation": "20261128120000",
    }


def test_the_commands_of_the_warning_move_the_spelling_of_before(project: Program) -> None:
    configure(project, "backup.keep", "7")
    configure(project, "postgres.databases", '["ale", "stout"]')
    configure(project, "--secret", "postgres.password", HUSH)
    said = project.up()
    before = project.outputs()
    assert (before["keep"], before["databases"]) == (7, ["ale", "stout"])
    warned = (
        "warning: backup.keep, postgres.databases, postgres.password are set as one name with "
        "dots, which the next release refuses. To move: "
    )
    command = said.partition(warned)[2].splitlines()[0]
    subprocess.run(
        ["bash", "-euc", command], cwd=project.folder, env=project.environment, check=True
    )
    text = (project.folder / "Pulumi.dev.yaml").read_text()
    assert ("backup.keep" in text, HUSH in text) == (False, False)
    assert "warning" not in project.up()
    assert project.outputs() == before


def test_a_key_in_both_spellings_is_refused(project: Program) -> None:
    configure(project, "backup.keep", "7")
    configure(project, "--path", "backup.keep", "7")
    assert "backup.keep is set twice: as one name with dots, and in its" in refused(project)


def test_a_refused_value_that_may_be_a_secret_is_not_shown(project: Program) -> None:
    for arguments, _ in REFUSED:
        configure(project, *arguments, HUSH)
    output = refused(project)
    assert [said for _, said in REFUSED if said not in output] == []
    assert HUSH not in output


def test_pulumi_refuses_a_group_that_is_not_an_object(project: Program) -> None:
    configure(project, "--secret", "postgres", HUSH)
    output = refused(project)
    assert "configuration key 'postgres' must be of type 'object'" in output
    assert HUSH not in output


def test_a_command_line_that_is_too_old_is_refused(project: Program) -> None:
    """Here by a range that none satisfies yet."""
    file = project.folder / "Pulumi.yaml"
    text = file.read_text()
    assert text.count(">=3.238.0") == 1
    file.write_text(text.replace(">=3.238.0", ">=4.0.0"))
    assert 'does not satisfy the version range ">=4.0.0"' in refused(project)
