"""The last set before a server goes: from the server itself, whatever else is gone."""

from typing import Any

import pytest

from components.postgres import last_backup
from components.postgres.last_backup import job_of, lost_without, take_set
from tests.unit.conftest import Deploy


@pytest.fixture(name="server")
def _server(deploy: Deploy) -> dict[str, Any]:
    made = deploy(config={"namespace": "ales"}).one("StatefulSet").inputs
    return {"metadata": made["metadata"], "spec": made["spec"]}


def test_the_job_is_the_servers_own_pod_with_another_command(server: dict[str, Any]) -> None:
    job = job_of(server, "postgres-backup-last-1", 1234)
    pod = job["spec"]["template"]["spec"]
    (worker,) = pod["containers"]
    (container,) = server["spec"]["template"]["spec"]["containers"]
    assert worker["image"] == container["image"]
    assert worker["securityContext"] == container["securityContext"]
    assert worker["command"][-2:] == ["--reason", "before-delete"]
    env = {one["name"]: one["value"] for one in worker["env"]}
    assert env["PGHOST"] == "db.ales.svc.cluster.local"
    assert env["PGSSLMODE"] == "verify-full"
    assert env["BACKUP_KEEP"] == "10"
    places = {mount["mountPath"] for mount in worker["volumeMounts"]}
    assert places == {"/backup", "/backup-scripts", "/run/secrets/postgres", "/tmp"}  # noqa: S108 (a mount)
    assert {v["name"] for v in pod["volumes"]} == {m["name"] for m in worker["volumeMounts"]}
    assert job["spec"]["activeDeadlineSeconds"] == 1234


class Cluster:
    """A cluster with a server and a Job that ends as told."""

    namespace = "ales"

    def __init__(self, server: dict[str, Any] | None, status: dict[str, int], log: str) -> None:
        self.server, self.status, self.log = server, status, log
        self.ran: list[tuple[str, ...]] = []

    def get(self, kind: str, *_: str) -> list[dict[str, Any]]:
        if kind == "statefulset":
            return [self.server] if self.server else []
        if kind == "job":
            return [{"status": self.status}]
        return [{"status": {"phase": "Pending"}}]

    def run(self, *arguments: str, stdin: str = "", seconds: float = 0) -> Any:
        assert seconds or arguments[0] != "exec", "a hung mount would hold up the destroy for ever"
        assert "CronJob" not in stdin
        self.ran.append(arguments)

        class Done:
            stdout = self.log

        return Done()


def test_the_sets_name_is_said(server: dict[str, Any]) -> None:
    cluster: Any = Cluster(server, {"succeeded": 1}, "one line\nbackup_20261128_120000\n")
    assert take_set(cluster, "postgres", 10).endswith(": backup_20261128_120000")
    assert cluster.ran[-1][:2] == ("delete", "job"), "its pod would hold the claims"


def test_a_set_that_was_taken_counts_whatever_the_log_and_the_clean_up_do(
    server: dict[str, Any],
) -> None:
    class Deaf(Cluster):
        def run(self, *arguments: str, stdin: str = "", seconds: float = 0) -> Any:
            if arguments[0] != "create":
                raise RuntimeError("kubectl was not done after 60 s")
            return super().run(*arguments, stdin=stdin, seconds=seconds)

    cluster: Any = Deaf(server, {"succeeded": 1}, "")
    assert take_set(cluster, "postgres", 10).endswith(
        "its log cannot be read (kubectl was not done after 60 s)"
    )


def test_a_backup_that_was_stopped_at_its_limit_says_so(server: dict[str, Any]) -> None:
    """Its pod is deleted then, and with it the log."""
    status: Any = {"failed": 1, "conditions": [{"type": "Failed", "reason": "DeadlineExceeded"}]}
    cluster: Any = Cluster(server, status, "")
    with pytest.raises(RuntimeError, match="it was stopped at its time limit"):
        take_set(cluster, "postgres", 10)


def test_a_server_that_is_gone_needs_no_last_set() -> None:
    cluster: Any = Cluster(None, {}, "")
    assert take_set(cluster, "postgres", 10).startswith("The server is gone already")
    assert cluster.ran == []


def test_a_failed_backup_says_its_last_line(server: dict[str, Any]) -> None:
    cluster: Any = Cluster(server, {"failed": 1}, "first\nno space left\n")
    with pytest.raises(RuntimeError, match="failed: no space left"):
        take_set(cluster, "postgres", 10)


def test_a_pod_that_does_not_start_is_given_up_with_its_reason(
    server: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time limit, an hour, would hold up the destroy for nothing."""
    monkeypatch.setattr(last_backup, "START_SECONDS", 0)
    cluster: Any = Cluster(server, {}, "")
    with pytest.raises(RuntimeError, match="did not start within 0 s: no node takes its pod"):
        take_set(cluster, "postgres", 10)
    assert cluster.ran[-1][:2] == ("delete", "job"), "it would start when nobody waits any more"


def test_what_is_lost_is_said_by_the_name_of_the_newest_set() -> None:
    cluster: Any = Cluster(None, {}, "backup_20261128_060000\nbackup_20261128_120000\nfailed\n")
    assert lost_without(cluster, "postgres") == (
        "what was written since backup_20261128_120000 is lost"
    )
