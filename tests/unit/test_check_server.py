"""check-server.sh and list-sets.sh: what is made of a pod's words, by a kubectl that says what a cluster would."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from components.cluster.kubectl import HOST_SCRIPTS

KUBECTL = r"""#!/bin/bash
printf '%s\n' "$*" >>"$CALLS"
case "$*" in
*"get secret"*) printf '%s' "$SECRET" ;;
*"create -f"*) cat >/dev/null ;;
*terminated.message*) printf '%s' "$SAID" ;;
*status.phase*) printf '%s' "$PHASE" ;;
*events*) echo "MESSAGE"; echo "no such image" ;;
esac
"""
PSQL = 'psql: error: connection to server at "db.example" (10.0.0.1), port 5432 failed:'
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(name="check")
def _check(tmp_path: Path) -> Run:
    """`check(PHASE=…, SAID=…)`: the pod ended so, and left those words."""
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL)
    program.chmod(0o755)

    def run(**answers: str) -> subprocess.CompletedProcess[str]:
        usual = {"SECRET": "eA==", "PHASE": "Succeeded", "SAID": "", "CHECK_TIMEOUT": "1"}
        places = {"PATH": f"{tmp_path}:/usr/bin:/bin", "CALLS": str(tmp_path / "calls")}
        options = ("--context", "c", "--namespace", "ales", "the-pod", "server-admin")
        return subprocess.run(
            [HOST_SCRIPTS / "check-server.sh", *options],
            env=usual | answers | places,
            input="{}",
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_superuser_of_a_server_that_answers_has_nothing_said_of_it(
    check: Run, tmp_path: Path
) -> None:
    done = check()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "delete pod the-pod --wait=false" in (tmp_path / "calls").read_text()


def test_what_a_role_may_not_do_is_the_result_and_shown(check: Run) -> None:
    done = check(SAID="note it has not CREATEDB: none\nnote it has not BYPASSRLS: one")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "it has not CREATEDB: none\nit has not BYPASSRLS: one"
    assert "note: it has not CREATEDB: none" in done.stderr


@pytest.mark.parametrize(
    ("said", "way"),
    [
        ("server does not support SSL, but SSL was required",
         "It speaks no TLS. Where nobody else is on the network between: pulumi config set --path "
         "external.sslmode disable"),
        ("SSL error: certificate verify failed",
         "Its certificate is of another CA: pulumi config set --path external.ca < ca.crt, with "
         "that of the server"),
        ('server certificate for "db" does not match host name "db.example"',
         "external.host has to be a name that is in its certificate, or external.sslmode "
         "verify-ca"),
        ('FATAL:  password authentication failed for user "saver"',
         "external.user and the password in the Secret server-admin have to be those of a role "
         "that may log in"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "saver", database "postgres", no '
         "encryption", "It lets nobody in without TLS: pulumi config rm --path external.sslmode"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "saver", database "postgres", SSL '
         "encryption", "Its rules have to let external.user in from this cluster's nodes"),
        ("Connection refused",
         "external.host and external.port have to lead there from inside the cluster"),
    ],
)  # fmt: skip
def test_a_server_that_lets_nobody_in_ends_the_up_with_the_way(
    check: Run, said: str, way: str
) -> None:
    done = check(PHASE="Failed", SAID=f"{PSQL} {said}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"The server cannot be saved: {PSQL} {said}. {way}. Nothing of it was changed\n"
    )


def test_a_server_that_cannot_be_saved_says_why_in_one_sentence(check: Run) -> None:
    said = "WARNING:  a collation\nrefused it is PostgreSQL 15\nrefused it has no shop\nnote it has not CREATEDB"
    done = check(PHASE="Failed", SAID=said)
    assert done.returncode == 1
    assert done.stderr == (
        "The server cannot be saved: it is PostgreSQL 15;it has no shop. Nothing of it was "
        "changed\n"
    )


def test_a_pod_that_does_not_run_is_said_with_its_events(check: Run) -> None:
    done = check(PHASE="Pending")
    assert done.returncode == 1
    assert "no such image" in done.stderr
    assert "pod the-pod is Pending after" in done.stderr


def test_without_a_password_no_pod_waits_for_ever(check: Run, tmp_path: Path) -> None:
    done = check(SECRET="")
    assert done.returncode == 1
    assert (
        "kubectl create secret generic server-admin --namespace ales --from-file=password=FILE"
        in done.stderr
    )
    assert "create -f" not in (tmp_path / "calls").read_text()


LISTING = '[\n{"set": "backup_1", "state": "published"}\n]\n'
OF_JOB = r"""#!/bin/bash
case "$*" in
*"logs -f"* | *logs*) printf '2026-12-01T00:00:00Z looking\n%s' "$LISTING" ;;
*phase*) printf Succeeded ;;
*exitCode*) printf '%s' "$CODE" ;;
*"create -f -"* | *"patch --local"*) tee -a "$CALLS" ;;
*) printf '%s\n' "$*" >>"$CALLS" ;;
esac
printf '%s\n' "$*" >>"$CALLS"
"""


@pytest.mark.parametrize(("code", "listed"), [("0", LISTING), ("69", "")])
def test_a_list_by_a_job_is_the_list_and_no_run_of_a_schedule(
    tmp_path: Path, code: str, listed: str
) -> None:
    program = tmp_path / "kubectl"
    program.write_text(OF_JOB)
    program.chmod(0o755)
    done = subprocess.run(
        [HOST_SCRIPTS / "list-sets.sh", "--namespace", "ales", "--context", "c"],
        env={
            "PATH": f"{tmp_path}:/usr/bin:/bin",
            "CALLS": str(tmp_path / "calls"),
            "CODE": code,
            "LISTING": LISTING,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (int(code), listed), done.stderr
    assert "looking" in done.stderr, "what the job says besides is shown"
    calls = (tmp_path / "calls").read_text()
    assert "--context c --namespace ales" in calls
    assert "--from=cronjob/postgres-backup-verify" in calls
    patch = calls[calls.index("[{") : calls.index("}]") + 2]
    assert {"op": "remove", "path": "/metadata/ownerReferences"} in json.loads(patch)
