"""The plugin behind local.Command, through the Pulumi command line: as its documentation says.

The same tests hold for the official plugin, where that could be downloaded.
"""

import subprocess
from pathlib import Path

import pytest

from tests.bootstrap.conftest import Program
from toolchain import gobuild

BODY = """
command = local.Command(
    "step",
    create="echo created >> log; echo made-$WORD",
    update="echo updated >> log; echo was-$PULUMI_COMMAND_STDOUT",
    delete="echo deleted >> log",
    environment={"WORD": "%(word)s"},
    triggers=["%(trigger)s"],
)
pulumi.export("stdout", command.stdout)
"""


def test_a_preview_runs_nothing(program: Program) -> None:
    done = program.write(BODY % {"word": "one", "trigger": "1"}).pulumi("preview")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "+ 2 to create" in done.stdout
    assert program.log == []


def test_the_life_of_a_command(program: Program) -> None:
    program.write(BODY % {"word": "one", "trigger": "1"}).up()
    assert program.outputs() == {"stdout": "made-one"}

    again = program.up()
    assert "2 unchanged" in again
    assert program.log == ["created"]

    program.write(BODY % {"word": "two", "trigger": "1"}).up()
    assert program.outputs() == {"stdout": "was-made-one"}

    replaced = program.write(BODY % {"word": "two", "trigger": "2"}).up()
    assert "+-1 replaced" in replaced
    assert program.outputs() == {"stdout": "made-two"}

    assert program.pulumi("destroy", "--yes", "--skip-preview").returncode == 0
    assert program.log == ["created", "updated", "created", "deleted", "deleted"]


def test_a_failing_command_fails_the_update_and_leaves_no_resource(program: Program) -> None:
    done = program.write(
        'local.Command("step", create="echo to-out; echo to-err >&2; exit 3")\n'
    ).pulumi("up", "--yes", "--skip-preview")

    assert done.returncode != 0
    for part in ("exit status 3", "to-out", "to-err"):
        assert part in done.stdout + done.stderr
    assert "Command" not in program.pulumi("stack", "export").stdout


def test_secrets_stay_secret(program: Program) -> None:
    program.write(
        """
command = local.Command(
    "step",
    create="cat",
    stdin=pulumi.Output.secret("hidden-word"),
    logging=local.Logging.NONE,
    opts=pulumi.ResourceOptions(additional_secret_outputs=["stdout"]),
)
pulumi.export("stdout", command.stdout)
"""
    ).up()

    assert program.outputs() == {"stdout": "[secret]"}
    assert "hidden-word" not in program.pulumi("stack", "export").stdout
    for state in Path(program.folder.parent / "backend").rglob("*.json"):
        assert "hidden-word" not in state.read_text()


def test_a_value_kept_by_stash_stays_the_same(program: Program) -> None:
    program.write(
        """
import secrets
kept = pulumi.Stash(
    "kept",
    input=pulumi.Output.secret(secrets.token_hex(8)),
    opts=pulumi.ResourceOptions(ignore_changes=["input"]),
)
pulumi.export("kept", kept.output)
"""
    ).up()
    first = program.outputs("--show-secrets")

    assert "2 unchanged" in program.up()
    assert program.outputs("--show-secrets") == first
    assert program.outputs() == {"kept": "[secret]"}


@pytest.mark.long
def test_the_stand_in_by_itself() -> None:
    # The flags of its build (gobuild): others would compile all its dependencies once more.
    done = subprocess.run(
        ["go", "test", "-trimpath", "-vet=off", "-count=1", "./..."],
        cwd=gobuild.MODULES / "provider-command",
        env=gobuild.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout
