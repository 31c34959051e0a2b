"""The whole program on mocks: the promises that no single component can keep alone."""

import ast
import gc
import subprocess
from pathlib import Path

import pulumi
import pytest
import yaml

from components import pods, store_pod
from components.configuration import leaves, plain_default
from components.settings import IMAGE, Settings
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder, Secret

ROOT = Path(__file__).resolve().parents[2]
OTHER = "registry.local:5000/team/postgres:16.14"


def _parsed(path: Path) -> ast.Module:
    """A collection within the parser that drops what an earlier test left ends CPython 3.11 with
    "AST constructor recursion depth mismatch" (cpython issue 106905)."""
    gc.collect()
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


@pytest.fixture(name="stack")
def _stack(deploy: Deploy) -> Recorder:
    """The default stack, but for values that a hard-coded default would betray."""
    return deploy(
        config={
            "namespace": "ales",
            "postgres.image": OTHER,
            "postgres.databases": '["ale", "stout_log"]',
            "backup.schedule": "5 4 * * *",
            "backup.keep": "7",
            "backup.timeZone": "Europe/Berlin",
            "postgres.resources.memory": "640Mi",
        }
    )


def test_every_pod_runs_the_one_image(stack: Recorder) -> None:
    used = [
        container["image"]
        for pod in stack.pods().values()
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
    ]
    assert used == [OTHER] * 4
    assert f'"image": "{OTHER}"' in stack.one("Command", "backup-store")["stdin"]
    assert IMAGE not in str([resource.inputs for resource in stack.resources])


def test_pods_have_the_least_rights(stack: Recorder) -> None:
    for pod in stack.pods().values():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 70,
            "runAsGroup": 70,
            "fsGroup": 70,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["limits"] == {"memory": "640Mi"}


def test_the_namespace_enforces_baseline_and_warns_of_restricted(stack: Recorder) -> None:
    labels = stack.one("Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
    assert labels["pod-security.kubernetes.io/warn"] == "restricted"


def test_every_mount_has_its_volume_and_every_volume_its_mount(stack: Recorder) -> None:
    for pod in stack.pods().values():
        spec = pod["spec"]
        mounted = {
            mount["name"]
            for container in [*spec["containers"], *spec.get("initContainers", [])]
            for mount in container["volumeMounts"]
        }
        assert mounted == {volume["name"] for volume in spec["volumes"]}


def test_every_script_that_a_pod_runs_or_mounts_exists(stack: Recorder) -> None:
    shipped = stack.one("ConfigMap", "postgres-backup-scripts")["data"]
    assert {path.name for path in (ROOT / "scripts").glob("*.sh")} == shipped.keys()
    text = str(stack.pods()) + stack.one("Command", "backup-store")["stdin"]
    named = {
        word.split(".sh")[0] + ".sh" for word in text.split("/backup-scripts/")[1:] if ".sh" in word
    }
    items = {
        item["key"]
        for pod in stack.pods().values()
        for volume in pod["spec"]["volumes"]
        for item in volume.get("configMap", {}).get("items", [])
    }
    assert items == {"init-databases.sh"}
    assert named == {"backup.sh", "verify.sh", "prepare-data.sh", "init-store.sh"}
    assert named | items <= shipped.keys()


def test_commands_run_programs_that_exist(stack: Recorder) -> None:
    for command in stack.all("Command"):
        for word in command["create"].split():
            if word.endswith(".sh"):
                assert (ROOT / word).is_file(), word
                assert (ROOT / word).stat().st_mode & 0o111, f"{word} cannot be run"


def test_mounted_secrets_exist_with_their_keys(stack: Recorder) -> None:
    made = {s["metadata"]["name"]: s["stringData"].value for s in stack.all("Secret")}
    for pod in stack.pods().values():
        (volume,) = [v for v in pod["spec"]["volumes"] if v["name"] == "secrets"]
        assert volume["projected"]["defaultMode"] == 0o440
        paths = {}
        for source in volume["projected"]["sources"]:
            (item,) = source["secret"]["items"]
            assert item["key"] in made[source["secret"]["name"]]
            paths[item["path"]] = source["secret"]["name"]
        assert paths == {
            "superuser": "postgres-superuser",
            "ca.crt": "db-tls",
            "roles/ale": "db-ale",
            "roles/stout_log": "db-stout-log",
        }


def test_the_service_selects_the_server_and_nothing_else(stack: Recorder) -> None:
    selector = stack.one("Service", "db")["spec"]["selector"]
    matching = {
        name
        for name, pod in stack.pods().items()
        if selector.items() <= pod["metadata"]["labels"].items()
    }
    assert matching == {"postgres"}
    server = stack.one("StatefulSet")["spec"]
    assert (
        server["selector"]["matchLabels"].items()
        <= server["template"]["metadata"]["labels"].items()
    )
    assert server["serviceName"] == "db"


def test_only_labelled_clients_and_the_jobs_reach_the_server(stack: Recorder) -> None:
    policy = stack.one("NetworkPolicy")["spec"]
    (rule,) = policy["ingress"]
    (peer,) = rule["from"]
    needed = peer["podSelector"]["matchLabels"].items()
    assert peer["namespaceSelector"] == {}
    assert rule["ports"] == [{"port": 5432}]
    assert policy["podSelector"]["matchLabels"] == {"app": "postgres"}
    for name in ("postgres-backup", "postgres-backup-verify"):
        assert needed <= stack.pods()[name]["metadata"]["labels"].items()


def test_anyone_may_connect_without_a_policy(deploy: Deploy) -> None:
    assert deploy(config={"postgres.clients": "anyone"}).all("NetworkPolicy") == []


def test_probes_ask_by_tcp_and_live_only_after_startup(stack: Recorder) -> None:
    (server,) = stack.pods()["postgres"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        command = server[probe]["exec"]["command"]
        assert command[0] == "pg_isready"
        assert command[command.index("-h") + 1] == "127.0.0.1"
    startup = server["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 1800
    assert stack.pods()["postgres"]["spec"]["terminationGracePeriodSeconds"] >= 60


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


def test_the_drill_knows_the_room_that_its_volume_has(deploy: Deploy) -> None:
    stack = deploy(config={"verify.scratchSize": "3Gi"})
    (spec,) = (
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for job in stack.all("CronJob")
        if job["metadata"]["name"] == "postgres-backup-verify"
    )
    (container,) = spec["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["VERIFY_SCRATCH_BYTES"] == str(3 * 2**30)
    sizes = {v["name"]: v["emptyDir"].get("sizeLimit") for v in spec["volumes"] if "emptyDir" in v}
    assert sizes["scratch"] == "3Gi"


def test_the_store_id_reaches_every_pod(stack: Recorder) -> None:
    for name, pod in stack.pods().items():
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
            env = {entry["name"]: entry["value"] for entry in container["env"]}
            assert env["BACKUP_STORE_ID"] == "request\nstdout of backup-store", name
            assert env["BACKUP_KEEP"] == "7"


def test_secrets_are_secret(deploy: Deploy) -> None:
    password = "zymurgy-ünïcode '\"$%/"
    stack = deploy(secret={"postgres.password": password})
    for secret in stack.all("Secret"):
        assert isinstance(secret["stringData"], Secret)
    assert stack.one("Secret", "postgres-superuser")["stringData"].value["password"] == password
    assert stack.secret_exports == {"connection_strings"}
    for resource in stack.resources:
        if resource.kind not in {"Secret", "Stash"}:
            assert "zymurgy" not in str(resource.inputs), resource.name


def test_a_new_password_restarts_the_server(deploy: Deploy) -> None:
    seen = [
        deploy(secret={"postgres.password": word}, stashed=STASHED).pods()["postgres"]["metadata"][
            "annotations"
        ]
        for word in ("one", "two")
    ]
    assert seen[0] != seen[1]


STASHED = {
    "postgres-brewget_auth-password": "kept-1",
    "postgres-brewget_settings-password": "kept-2",
    "postgres-superuser-password": "kept-3",
}


def test_generated_passwords_are_those_of_the_state(deploy: Deploy) -> None:
    stack = deploy(stashed=STASHED)
    data = {s["metadata"]["name"]: s["stringData"].value for s in stack.all("Secret")}
    assert data["postgres-superuser"]["password"] == "kept-3"
    assert data["db-brewget-auth"]["uri"] == (
        "postgresql://brewget_auth:kept-1@db.brewget.svc.cluster.local:5432/brewget_auth"
        "?sslmode=require"
    )
    for stash in stack.all("Stash"):
        assert stash.ignore_changes == ["input"], "each preview would show an update"


def test_a_new_generation_makes_new_passwords(deploy: Deploy) -> None:
    names = {s.name for s in deploy(config={"postgres.passwordGeneration": "2"}).all("Stash")}
    assert names == {
        "backup-place",
        "postgres-ca",
        "postgres-data-class",
        *(f"{name}-2" for name in STASHED),
    }


def test_children_belong_to_their_component_and_cluster(stack: Recorder) -> None:
    components = {r.urn for r in stack.resources if r.type.startswith("brewget:")}
    assert len(components) == 6
    top = [
        r.name for r in stack.resources if r.urn not in components and r.parent not in components
    ]
    assert top == ["cluster", "namespace"]
    for resource in stack.resources:
        if resource.type.startswith("kubernetes:"):
            assert "::cluster::" in resource.provider, resource.name


def test_everything_of_the_last_backup_outlives_the_server(stack: Recorder) -> None:
    """`destroy` runs the hook while the server is deleted: a Job of the CronJob, on the claim."""
    server = stack.one("StatefulSet")
    assert server.hooks == {"beforeDelete": ["last-backup"]}
    needed = stack.urns("CronJob", "PersistentVolumeClaim", "Secret", "Service", "NetworkPolicy")
    assert needed <= set(server.depends_on)


def test_nothing_is_protected_and_the_volume_keeps_its_files(stack: Recorder) -> None:
    """Protection would only stop `destroy`; what keeps the sets is the reclaim policy."""
    volume = stack.one("PersistentVolume")["spec"]
    assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    assert not any(r.protect or r.retain_on_delete for r in stack.resources)


def test_the_volume_waits_for_its_own_claim_by_name(stack: Recorder) -> None:
    volume, claim = (
        stack.one("PersistentVolume"),
        stack.one("PersistentVolumeClaim", "backup-claim"),
    )
    assert volume["spec"]["claimRef"] == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "namespace": "ales",
        "name": "postgres-backup-pvc",
    }
    assert claim["spec"]["volumeName"] == volume["metadata"]["name"] == "postgres-backup-pv"
    assert claim["spec"]["storageClassName"] == volume["spec"]["storageClassName"] == "manual"
    assert claim.hooks == {"beforeCreate": ["backup-readopt"]}


def test_commands_name_the_context_and_carry_no_password(deploy: Deploy) -> None:
    stack = deploy(config={"kubeContext": "other"}, secret={"postgres.password": "zymurgy"})
    commands = stack.all("Command")
    assert len(commands) == 4
    for command in commands:
        assert " --context other --namespace brewget " in command["create"] + " "
        assert "zymurgy" not in str(command.inputs)
        assert "delete" not in command.inputs
        assert str(ROOT) not in str(command.inputs), "the state would differ between machines"


def test_another_class_of_the_data_claim_is_refused(deploy: Deploy) -> None:
    """Pulumi would delete the claim to make another: the data, without a last set."""
    with pytest.raises(pulumi.RunError, match="storageClass is now 'fast'") as refused:
        deploy(config={"postgres.storageClass": "fast"}, stashed={"postgres-data-class": "slow"})
    assert "pulumi destroy --run-program" in str(refused.value)
    assert "pulumi config set postgres.storageClass 'slow'" in str(refused.value)


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


def test_a_long_restore_is_awaited(deploy: Deploy) -> None:
    ready = deploy(config={"startup.timeout": "7200"}).one("Command", "postgres-ready")
    assert ready.timeouts == {"create": "7260s", "update": "7260s"}
    assert ready["create"].endswith(" postgres 7200")


KINDS = {
    "hostPath": ({}, ["PersistentVolume", "PersistentVolumeClaim"]),
    "nfs": (
        {"backup.storage.server": "nas.local", "backup.storage.path": "/export/sets"},
        ["PersistentVolume", "PersistentVolumeClaim"],
    ),
    "storageClass": ({"backup.storage.storageClass": "standard"}, ["PersistentVolumeClaim"]),
    "existingClaim": ({"backup.storage.claim": "mine"}, []),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_of_storage_makes_only_what_it_needs(deploy: Deploy, kind: str) -> None:
    extra, expected = KINDS[kind]
    stack = deploy(config={"backup.storage.kind": kind} | extra)
    ours = {r.kind for r in stack.resources if r.name.startswith("backup-")} - {"Stash", "Command"}
    assert sorted(ours) == expected
    root = '"runAsUser": 0' in stack.one("Command", "backup-store")["stdin"]
    assert root == (kind == "hostPath"), "root only where the directory is root's"
    claim = "mine" if kind == "existingClaim" else "postgres-backup-pvc"
    for pod in stack.pods().values():
        (volume,) = [v for v in pod["spec"]["volumes"] if v["name"] == "backup"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim


@pytest.mark.parametrize(
    ("key", "value"),
    [("path", "/data/elsewhere"), ("size", "3Gi")],
)
def test_a_place_that_would_strand_sets_is_refused(deploy: Deploy, key: str, value: str) -> None:
    made = "hostPath /mnt/data/brewget-postgres-backups (2Gi)"
    with pytest.raises(pulumi.RunError, match="To move: pulumi destroy") as refused:
        deploy(config={f"backup.storage.{key}": value}, stashed={"backup-place": made})
    assert made in str(refused.value)
    assert value in str(refused.value)


def test_the_store_pod_passes_baseline() -> None:
    pod = store_pod.manifest(Settings(), "claim")["spec"]
    own, init = pod["initContainers"][0]["securityContext"], pod["containers"][0]["securityContext"]
    assert own["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN"]}
    assert (own["runAsUser"], init["runAsUser"]) == (0, pods.UID)
    assert init["capabilities"]["add"] == []
    assert not any("hostPath" in volume for volume in pod["volumes"])


def test_pulumi_yaml_and_the_model_agree() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    types = {str: "string", int: "integer", bool: "boolean", list: "array"}
    expected = {}
    for key, field in leaves(Settings).items():
        default = plain_default(field)
        name = f'["{key}"]' if "." in key else key
        items = {"items": {"type": "string"}} if isinstance(default, list) else {}
        expected[name] = {
            "type": types[type(default)],
            "default": default,
            "description": field.description,
        } | items
    assert declared == expected


def test_the_stack_for_minikube_sets_only_what_the_model_knows() -> None:
    # As committed: `make up` writes this machine's own settings into the file.
    text = subprocess.run(
        ["git", "show", ":Pulumi.dev.yaml"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    config = yaml.safe_load(text)["config"]
    assert {key.removeprefix("brewget:") for key in config} <= leaves(Settings).keys()


def test_the_entry_point_is_a_table_of_contents() -> None:
    path = ROOT / "__main__.py"
    assert len(path.read_text().splitlines()) < 60
    assert not [node for node in ast.walk(_parsed(path)) if isinstance(node, ast.If | ast.For)]


def test_no_file_is_too_long_to_read() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "components"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    lines = {name: len((ROOT / name).read_text().splitlines()) for name in listed}
    assert {name: count for name, count in lines.items() if count > 250} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "components").glob("*.py")), ids=lambda p: p.stem)
def test_importing_does_nothing(path: Path) -> None:
    """What a test or another program gets must not depend on what ran before the import."""
    calls = [
        node
        for node in _parsed(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ]
    assert calls == []
