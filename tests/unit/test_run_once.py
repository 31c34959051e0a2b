"""run-once.sh: each request runs once, a failed one again, none at all when it is removed."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from components.cluster.kubectl import HOST_SCRIPTS


@dataclass
class Stack:
    """Does what Pulumi does: hands in what was printed last, keeps it when the run fails."""

    directory: Path
    more: dict[str, str] = field(default_factory=dict)
    said: str | None = None
    results: list[str] = field(default_factory=list)

    @property
    def runs(self) -> int:
        return len((self.directory / "runs").read_text()) if self.runs_file.exists() else 0

    @property
    def runs_file(self) -> Path:
        return self.directory / "runs"

    def up(self, request: str, *, fails: bool = False) -> int:
        """One `pulumi up` that found the command's inputs changed."""
        command = f"printf x >>runs; {'exit 75' if fails else 'echo set_$(wc -c <runs)'}"
        done = subprocess.run(
            [HOST_SCRIPTS / "run-once.sh", "bash", "-c", command],
            cwd=self.directory,
            env={
                "PATH": os.environ["PATH"],
                "REQUEST": request,
                # Pulumi has nothing to hand in for a command that it creates.
                **({} if self.said is None else {"PULUMI_COMMAND_STDOUT": self.said}),
                **self.more,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 0:
            self.said = done.stdout
        return done.returncode

    @property
    def result(self) -> str:
        return (self.said or "").partition("\n")[2]


@pytest.fixture(name="stack")
def _stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path)


def test_the_request_of_an_earlier_stack_is_not_run_by_a_new_one(tmp_path: Path) -> None:
    new = Stack(tmp_path, {"SKIP_FIRST": "1"})
    assert new.up("backup_20260101_000000") == 0
    assert new.runs == 0, "a destroy and an up would put an old set in the place of the newest"
    assert new.up("backup_20260101_000000") == 0
    assert new.runs == 0
    assert new.up("backup_20260202_000000") == 0
    assert new.runs == 1


def test_nothing_runs_without_a_request(stack: Stack) -> None:
    assert stack.up("") == 0
    assert (stack.runs, stack.result) == (0, "")


def test_a_value_runs_once_however_often_other_inputs_change(stack: Stack) -> None:
    for _ in range(3):
        assert stack.up("17") == 0
    assert (stack.runs, stack.result) == (1, "set_1")


def test_a_new_value_runs(stack: Stack) -> None:
    stack.up("17")
    stack.up("18")
    assert (stack.runs, stack.result) == (2, "set_2")


def test_removing_the_setting_runs_nothing_and_keeps_the_result(stack: Stack) -> None:
    stack.up("17")
    stack.up("")
    stack.up("")
    assert (stack.runs, stack.result) == (1, "set_1")


def test_a_value_set_again_after_its_removal_is_a_new_request(stack: Stack) -> None:
    for request in ("latest", "", "latest"):
        stack.up(request)
    assert stack.runs == 2


def test_a_failed_run_runs_again_and_says_its_status(stack: Stack) -> None:
    stack.up("17")
    assert stack.up("18", fails=True) == 75
    assert stack.result == "set_1"
    assert stack.up("18") == 0
    assert (stack.runs, stack.result) == (3, "set_3")


def test_a_restore_is_not_repeated_when_only_replace_is_taken_back(stack: Stack) -> None:
    """restoreReplace is removed after the restore: a plain one would now fail on full databases."""
    stack.up("backup_20261122_060000 replace")
    stack.up("backup_20261122_060000")
    assert stack.runs == 1


def test_a_restore_runs_again_when_replace_is_added(stack: Stack) -> None:
    stack.up("backup_20261122_060000")
    stack.up("backup_20261122_060000 replace")
    assert stack.runs == 2
