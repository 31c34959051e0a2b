"""A job by hand whose pod does not start, is evicted, or whose log breaks off: no untrue end."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
KUBECTL = r"""#!/bin/bash
case "$*" in
*"logs -f"*) printf '%s' "$FOLLOWED" ;;
*" logs "*) printf '%s' "$LOG" ;;
*phase*) [[ "$PHASE" != away ]] && printf '%s' "$PHASE" ;;
*exitCode*) printf '%s' "$CODE" ;;
*status.conditions*Failed*) printf '%s' "$ENDED" ;;
*"delete job"*) echo "$*" >>"$CALLS" ;;
*"create -f -"* | *"patch --local"*) cat ;;
esac
"""
Run = Callable[..., subprocess.CompletedProcess[str]]
NAME = "backup_20260101_000000"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run(PHASE=…)` runs backup-postgres.sh against a cluster that answers so."""
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)

    def backup(**answers: str) -> subprocess.CompletedProcess[str]:
        usual = dict.fromkeys(("PHASE", "CODE", "ENDED", "FOLLOWED", "LOG"), "")
        return subprocess.run(
            [ROOT / "scripts" / "backup-postgres.sh", "--timeout", "5"],
            env={"START_TIMEOUT": "1"}
            | usual
            | answers
            | {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return backup


def test_a_job_whose_pod_does_not_start_does_not_run_later(run: Run, tmp_path: Path) -> None:
    done = run()

    assert done.returncode == 69, done.stderr
    assert "delete job postgres-backup-manual-" in (tmp_path / "calls").read_text()


@pytest.mark.parametrize(
    ("answers", "status"), [({"START_TIMEOUT": "60"}, 75), ({"PHASE": "away"}, 69)]
)
def test_a_job_that_may_run_is_not_deleted(
    answers: dict[str, str], status: int, run: Run, tmp_path: Path
) -> None:
    """One that still has time to start, and one that nobody can be asked about."""
    assert run(**answers).returncode == status

    assert not (tmp_path / "calls").exists()


def test_a_job_whose_pod_was_evicted_has_failed(run: Run) -> None:
    done = run(PHASE="Running", ENDED="BackoffLimitExceeded")

    assert done.returncode == 69, done.stderr
    assert "BackoffLimitExceeded" in done.stderr
    assert "goes on" not in done.stderr


def test_the_name_of_a_set_is_printed_though_the_log_broke_off(run: Run) -> None:
    done = run(PHASE="Succeeded", CODE="0", FOLLOWED="dumping\n", LOG=f"dumping\n{NAME}\n")

    assert (done.returncode, done.stdout) == (0, f"{NAME}\n"), done.stderr


def test_the_name_of_a_set_is_printed_once(run: Run) -> None:
    done = run(PHASE="Succeeded", CODE="0", FOLLOWED=f"{NAME}\n", LOG=f"{NAME}\n")

    assert (done.returncode, done.stdout) == (0, f"{NAME}\n"), done.stderr
