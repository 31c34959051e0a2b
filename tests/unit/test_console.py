"""The console's resources: none when it is off, the least rights when it is on."""

import subprocess
import tomllib
from pathlib import Path

import pulumi
import pytest
from pydantic import TypeAdapter

from components import (
    BackupSchedule,
    BackupScheduleArgs,
    BackupStorage,
    BackupStorageArgs,
    Console,
    ConsoleArgs,
    PostgresDatabase,
    PostgresDatabaseArgs,
)
from components.cluster.kubectl import Kubectl
from components.console import admission
from components.settings import console as console_settings
from console.settings import from_environment
from localcluster import images, recipes
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder, Secret
from tests.unit.test_settings import refusal

ROOT = Path(__file__).resolve().parents[2]
IS_POSSIBLE = admission.is_possible  # before the other tests' cluster says yes to all
ON = {"console.enabled": "true", "namespace": "ales", "console.image": "registry.local/console:7"}


@pytest.fixture(name="stack")
def _stack(deploy: Deploy) -> Recorder:
    return deploy(config=ON)


def ours(stack: Recorder) -> dict[str, str]:
    return {r.name: r.kind for r in stack.resources if r.name.split("-")[0] == "console"}


@pytest.mark.parametrize(
    ("said", "possible"),
    [
        ("kubectl get x ended with 1: error: the server doesn't have a resource type", False),
        ("kubectl get x ended with 1: Error from server (Forbidden): cannot list", False),
        ("kubectl auth can-i create x ended with 1: ", False),
        ("kubectl auth can-i create x ended with 1: Unable to connect to the server", True),
        ("kubectl get x was not done after 120 s", True),
        ("", True),
    ],
)
def test_the_policy_is_left_out_only_where_the_cluster_says_no(
    said: str, possible: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(*_: object) -> list[object]:
        if said:
            raise RuntimeError(said)
        return []

    monkeypatch.setattr(Kubectl, "get", answer if " get " in said else lambda *_: [])
    monkeypatch.setattr(Kubectl, "run", answer)
    assert IS_POSSIBLE(Kubectl("ales", "default")) is possible


def environment(stack: Recorder) -> dict[str, str]:
    (container,) = stack.one("Deployment")["spec"]["template"]["spec"]["containers"]
    return {entry["name"]: entry["value"] for entry in container["env"]}


def test_off_it_adds_no_resource(deploy: Deploy) -> None:
    assert ours(deploy()) == {}
    assert deploy().all("Deployment") == []


def test_on_it_adds_these_and_changes_no_other(deploy: Deploy, stack: Recorder) -> None:
    assert ours(stack) == {
        "console": "Console",
        "console-account": "ServiceAccount",
        "console-role": "Role",
        "console-binding": "RoleBinding",
        "console-admission": "ValidatingAdmissionPolicy",
        "console-admission-postgres-backup": "ValidatingAdmissionPolicyBinding",
        "console-admission-postgres-backup-verify": "ValidatingAdmissionPolicyBinding",
        "console-token-password": "Stash",
        "console-secret": "Secret",
        "console-state": "PersistentVolumeClaim",
        "console-clients": "NetworkPolicy",
        "console-service": "Service",
        "console-deployment": "Deployment",
    }
    off = deploy(config={"namespace": "ales"})
    rest = {r.name for r in stack.resources} - ours(stack).keys()
    assert rest == {r.name for r in off.resources}


def test_it_may_look_and_create_jobs_and_nothing_else(stack: Recorder) -> None:
    rights = {
        (resource, verb)
        for rule in stack.one("Role")["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert rights == {
        ("cronjobs", "get"),
        ("cronjobs", "list"),
        ("jobs", "get"),
        ("jobs", "list"),
        ("jobs", "create"),
        ("pods", "list"),
        ("pods/log", "get"),
    }
    (subject,) = stack.one("RoleBinding")["subjects"]
    pod = stack.one("Deployment")["spec"]["template"]["spec"]
    assert subject["name"] == pod["serviceAccountName"] == "postgres-console"
    assert subject["namespace"] == "ales"
    assert stack.one("ServiceAccount")["automountServiceAccountToken"] is False


def test_its_pod_reads_the_store_and_has_the_least_rights(stack: Recorder) -> None:
    pod = stack.one("Deployment")["spec"]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 70
    (container,) = pod["containers"]
    assert container["image"] == "registry.local/console:7"
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    writable = {m["mountPath"] for m in container["volumeMounts"] if not m["readOnly"]}
    assert writable == {"/state", "/tmp"}  # noqa: S108 (a mount)
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    assert "postgres-superuser" not in str(pod)
    assert stack.one("Deployment")["spec"]["strategy"]["type"] == "Recreate"


def test_its_environment_is_what_it_reads(deploy: Deploy) -> None:
    stack = deploy(
        config=ON | {"verify.repeatDays": "40", "verify.scrubDays": "9", "recovery.rpo": "1d6h", "recovery.rto": "90m", "console.proxyHeader": "X-User", "console.proxyAddresses": "10.0.0.0/8  10.1.2.3", "console.notifySuccess": "true", "console.digest": "weekly"},
        secret={"console.notifyUrls": "json://a mailto://b", "console.heartbeatUrl": "https://ping"},
    )  # fmt: skip
    settings = from_environment(environment(stack))
    assert settings.namespace == "ales"
    assert (settings.repeat_days, settings.scrub_days) == (40, 9)
    assert (settings.rpo_seconds, settings.rto_seconds) == (30 * 3600, 90 * 60)
    assert settings.store_id == "request\nstdout of backup-store"
    assert str(settings.notify_file) == "/run/secrets/console/urls"
    assert (settings.notify_success, settings.digest) == (True, "weekly")
    assert str(settings.heartbeat_file) == "/run/secrets/console/heartbeat"
    assert [str(network) for network in settings.proxy_addresses] == ["10.0.0.0/8", "10.1.2.3/32"]


@pytest.mark.parametrize("archive", [False, True])
def test_of_an_archive_it_knows_only_where_there_is_one(deploy: Deploy, archive: bool) -> None:
    def body() -> None:
        storage = BackupStorage("sets", BackupStorageArgs(namespace="ales"))
        database = PostgresDatabase("db", PostgresDatabaseArgs(namespace="ales", storage=storage))
        schedule = BackupSchedule("schedule", BackupScheduleArgs(source=database))
        Console(
            "page",
            ConsoleArgs(source=database, schedule=schedule, archive=archive, archive_hours=8),
        )

    found = environment(deploy(body))
    assert ("CONSOLE_ARCHIVE" in found, "CONSOLE_ARCHIVE_HOURS" in found) == (archive, archive)
    settings = from_environment(found)
    assert (settings.archive, settings.archive_hours) == (archive, 8 if archive else 6)
    assert found.get("CONSOLE_ARCHIVE_SETS") == ("0" if archive else None), (
        "they are copied nowhere"
    )


def test_token_and_urls_are_secret_and_the_token_is_kept(deploy: Deploy) -> None:
    stack = deploy(
        config=ON,
        secret={"console.notifyUrls": "json://zymurgy mailto://b", "console.heartbeatUrl": "https://x/zymurgy"},
        stashed={"console-token-password": "kept"},
    )  # fmt: skip
    data = stack.one("Secret", "postgres-console")["stringData"]
    assert isinstance(data, Secret)
    assert data.value == {
        "token": "kept",
        "urls": "json://zymurgy\nmailto://b",
        "heartbeat": "https://x/zymurgy",
    }
    for resource in stack.resources:
        if resource.kind not in {"Secret", "Stash"}:
            assert "zymurgy" not in str(resource.inputs), resource.name
    assert "CONSOLE_NOTIFY_FILE" in environment(stack)
    assert (
        not {
            "CONSOLE_NOTIFY_FILE",
            "CONSOLE_HEARTBEAT_FILE",
            "CONSOLE_NOTIFY_SUCCESS",
            "CONSOLE_DIGEST",
        }
        & environment(deploy(config=ON)).keys()
    )


def test_only_labelled_pods_reach_it(stack: Recorder) -> None:
    policy = stack.one("NetworkPolicy", "postgres-console-clients")["spec"]
    (rule,) = policy["ingress"]
    (peer,) = rule["from"]
    assert peer["podSelector"]["matchLabels"] == {"brewget.dev/console-client": "true"}
    assert policy["podSelector"]["matchLabels"] == {"app": "postgres-console"}
    service = stack.one("Service", "postgres-console")["spec"]
    assert service["type"] == "ClusterIP"
    labels = stack.one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert service["selector"].items() <= labels.items()
    server = stack.one("Service", "db")["spec"]["selector"]
    assert not server.items() <= labels.items()


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"console.enabled": "maybe"}, "console.enabled is 'maybe'. Allowed: true or false."),
        ({"console.proxyHeader": "X User"}, "console.proxyHeader is 'X User'. Allowed: a header's name."),
        ({"console.proxyHeader": "X-User"}, "console.proxyAddresses is not, and a header"),
        ({"console.proxyAddresses": "10.0.0.1"}, "console.proxyHeader is not, and a header"),
        ({"console.proxyAddresses": "10.0.0.1/8"}, "has host bits set"),
        ({"console.notifySuccess": "true"}, "console.notifySuccess is true, but console.notifyUrls is not set"),
        ({"console.digest": "weekly"}, "console.digest is 'weekly', but console.notifyUrls is not set"),
        ({"console.digest": "daily"}, "console.digest is 'daily'. Allowed: off or weekly."),
        ({"console.enabled": "false", "recovery.rpo": "12h"}, "recovery.rpo is '12h', but console.enabled is false and nobody would judge it. Example: pulumi config set --path console.enabled true"),
        ({"console.enabled": "false", "recovery.rto": "1h"}, "recovery.rto is '1h', but console.enabled is false"),
        ({"console.image": "no image"}, "console.image is 'no image'. Allowed: an image."),
    ],
)  # fmt: skip
def test_wrong_settings_are_refused(config: dict[str, str], words: str) -> None:
    (said,) = refusal(config)
    assert words in said


def test_budgets_beside_a_console_that_make_up_could_not_build_are_a_warning(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", said.append)
    deploy(config={"recovery.rpo": "13h", "recovery.rto": "2h"})
    assert said == [
        "recovery.rpo and recovery.rto are set, but there is no console, which alone judges that. "
        "To have one: pulumi config set --path console.enabled true"
    ]
    said.clear()
    deploy(config={"recovery.rpo": "13h", "console.enabled": "true"})
    assert said == []


def test_wrong_urls_are_refused_without_being_shown() -> None:
    (said,) = refusal({"console.notifyUrls": "zymurgy"}, "console")
    assert said.startswith("console.notifyUrls is (secret), but one of them is not a URL. Allowed:")
    (said,) = refusal({"console.notifyUrls": "json://zymurgy"})
    assert "is not encrypted" in said
    assert "zymurgy" not in said
    (said,) = refusal({"console.heartbeatUrl": "ftp://zymurgy"}, "console")
    assert "console.heartbeatUrl is (secret), but it is not an http:// or https:// URL." in said


def test_the_default_image_is_named_as_the_one_that_is_built() -> None:
    for image in (console_settings.IMAGE, recipes.CONSOLE.tag):
        assert TypeAdapter(console_settings.Image).validate_python(image)
        assert image.startswith(f"{images.CONSOLE_NAME}:")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == console_settings.VERSION


def test_its_image_is_built_and_loaded_only_on_demand() -> None:
    """A start builds ALL and loads every archive of ARCHIVES itself, not of folders below."""
    assert recipes.CONSOLE not in recipes.ALL
    assert recipes.CONSOLE.archive.parent.parent == images.ARCHIVES
    assert recipes.CONSOLE.archive.parent != images.ARCHIVES


def test_its_image_holds_what_it_is_made_of() -> None:
    """The Dockerfile copies by pattern; a new kind of file would be left out silently."""
    copied = {".py", ".html", ".css", ".js", ".svg"}
    left_out = {
        ".txt",
        ".lock",
        ".json",
        ".yaml",
        ".md",
        "",
    }  # for the build, Prometheus and Grafana
    listed = subprocess.run(
        ["git", "ls-files", "console"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {Path(name).suffix for name in listed} <= copied | left_out
    code = [Path(name) for name in listed if name.endswith(".py")]
    assert {path.parent for path in code} == {Path("console")}


def test_its_dockerfile_copies_only_what_git_has() -> None:
    """A source that need not be there is no error to BuildKit alone, and minikube has others."""
    lines = (ROOT / "console" / "Dockerfile").read_text().splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY ")]
    sources = [word for words in copied if not words[0].startswith("--") for word in words]
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    assert sources
    for source in sources:
        assert "[" not in source
        found = subprocess.run(
            [*listed, f"console/{source}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        assert found.stdout, f"{source} may be missing"


def test_no_database_waits_for_it(stack: Recorder) -> None:
    annotations = stack.one("Deployment")["metadata"]["annotations"]
    assert annotations["pulumi.com/skipAwait"] == "true"
