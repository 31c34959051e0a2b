"""A job by hand whose pod does not start, is evicted, or whose log breaks off: no untrue end."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lib.identities import IDENTITY

ROOT = Path(__file__).resolve().parents[2]
KUBECTL = r"""#!/bin/bash
printf '%s\n' "$*" >>"$CALLS.all"
env >>"$CALLS.all"
case "$*" in
*"logs -f"*) printf '%s' "$FOLLOWED" ;;
*"-c encryption") echo "the identity opens nothing" ;;
*" logs "*) printf '%s' "$LOG" ;;
*phase*) [[ "$PHASE" != away ]] && printf '%s' "$PHASE" ;;
*initContainerStatuses*) printf '%s' "$FIRST" ;;
*attach*) cat >"$CALLS.stdin"; exit "$ATTACH" ;;
*exitCode*) printf '%s' "$CODE" ;;
*status.conditions*Failed*) printf '%s' "$ENDED" ;;
*"delete job"*) echo "$*" >>"$CALLS" ;;
*"create -f -"* | *"patch --local"*) tee -a "$CALLS.all" ;;
esac
"""
Run = Callable[..., subprocess.CompletedProcess[str]]
NAME = "backup_20260101_000000"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """`run(PHASE=…)` runs backup-postgres.sh, or another, against a cluster that answers so."""
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)

    def backup(
        script: str = "backup-postgres.sh", stdin: str = "", **answers: str
    ) -> subprocess.CompletedProcess[str]:
        usual = dict.fromkeys(("PHASE", "CODE", "ENDED", "FOLLOWED", "LOG", "FIRST"), "")
        return subprocess.run(
            [ROOT / "scripts" / script, "--timeout", "5"],
            input=stdin,
            env={"START_TIMEOUT": "1", "ATTACH": "0"}
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


def test_a_backup_that_never_began_has_the_status_and_the_words_of_what_came_before_it(
    run: Run,
) -> None:
    done = run(PHASE="Failed", FIRST="78", ENDED="BackoffLimitExceeded")

    assert done.returncode == 78, done.stderr
    assert "the identity opens nothing" in done.stderr


@pytest.mark.parametrize(
    ("script", "cron_job", "limit"),
    [
        ("backup-postgres.sh", "postgres-backup ", "backup.timeout"),
        ("restore-postgres.sh", "postgres-backup-verify ", "verify.timeout"),
        ("escrow-drill.sh", "postgres-backup-verify ", "verify.timeout"),
    ],
)
def test_a_job_that_was_stopped_names_the_setting_of_its_own_cron_job(
    run: Run, tmp_path: Path, script: str, cron_job: str, limit: str
) -> None:
    done = run(script, PHASE="Running", ENDED="DeadlineExceeded")

    assert done.returncode == 75, done.stderr
    assert f"({limit})" in done.stderr
    assert f"--from=cronjob/{cron_job}" in (tmp_path / "calls.all").read_text()


def test_an_identity_goes_into_the_container_and_nowhere_else(run: Run, tmp_path: Path) -> None:
    log = "reading backup_1\nopened backup_1\n"

    done = run(
        "escrow-drill.sh", IDENTITY, PHASE="Running", CODE="0", FOLLOWED="reading\n", LOG=log
    )

    assert (done.returncode, done.stdout) == (0, "opened backup_1\n"), done.stderr
    assert (tmp_path / "calls.stdin").read_text() == IDENTITY
    asked = (tmp_path / "calls.all").read_text()
    assert IDENTITY not in asked, "an argument, a variable or an object"
    for option in ("stdin", "stdinOnce"):
        assert f'containers/0/{option}", "value": true' in asked
    assert '"/backup-scripts/key.sh", "--escrow"' in asked


def test_a_job_that_nobody_reaches_does_not_wait_for_its_key(run: Run, tmp_path: Path) -> None:
    done = run("escrow-drill.sh", IDENTITY, PHASE="Running", ATTACH="1")

    assert done.returncode == 69, done.stderr
    assert "delete job postgres-escrow-manual-" in (tmp_path / "calls").read_text()


def test_no_other_job_reads_anything(run: Run, tmp_path: Path) -> None:
    run(PHASE="Running", CODE="0", LOG=f"{NAME}\n")

    assert "stdin" not in (tmp_path / "calls.all").read_text()


def test_a_key_on_the_command_line_is_refused_and_not_repeated() -> None:
    done = subprocess.run(
        [ROOT / "scripts" / "escrow-drill.sh", IDENTITY],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 64
    assert IDENTITY not in done.stderr
