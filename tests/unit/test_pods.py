"""What every pod of the stack has: the image, the least rights, its mounts, its secrets."""

import json
import re

from components.cluster.pods import UID
from components.settings.postgres import IMAGE
from tests.unit.conftest import OTHER_IMAGE, ROOT, Deploy
from tests.unit.recorder import Recorder

POD = ROOT / "scripts" / "pod"


def test_every_pod_runs_the_one_image(stack: Recorder) -> None:
    used = [
        container["image"]
        for pod in stack.pods().values()
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
    ]
    assert used == [OTHER_IMAGE] * 4
    assert f'"image": "{OTHER_IMAGE}"' in stack.one("Command", "backup-store")["stdin"]
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


def test_every_container_knows_its_user_whatever_its_image_says(stack: Recorder) -> None:
    """initdb wants a name; in Debian's image postgres is 999, and what 70 wrote is closed to it."""
    lines = (POD / "etc/passwd").read_text().splitlines()
    users = {name: int(uid) for name, _, uid, *_ in (line.split(":") for line in lines)}
    assert users == {"root": 0, "postgres": UID}
    for pod in stack.pods().values():
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
            found = [m for m in container["volumeMounts"] if m["mountPath"] == "/etc/passwd"]
            assert [(m["name"], m["subPath"], m["readOnly"]) for m in found] == [
                ("scripts", "etc/passwd", True)
            ]


def test_the_group_that_may_read_the_sets_is_every_pods_own(deploy: Deploy) -> None:
    """So that their files are its; only the jobs, which write sets, leave it the right."""
    stack = deploy(config={"backup.storage.group": "1002", "console.enabled": "true"})
    for name, pod in stack.pods().items():
        assert pod["spec"]["securityContext"]["runAsGroup"] == 1002, name
    wide = {
        name: {x["name"]: x.get("value") for x in pod["spec"]["containers"][0]["env"]}
        for name, pod in stack.pods().items()
    }
    umasks = {name: env.get("BACKUP_UMASK") for name, env in wide.items()}
    assert umasks.pop("postgres") is None
    assert set(umasks.values()) == {"027"}
    console = stack.one("Deployment")["spec"]["template"]["spec"]
    assert console["securityContext"]["runAsGroup"] == 1002


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
    files = {str(path.relative_to(POD)) for path in POD.rglob("*") if path.is_file()}
    text = str(stack.pods()) + stack.one("Command", "backup-store")["stdin"]
    run = {found + ".sh" for found in re.findall(r"/backup-scripts/([\w-]+)\.sh", text)}
    assert run == {"backup.sh", "verify.sh", "prepare-data.sh", "serve.sh", "init-store.sh"}
    assert shipped.keys() == {file.replace("/", ".") for file in files}
    assert sum(len(value) for value in shipped.values()) < 1 << 20
    pods = [*stack.pods().values(), json.loads(stack.one("Command", "backup-store")["stdin"])]
    volumes = [volume for pod in pods for volume in pod["spec"]["volumes"]]
    for volume in volumes:
        mounted = {
            item["path"]: shipped[item["key"]]
            for item in volume.get("configMap", {}).get("items", [])
        }
        if volume["name"] == "scripts":
            assert mounted == {file: (POD / file).read_text() for file in files}
        elif volume["name"] == "initdb":
            assert mounted.keys() == {"init-databases.sh"}
    assert len([volume for volume in volumes if volume["name"] == "scripts"]) == len(pods)


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


def test_probes_ask_by_tcp_and_live_only_after_startup(stack: Recorder) -> None:
    (server,) = stack.pods()["postgres"]["spec"]["containers"]
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        command = server[probe]["exec"]["command"]
        assert command[0] == "pg_isready"
        assert command[command.index("-h") + 1] == "127.0.0.1"
    startup = server["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 1800
    assert stack.pods()["postgres"]["spec"]["terminationGracePeriodSeconds"] >= 60


def test_the_store_id_reaches_every_pod(stack: Recorder) -> None:
    for name, pod in stack.pods().items():
        for container in [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]:
            env = {entry["name"]: entry["value"] for entry in container["env"]}
            assert env["BACKUP_STORE_ID"] == "request\nstdout of backup-store", name
            kept = [env[f"BACKUP_KEEP{tier}"] for tier in ("", "_DAILY", "_WEEKLY", "_MONTHLY")]
            assert kept == ["7", "6", "5", "4"], name


def test_the_verification_knows_the_room_that_its_volume_has(deploy: Deploy) -> None:
    stack = deploy(config={"verify.scratchSize": "3Gi", "verify.timeout": "600"})
    (spec,) = (
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        for job in stack.all("CronJob")
        if job["metadata"]["name"] == "postgres-backup-verify"
    )
    (container,) = spec["containers"]
    environment = {entry["name"]: entry["value"] for entry in container["env"]}
    assert environment["VERIFY_SCRATCH_BYTES"] == str(3 * 2**30)
    assert environment["VERIFY_SECONDS"] == "500", "of 600: the last one begun has time to end"
    sizes = {v["name"]: v["emptyDir"].get("sizeLimit") for v in spec["volumes"] if "emptyDir" in v}
    assert sizes["scratch"] == "3Gi"
