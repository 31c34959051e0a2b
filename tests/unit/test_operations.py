"""What runs on a schedule and on demand."""

import pytest

from tests.unit.conftest import ROOT, Deploy
from tests.unit.recorder import Recorder


def test_commands_run_programs_that_exist(stack: Recorder) -> None:
    for command in stack.all("Command"):
        for word in command["create"].split():
            if word.endswith(".sh"):
                assert (ROOT / word).is_file(), word
                assert (ROOT / word).stat().st_mode & 0o111, f"{word} cannot be run"


@pytest.mark.trap(21)
def test_runs_never_overlap_and_history_is_kept(stack: Recorder) -> None:
    for job in stack.all("CronJob"):
        spec = job["spec"]
        assert spec["concurrencyPolicy"] == "Forbid"
        assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (3, 3)
        assert spec["timeZone"] == "Europe/Berlin"
        assert spec["startingDeadlineSeconds"] > 10  # below, the controller may miss every run
        assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 3600
    assert stack.one("CronJob", "postgres-backup")["spec"]["schedule"] == "5 4 * * *"


def test_commands_name_the_context_and_carry_no_password(deploy: Deploy) -> None:
    stack = deploy(config={"kubeContext": "other"}, secret={"postgres.password": "zymurgy"})
    commands = stack.all("Command")
    assert len(commands) == 4
    for command in commands:
        assert " --context other --namespace brewget " in command["create"] + " "
        assert "zymurgy" not in str(command.inputs)
        assert "delete" not in command.inputs
        assert str(ROOT) not in str(command.inputs), "the state would differ between machines"


def test_requests_follow_the_server(deploy: Deploy) -> None:
    stack = deploy(
        config={"backupNow": "17", "restoreFrom": "latest-verified", "restoreReplace": "true"}
    )
    backup, restore = (stack.one("Command", f"operations-{what}") for what in ("backup", "restore"))
    ready = stack.one("Command", "postgres-ready")
    assert backup["environment"] == {"REQUEST": "17"}
    assert restore["environment"] == {"REQUEST": "latest-verified replace", "SKIP_FIRST": "1"}
    assert restore["create"].endswith(" latest-verified --replace --timeout 3600")
    assert ready.urn in backup.depends_on
    assert backup.urn in restore.depends_on
    assert stack.exports["last_backup"] == "stdout of operations-backup"
