"""What the buttons make: Jobs out of the project's own templates, and nothing else."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lib.console import Console
from tests.lib.kubeapi import FakeApi, not_found, send, stamp


@pytest.fixture
def api(shared: tuple[Console, FakeApi]) -> FakeApi:
    fake = shared[1]
    fake.jobs.clear()
    fake.pods, fake.fault = [], None
    return fake


@pytest.fixture
def console(shared: tuple[Console, FakeApi], api: FakeApi) -> Console:
    return shared[0].log_in()


@pytest.fixture
def store(console: Console) -> Path:
    return console.store


@pytest.fixture
def newest(store: Path) -> str:
    return max(store.glob("backup_*")).name


def press(console: Console, path: str, **fields: str | list[str]) -> str:
    """Press a button and return the job's page."""
    answer = console.post(path, {"key": console.get("/").key} | fields)
    assert answer.status == 303, answer.text
    return answer.headers["location"]


def refused(console: Console, path: str, status: int, **fields: str | list[str]) -> str:
    answer = console.post(path, {"key": console.get("/").key} | fields)
    assert answer.status == status, answer.text
    return answer.text


def command(job: dict[str, Any]) -> list[str]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["args"] == []
    found: list[str] = container["command"]
    return found


def end(api: FakeApi, condition: str, age: float = 0.0) -> None:
    """The newest job comes to its end."""
    at = stamp(time.time() - age)
    api.jobs[-1]["status"] = {
        "conditions": [{"type": condition, "status": "True", "lastTransitionTime": at}]
    }


def test_back_up_now_makes_a_job_of_the_cronjobs_template(console: Console, api: FakeApi) -> None:
    page = press(console, "/backup")
    (job,) = api.jobs
    assert page == f"/jobs/{job['metadata']['name']}"
    assert command(job) == ["bash", "/backup-scripts/backup.sh", "--reason", "console"]
    template = api.cron_jobs[0]["spec"]["jobTemplate"]["spec"]
    assert template["template"]["spec"]["containers"][0]["command"] == ["bash", "x"], "a copy"
    assert job["spec"]["activeDeadlineSeconds"] == 3600
    assert (job["spec"]["backoffLimit"], job["spec"]["ttlSecondsAfterFinished"]) == (0, 86400)
    assert job["metadata"]["labels"] == {"app": "postgres-backup"}
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["name"], owner["uid"]) == ("postgres-backup", "uid-of-postgres-backup")


def test_pin_and_accept_are_the_scripts_own_options(console: Console, api: FakeApi) -> None:
    press(console, "/backup", pin="on", accept_shrink="on")
    assert command(api.jobs[0])[4:] == ["--pin", "--accept-shrink"]


def test_pressed_twice_leads_to_the_same_job(console: Console, api: FakeApi) -> None:
    assert press(console, "/backup") == press(console, "/backup")
    assert len(api.jobs) == 1
    end(api, "Complete")
    press(console, "/backup")
    assert len(api.jobs) == 2


def test_verify_takes_the_verification_s_template(
    console: Console, api: FakeApi, newest: str
) -> None:
    press(console, f"/sets/{newest}/verify")
    assert command(api.jobs[0]) == ["bash", "/backup-scripts/verify.sh", newest]
    assert api.jobs[0]["metadata"]["ownerReferences"][0]["name"] == "postgres-backup-verify"


@pytest.mark.parametrize(("button", "options"), [("pin", []), ("unpin", ["--remove"])])
def test_a_pin_and_its_removal_need_no_key(
    console: Console, api: FakeApi, newest: str, button: str, options: list[str]
) -> None:
    page = press(console, f"/sets/{newest}/{button}")
    assert command(api.jobs[0]) == ["bash", "/backup-scripts/pin.sh", newest, *options]
    assert api.jobs[0]["metadata"]["ownerReferences"][0]["name"] == "postgres-backup-verify"
    assert page.startswith("/jobs/postgres-pin-console-")
    assert "Databases that hold data" not in console.get(page).text


def test_a_restore_is_previewed_confirmed_and_then_exactly_that(
    console: Console, api: FakeApi, newest: str
) -> None:
    page = press(console, f"/sets/{newest}/preview", database=["one"], replace="on")
    restore = ["bash", "/backup-scripts/restore.sh", newest, "--database", "one", "--replace"]
    assert command(api.jobs[0]) == [*restore, "--dry-run"]
    assert "Restore for real" not in console.get(page).text
    refused(console, f"{page}/restore", 409, confirm=newest)
    end(api, "Complete")
    assert "Restore for real" in console.get(page).text
    for wrong in ("", "yes", newest[:-1], newest.upper()):
        assert newest in refused(console, f"{page}/restore", 400, confirm=wrong)
    assert len(api.jobs) == 1
    press(console, f"{page}/restore", confirm=newest)
    assert command(api.jobs[1]) == restore


def test_a_failed_or_old_preview_cannot_be_followed(
    console: Console, api: FakeApi, newest: str
) -> None:
    page = press(console, f"/sets/{newest}/preview", database=["one"])
    end(api, "Failed")
    assert "The restore would be refused." in console.get(page).text
    refused(console, f"{page}/restore", 409, confirm=newest)
    end(api, "Complete", age=3601)
    refused(console, f"{page}/restore", 409, confirm=newest)
    assert len(api.jobs) == 1


def test_a_set_that_went_away_after_its_preview_is_not_restored(
    console: Console, api: FakeApi, newest: str, store: Path
) -> None:
    page = press(console, f"/sets/{newest}/preview", database=["one"])
    end(api, "Complete")
    (store / newest).rename(store / "gone")
    try:
        refused(console, f"{page}/restore", 409, confirm=newest)
    finally:
        (store / "gone").rename(store / newest)
    assert len(api.jobs) == 1


def test_two_restores_at_once_are_refused(
    console: Console, api: FakeApi, newest: str, store: Path
) -> None:
    for name in sorted(s.name for s in store.glob("backup_*"))[-2:]:
        page = press(console, f"/sets/{name}/preview", database=["one"])
        end(api, "Complete")
        if name == newest:
            assert "another restore" in refused(console, f"{page}/restore", 502, confirm=name)
        else:
            press(console, f"{page}/restore", confirm=name)


@pytest.mark.parametrize("databases", [[], ["two"], ["one", "--replace"], ["../one"]])
def test_only_databases_of_the_set_can_be_chosen(
    console: Console, api: FakeApi, newest: str, databases: list[str]
) -> None:
    refused(console, f"/sets/{newest}/preview", 400, database=databases)
    assert api.jobs == []


@pytest.mark.parametrize("name", ["backup_19990101_000000", "latest", "--pending"])
def test_only_sets_that_are_there_can_be_used(console: Console, api: FakeApi, name: str) -> None:
    for button in ("verify", "pin", "unpin"):
        refused(console, f"/sets/{name}/{button}", 404)
    refused(console, f"/sets/{name}/preview", 404, database=["one"])
    assert api.jobs == []


def test_a_job_shows_its_log_and_why_it_does_not_start(console: Console, api: FakeApi) -> None:
    page = press(console, "/backup")
    api.pods = [
        {
            "metadata": {"name": "pod"},
            "status": {
                "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}],
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "message": "no node fits"}
                ],
            },
        }
    ]
    text = console.get(page).text
    for words in ("what the pod said", "ImagePullBackOff", "no node fits", "data-running"):
        assert words in text


def test_what_kept_a_backup_from_its_start_is_shown(console: Console, api: FakeApi) -> None:
    page = press(console, "/backup")
    ended = {"name": "encryption", "state": {"terminated": {"exitCode": 78}}}
    api.pods = [{"metadata": {"name": "pod"}, "status": {"initContainerStatuses": [ended]}}]
    assert "what the pod said" in console.get(page).text
    assert any("container=encryption" in path for path in api.asked)


def test_what_the_cluster_refuses_is_said(console: Console, api: FakeApi) -> None:
    def forbid(request: Any) -> bool:
        if request.command != "POST":
            return False
        send(request, 403, {"kind": "Status", "message": "jobs is forbidden", "code": 403})
        return True

    api.fault = forbid
    assert "jobs is forbidden (403)" in refused(console, "/backup", 502)
    api.fault = lambda r: r.path.endswith("/postgres-backup") and not not_found(r, "cronjob")
    assert "cronjob not found (404)" in refused(console, "/backup", 502)


def test_what_was_asked_is_kept_with_the_job(console: Console, api: FakeApi, newest: str) -> None:
    press(console, f"/sets/{newest}/verify")
    kept = json.loads(api.jobs[0]["metadata"]["annotations"]["brewget.dev/console-request"])
    assert (kept["action"], kept["set"], kept["by"]) == ("verify", newest, "token")
