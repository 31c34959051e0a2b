"""The console on the real cluster: deployed by the stack, used in a browser, with real Jobs."""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.cluster.conftest import FirstUp
from tests.lib.browser import browser
from tests.lib.console import Console
from tests.lib.pictures import keep
from tests.lib.waiting import JOB_DONE, wait_for
from tests.lib.world import NAMESPACE, Saved, World, assert_back, port_forward

AS_CONSOLE = f"--as=system:serviceaccount:{NAMESPACE}:postgres-console -n {NAMESPACE}"
DEPLOY = "deployment/postgres-console"


@pytest.fixture(scope="module")
def deployed(first_up: tuple[World, FirstUp]) -> World:
    """The stack with the console that `make up` has built and switched on."""
    world = first_up[0]
    assert "make console" in first_up[1].done.output, "the summary names the door"
    world.filled()
    world.ensure_console()
    return world


@pytest.fixture
def console(deployed: World, tmp_path: Path) -> Iterator[Console]:
    """The console through a port-forward."""
    with port_forward(deployed.project, "svc/postgres-console", 8080) as port:
        yield Console(tmp_path, tmp_path, port=port)


@pytest.fixture
def page(console: Console, deployed: World) -> Iterator[Page]:
    """A browser that is logged in with the generated token."""
    secret = deployed.project.get(f"-n {NAMESPACE} secret postgres-console")
    with browser() as chromium:
        made = chromium.new_page(base_url=console.address)
        made.goto("/")
        made.get_by_label("Token").fill(base64.b64decode(secret["data"]["token"]).decode())
        made.get_by_role("button", name="Log in").click()
        expect(made.get_by_role("heading", name="Backups", exact=True)).to_be_visible()
        yield made


def wait_for_job(page: Page) -> None:
    """The page follows its job by itself."""
    status = page.get_by_role("status")
    expect(status).not_to_contain_text("running", timeout=JOB_DONE * 1000)
    expect(status).to_contain_text("done", timeout=1000)


def test_a_backup_through_the_page(deployed: World, page: Page) -> None:
    before = deployed.project.sets()
    page.get_by_label("Pin it").check()
    page.get_by_role("button", name="Back up now").click()
    wait_for_job(page)
    (new,) = set(deployed.project.sets()) - set(before)
    manifest = json.loads((deployed.mount / new / "manifest.json").read_text())
    assert (manifest["reason"], manifest["pinned"]) == ("console", True)
    page.goto("/")
    page.get_by_role("link", name=new).click()
    page.get_by_role("button", name="Verify").click()
    wait_for_job(page)
    assert (deployed.mount / new / "verified.json").is_file()


def test_the_picture_in_the_readme_is_of_a_stack_that_is_up(
    deployed: World, page: Page, saved: Saved
) -> None:
    """`make pictures` keeps this one: all sets verified, as the schedule would have it."""
    # Other tests leave what a person would be told of: flagged sets, damaged ones, failed runs.
    for left in [*deployed.mount.glob("backup_*"), deployed.mount / "failed"]:
        shutil.rmtree(left, ignore_errors=True)
    deployed.project.kubectl(f"-n {NAMESPACE} delete jobs --all")
    deployed.save()
    job = f"-n {NAMESPACE} job picture"
    deployed.project.kubectl(f"create {job} --from=cronjob/postgres-backup-verify")
    deployed.project.kubectl(f"wait {job} --for=condition=Complete --timeout={JOB_DONE:.0f}s")
    page.goto("/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Your data is safe")
    page.set_viewport_size({"width": 1000, "height": 700})
    keep("console-overview.png", page.screenshot(full_page=True))


def test_a_pin_through_the_page(deployed: World, page: Page, saved: Saved) -> None:
    word = deployed.mount / saved.set / "pinned.json"
    for button, pinned in (("Pin", True), ("Remove the pin", False)):
        page.goto(f"/sets/{saved.set}")
        page.get_by_role("button", name=button, exact=True).click()
        wait_for_job(page)
        assert json.loads(word.read_text())["pinned"] is pinned


def test_a_restore_through_the_page_brings_the_data_back(
    deployed: World, page: Page, saved: Saved
) -> None:
    for database in ("brewget_auth", "brewget_settings"):
        deployed.psql(f"DROP DATABASE {database} WITH (FORCE)")
    assert "brewget" not in deployed.psql("SELECT string_agg(datname, ' ') FROM pg_database")
    page.goto(f"/sets/{saved.set}/restore")
    page.get_by_role("button", name="Preview").click()
    wait_for_job(page)
    assert "brewget" not in deployed.psql("SELECT string_agg(datname, ' ') FROM pg_database")
    page.get_by_label("To confirm").fill(saved.set)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Restore of {saved.set}")
    wait_for_job(page)
    assert_back(deployed, saved)


def test_a_restore_over_data_is_refused_in_its_preview(
    deployed: World, page: Page, saved: Saved
) -> None:
    page.goto(f"/sets/{saved.set}/restore")
    page.get_by_role("button", name="Preview").click()
    refused = page.get_by_text("The restore would be refused.")
    expect(refused).to_be_visible(timeout=JOB_DONE * 1000)
    expect(page.get_by_label("To confirm")).to_have_count(0)
    assert deployed.content() == saved.content


def test_the_real_cluster_in_numbers(deployed: World, console: Console) -> None:
    seen = console.metrics()
    assert seen["brewget_backup_api_up"] == 1
    assert seen["brewget_backup_store_ok"] == 1
    assert seen["brewget_backup_expected_interval_seconds"] == 6 * 3600
    states = {k: v for k, v in seen.items() if k.startswith("brewget_backup_sets{")}
    counted = states['brewget_backup_sets{state="verified"}']
    counted += states['brewget_backup_sets{state="unverified"}']
    assert counted == len(deployed.project.sets())
    suspend = f"-n {NAMESPACE} patch cronjob postgres-backup-verify -p"
    stopped = 'brewget_backup_cronjob_suspended{cronjob="postgres-backup-verify"}'
    assert seen[stopped] == 0
    deployed.project.kubectl(f"""{suspend} '{{"spec": {{"suspend": true}}}}'""")
    try:
        wait_for("the metric", lambda: console.metrics()[stopped] == 1, 10)
        status = deployed.project.run("scripts/status-postgres.sh", status=None)
        assert "The schedule of verifications is suspended." in status.stdout
        assert status.status in {1, 2}
    finally:
        deployed.project.kubectl(f"""{suspend} '{{"spec": {{"suspend": false}}}}'""")


def test_what_was_notified_outlives_the_pod(deployed: World, console: Console) -> None:
    project = deployed.project
    project.kubectl(f"-n {NAMESPACE} exec {DEPLOY} -- sh -c 'echo kept > /state/mark'")
    project.kubectl(f"-n {NAMESPACE} delete pod -l app=postgres-console --wait=true")
    project.kubectl(f"-n {NAMESPACE} rollout status {DEPLOY} --timeout=120s")
    assert project.kubectl(f"-n {NAMESPACE} exec {DEPLOY} -- cat /state/mark").strip() == "kept"


@pytest.mark.parametrize(
    ("may", "right"),
    [
        ("yes", "create jobs"),
        ("yes", "get pods --subresource=log"),
        ("no", "get secrets"),
        ("no", "delete jobs"),
        ("no", "patch cronjobs"),
        ("no", "create pods"),
        ("no", "create pods --subresource=exec"),
    ],
)
def test_its_rights_end_where_its_buttons_do(deployed: World, may: str, right: str) -> None:
    answer = deployed.project.run(f"kubectl auth can-i {right} {AS_CONSOLE}", status=None)
    assert answer.stdout.strip() == may


PROGRAM = "may only run the backup's own programs"
CONTAINER = "container is not that of its CronJob"
POD = "pod is not that of its CronJob"
SHELL = {"exec": {"command": ["sh", "-c", "id"]}}
MORE_OF_CONTAINER: dict[str, object] = {
    "image": "registry.example/x",
    "env": [{"name": "BASH_ENV", "value": "/scratch/x"}],
    "envFrom": [{"secretRef": {"name": "postgres-superuser"}}],
    "volumeMounts": [{"name": "backup", "mountPath": "/backup-scripts"}],
    "securityContext": {"privileged": True},
    "resources": {"limits": {"memory": "64Gi"}},
    "ports": [{"containerPort": 5432}],
    "stdin": True,
    "workingDir": "/scratch",
    "lifecycle": {"preStop": SHELL},
    "livenessProbe": SHELL,
    "readinessProbe": SHELL,
    "startupProbe": SHELL,
    "terminationMessagePath": "/backup-scripts/lib/set.bash",
    "imagePullPolicy": "Always",
}
MORE_OF_POD: dict[str, object] = {
    "initContainers": [{"name": "x", "image": "registry.example/x"}],
    "securityContext": {"runAsUser": 0},
    "serviceAccountName": "default",
    "automountServiceAccountToken": True,
    "hostNetwork": True,
    "hostPID": True,
    "hostIPC": True,
    "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["db"]}],
    "nodeName": "elsewhere",
    "tolerations": [{"operator": "Exists"}],
    "restartPolicy": "OnFailure",
}
COMMANDS: dict[str, list[str]] = {
    "another program": ["sh", "-c", "cat /run/secrets/postgres/superuser"],
    "another way to begin one": ["bash", "-c", "/backup-scripts/backup.sh"],
    "words of no button": ["bash", "/backup-scripts/restore-moment.sh", "--to-name", "x"],
}


def stolen(job: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """What a thief would change of a Job, the Job, and what is said to that."""

    def other(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
        copy: dict[str, Any] = json.loads(json.dumps(job))
        change(copy["spec"]["template"])
        return copy

    for what, command in COMMANDS.items():
        yield what, other(lambda pod, to=command: worker(pod).update(command=to)), PROGRAM
    yield "arguments", other(lambda pod: worker(pod).update(args=["x"])), PROGRAM
    for key, value in MORE_OF_CONTAINER.items():
        yield key, other(lambda pod, to={key: value}: worker(pod).update(to)), CONTAINER
    for key, value in MORE_OF_POD.items():
        yield key, other(lambda pod, to={key: value}: pod["spec"].update(to)), POD
    volume = {"name": "x", "hostPath": {"path": "/"}}
    yield "volumes", other(lambda pod: pod["spec"]["volumes"].append(volume)), POD
    labels = {"app": "postgres"}
    yield "labels", other(lambda pod: pod["metadata"]["labels"].update(labels)), POD
    injected = {"sidecar.istio.io/inject": "true"}
    yield "annotations", other(lambda pod: pod["metadata"].update(annotations=injected)), POD
    named = "made of the backup's own CronJobs"
    yield "another name", other(lambda pod: worker(pod).update(name="x")), named
    more = {"name": "x", "image": "registry.example/x"}
    yield "another container", other(lambda pod: pod["spec"]["containers"].append(more)), named
    many = json.loads(json.dumps(job))
    many["spec"]["parallelism"] = 1000
    yield "many pods", many, POD


def worker(pod: dict[str, Any]) -> dict[str, Any]:
    """The container of a pod."""
    found: dict[str, Any] = pod["spec"]["containers"][0]
    return found


@pytest.mark.parametrize("cron_job", ["postgres-backup", "postgres-backup-verify"])
def test_who_steals_its_token_runs_nothing_else(deployed: World, cron_job: str) -> None:
    project = deployed.project
    template = project.get(f"-n {NAMESPACE} cronjob {cron_job}")["spec"]["jobTemplate"]
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "stolen"},
        "spec": template["spec"],
    }
    create = f"kubectl create -f - --dry-run=server {AS_CONSOLE}"
    project.run(create, stdin=json.dumps(job))  # what the buttons do
    for what, other, words in stolen(job):
        done = project.run(create, stdin=json.dumps(other), status=None)
        assert done.status != 0, what
        assert words in done.output, f"{what}: {done.output}"


def test_the_policy_keeps_nobody_else_out(deployed: World) -> None:
    """A destroy's last backup is a Job that is made when the CronJobs are gone already."""
    project = deployed.project
    for binding in ("postgres-backup", "postgres-backup-verify"):
        name = f"{NAMESPACE}-postgres-console-{binding}"
        found = project.get(f"validatingadmissionpolicybinding {name}")
        assert found["spec"]["paramRef"]["parameterNotFoundAction"] == "Allow"
    policy = project.get(f"validatingadmissionpolicy {NAMESPACE}-postgres-console")
    (label,) = policy["spec"]["matchConstraints"]["namespaceSelector"]["matchLabels"].values()
    assert label == NAMESPACE


def test_it_cannot_write_to_the_store(deployed: World) -> None:
    listing = sorted(path.name for path in deployed.mount.iterdir())
    done = deployed.project.run(
        f"kubectl -n {NAMESPACE} exec {DEPLOY} -- sh -c 'touch /backup/x'", status=None
    )
    assert done.status != 0
    assert "Read-only file system" in done.output
    assert sorted(path.name for path in deployed.mount.iterdir()) == listing


@pytest.mark.long
def test_switched_off_nothing_is_left_and_make_up_keeps_to_it(deployed: World) -> None:
    project = deployed.project
    project.run("pulumi config set --path console.enabled false")
    try:
        done = project.run("make up")
        assert "make console" not in done.output
        gone = project.kubectl(f"-n {NAMESPACE} get all,pvc,role -l app=postgres-console -o name")
        assert gone == "", "off again, nothing is left"
    finally:
        project.run("pulumi config rm --path console.enabled")
    assert "make console" in project.run("make up").output, "and on again by itself"
    project.pulumi("preview --expect-no-changes")
    project.kubectl(f"-n {NAMESPACE} rollout status {DEPLOY} --timeout=120s")


def test_status_says_good_and_as_json_the_same(deployed: World, saved: Saved) -> None:
    deployed.project.kubectl(
        f"-n {NAMESPACE} create job check-status --from=cronjob/postgres-backup-verify"
    )
    try:
        wait_for(
            "the verification",
            (deployed.mount / saved.set / "verified.json").is_file,
            JOB_DONE,
        )
        done = deployed.project.run("scripts/status-postgres.sh --json", status=None)
    finally:
        # It would go on with the sets of all earlier tests.
        deployed.project.kubectl(f"-n {NAMESPACE} delete job check-status")
    found = json.loads(done.stdout)
    assert (done.status, found["state"], found["problems"]) == (0, "good", [])
    assert found["limited"] is None, "the console has judged"
    assert saved.set in {each["set"] for each in found["sets"]}
