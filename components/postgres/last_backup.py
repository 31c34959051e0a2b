"""The last set before a server is deleted or replaced: its data claim goes with it.

The Job is made from the server that goes, as the cluster has it: the CronJob, the settings and the
stack's other objects may be gone or changed in just the situations in which this set matters.
"""

import asyncio
import contextlib
import json
import secrets
import time
from typing import Any

import pulumi

from components.cluster import names
from components.cluster.access import SECRETS, Access, client_env
from components.cluster.encryption import NAME, OPENED, OPENED_SIZE, VOLUME
from components.cluster.kubectl import Kubectl
from components.cluster.pods import SCRIPTS, SERVER_WAIT, STORE
from components.settings.types import OnDestroy

START_SECONDS = 300
"""A pod that does not run after so long has a reason, and the reason is shown."""
LABEL = {"brewget.dev/last-set": "true"}
_MOUNTS = {"/tmp", SCRIPTS, SECRETS, STORE}  # noqa: S108 (a mount)


def last_backup(
    name: str, context: str, *, on_destroy: OnDestroy, timeout: int
) -> pulumi.ResourceHook:
    """A hook that takes a set before the server goes, or keeps the server.

    `timeout` in seconds. Registered under every setting: the state names it, and a destroy looks
    it up by that name.
    """

    async def take(args: pulumi.ResourceHookArgs) -> None:
        # The server that goes, not the one that the settings describe now.
        server = (args.old_inputs or {})["metadata"]
        kubectl = Kubectl(context, server["namespace"])
        if on_destroy is OnDestroy.NOTHING:
            lost = await asyncio.to_thread(lost_without, kubectl, server["name"])
            pulumi.log.warn(f"backup.onDestroy is 'nothing', so no last set is taken: {lost}")
            return
        try:
            taken = await asyncio.to_thread(take_set, kubectl, server["name"], timeout)
        except (RuntimeError, OSError) as error:
            lost = await asyncio.to_thread(lost_without, kubectl, server["name"])
            raise pulumi.RunError(
                f"The last backup before the server is deleted failed, so it stays. {error}\n"
                "To delete it all the same: pulumi config set --path backup.onDestroy nothing; "
                f"then {lost}"
            ) from error
        pulumi.log.info(taken)

    return pulumi.ResourceHook(name, take)


def take_set(kubectl: Kubectl, server: str, timeout: int) -> str:
    """Takes a set and says which. Raises RuntimeError, with the reason, when none was taken."""
    found = kubectl.get("statefulset", server)
    if not found:
        return "The server is gone already, so no last set is taken"
    _clear(kubectl)  # of a destroy that was killed
    job = job_of(found[0], f"{names.BACKUP}-last-{secrets.token_hex(4)}", timeout)
    kubectl.run("create", "-f", "-", stdin=json.dumps(job))
    try:
        return f"Last set before the server is deleted: {_await(kubectl, job['metadata']['name'])}"
    finally:
        _clear(kubectl)


def _clear(kubectl: Kubectl) -> None:
    """Remove the Jobs made here: a pod holds its claims even when it has ended.

    A Job that does not go is no reason to call a set that was taken a failure: if its pod holds a
    claim, the destroy says so itself.
    """
    chosen = ",".join(f"{key}={value}" for key, value in LABEL.items())
    with contextlib.suppress(RuntimeError):
        kubectl.run("delete", "job", "-l", chosen, "--cascade=foreground", "--timeout=60s")


def job_of(server: dict[str, Any], name: str, timeout: int) -> dict[str, Any]:
    """The Job that takes a set of `server`, a StatefulSet as the cluster has it."""
    namespace, template = server["metadata"]["namespace"], server["spec"]["template"]
    pod = template["spec"]
    (container,) = (one for one in pod["containers"] if one["name"] == "postgres")
    mounts = [one for one in container["volumeMounts"] if one["mountPath"] in _MOUNTS]
    mounted = {one["name"] for one in mounts}
    env: dict[str, Any] = {one["name"]: one.get("value", "") for one in container["env"]}
    env |= client_env(Access(host=names.address(namespace, server["spec"]["serviceName"])))
    env["BACKUP_SERVER_WAIT"] = str(SERVER_WAIT)
    worker: dict[str, Any] = {
        "name": names.BACKUP,
        "image": container["image"],
        "command": ["bash", f"{SCRIPTS}/backup.sh", "--reason", "before-delete"],
        "env": [{"name": key, "value": value} for key, value in sorted(env.items())],
        "resources": container["resources"],
        "securityContext": container["securityContext"],
        "volumeMounts": mounts,
    }
    labels = names.PART_OF | names.CLIENT_LABELS | {"app": names.BACKUP}
    spec: dict[str, Any] = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod["securityContext"],
        "containers": [worker],
        "volumes": [one for one in pod["volumes"] if one["name"] in mounted],
    }
    _encrypt(spec, pod)
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels | LABEL},
        "spec": {
            # The person who deletes sees a failure and decides; another try would decide instead.
            "backoffLimit": 0,
            "activeDeadlineSeconds": timeout,
            "ttlSecondsAfterFinished": 86_400,
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def _encrypt(spec: dict[str, Any], server: dict[str, Any]) -> None:
    """As the server's sets are encrypted, so is the last one: as in the CronJob's pod."""
    (reader,) = (one for one in server["initContainers"] if one["name"] == "prepare-data")
    keys = [one for one in reader["env"] if one["name"].startswith("ENCRYPTION_")]
    if not keys:
        return
    (worker,) = spec["containers"]
    opened = {"name": "opened", "mountPath": OPENED}
    common = [*worker["env"], {"name": "ENCRYPTION_OPENED", "value": OPENED}]
    opening = worker | {
        "name": NAME,
        "image": reader["image"],
        "command": ["bash", f"{SCRIPTS}/key.sh", "--try"],
        "env": [*common, *keys],
        "volumeMounts": [
            *worker["volumeMounts"],
            *(one for one in reader["volumeMounts"] if one["name"] == VOLUME),
            opened,
        ],
    }
    worker["image"] = reader["image"]
    worker["env"] = [*common, *(one for one in keys if one["name"] != "ENCRYPTION_IDENTITY")]
    worker["volumeMounts"] = [*worker["volumeMounts"], opened | {"readOnly": True}]
    spec["initContainers"] = [opening]
    spec["volumes"] += [
        *(one for one in server["volumes"] if one["name"] == VOLUME),
        {"name": "opened", "emptyDir": {"medium": "Memory", "sizeLimit": OPENED_SIZE}},
    ]


def lost_without(kubectl: Kubectl, server: str) -> str:
    """What a person loses who deletes the server as it is."""
    since = "the newest set"
    try:
        look = ["exec", f"{server}-0", "-c", "postgres", "--", "ls", STORE]
        listed = kubectl.run(*look, seconds=30).stdout
    except (RuntimeError, OSError):
        listed = ""  # a server that does not run cannot be asked which set is its newest
    sets = sorted(word for word in listed.split() if word.startswith("backup_"))
    return f"what was written since {sets[-1] if sets else since} is lost"


def _await(kubectl: Kubectl, job: str) -> str:
    """The set's name, once the Job has ended well."""
    began = time.monotonic()
    while True:
        found: list[Any] = kubectl.get("job", job)
        status = found[0]["status"] if found else {"failed": 1}
        if status.get("succeeded"):
            return _said(kubectl, job, "backup_")
        if status.get("failed"):
            raise RuntimeError(f"Job {job} failed: {_why(kubectl, job, status)}")
        if time.monotonic() - began > START_SECONDS and (reason := _waits(kubectl, job)):
            raise RuntimeError(f"Job {job} did not start within {START_SECONDS} s: {reason}")
        time.sleep(1)


def _why(kubectl: Kubectl, job: str, status: dict[str, Any]) -> str:
    """The last line of a failed Job. At its deadline the pod is gone, and with it the log."""
    reasons = [one.get("reason") for one in status.get("conditions", []) if one["type"] == "Failed"]
    if "DeadlineExceeded" in reasons:
        return "it was stopped at its time limit (backup.timeout)"
    return _said(kubectl, job, "")


def _said(kubectl: Kubectl, job: str, prefix: str) -> str:
    """The last line of a Job's log that begins with `prefix`."""
    look = ["logs", f"job/{job}", "--tail=40"]
    try:
        lines = kubectl.run(*look).stdout.splitlines()
    except RuntimeError as error:
        try:
            # Where that has failed, the other has not begun.
            lines = kubectl.run(*look, "-c", NAME).stdout.splitlines()
        except RuntimeError:
            return f"its log cannot be read ({error})"
    return next((line for line in reversed(lines) if line.startswith(prefix)), "it said nothing")


def _waits(kubectl: Kubectl, job: str) -> str:
    """Why the Job's pod does not run yet, or nothing when it runs."""
    pods: list[Any] = kubectl.get("pods", "-l", f"job-name={job}")
    for pod in pods:
        if pod["status"].get("phase") != "Pending":
            return ""
        for container in pod["status"].get("containerStatuses", []):
            waiting = container["state"].get("waiting", {})
            return f"{waiting.get('reason')} {waiting.get('message', '')}".strip()
    return "it has no pod" if not pods else "no node takes its pod"
