"""What the stack needs of a cluster, each by a pod that really uses it."""

import http.client
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from localcluster import images
from localcluster.layout import REPOSITORY
from tests.lib.waiting import wait_for
from tests.localcluster.handle import IMAGE, Handle, pod
from toolchain import userland

POD_LIMIT = 30.0
"""PostgreSQL with a new claim, initdb included; 4 s where nothing else runs on a quick machine."""

VOLUMES = "ls /tmp/hostpath-provisioner"

WEB = "mkdir -p /tmp/www; echo hello >/tmp/www/index.html; exec httpd -f -p 8080 -h /tmp/www"


def _service(name: str, port: int) -> dict[str, object]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": port}]},
    }


@pytest.fixture
def web(cluster: Handle) -> Iterator[Handle]:
    """A pod with a web server behind the Service `web`."""
    cluster.apply(_service("web", 8080), pod("web", container={"command": ["sh", "-c", WEB]}))
    cluster.wait_ready("web")
    yield cluster
    cluster.kubectl("delete", "pod/web", "service/web", "--now")


def test_postgres_with_a_claim_of_the_default_class_is_soon_ready(cluster: Handle) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    server = {
        "command": ["docker-entrypoint.sh", "postgres"],
        "securityContext": {"runAsUser": 70, "runAsGroup": 70, "runAsNonRoot": True},
        "env": [
            {"name": "POSTGRES_PASSWORD", "value": "it's a $ecret"},
            {"name": "PGDATA", "value": "/var/lib/postgresql/data/pgdata"},
        ],
        "readinessProbe": {
            "exec": {"command": ["pg_isready", "-h", "127.0.0.1"]},
            "periodSeconds": 1,
        },
        "volumeMounts": [{"name": "data", "mountPath": "/var/lib/postgresql/data"}],
    }
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}

    began = time.monotonic()
    cluster.apply(claim, _service("db", 5432), pod("db", container=server, volumes=[volume]))
    cluster.wait_ready("db")
    assert time.monotonic() - began <= POD_LIMIT

    query = (
        'PGPASSWORD="it\'s a $"ecret psql -h db.default.svc.cluster.local -U postgres'
        " -Atc 'SHOW server_version'"
    )
    assert cluster.execute("db", query) == "16.15\n"
    volume_name = cluster.kubectl("get", "pvc/data", "-o", "jsonpath={.spec.volumeName}")
    # Its own: a claim that is made again never shares it with the removal of the old one.
    assert cluster.in_node(VOLUMES) == f"default-data-{volume_name}\n"
    cluster.kubectl("delete", "pod/db", "service/db", "pvc/data", "--now")
    wait_for(
        "the volume's directory to go with its claim",
        lambda: cluster.in_node(VOLUMES) == "",
        timeout=30,
    )


def test_a_service_is_found_by_its_name_and_nothing_outside_is(web: Handle) -> None:
    web.apply(pod("client"))
    web.wait_ready("client")

    for name in ("web", "web.default", "web.default.svc.cluster.local"):
        ask = partial(web.execute, "client", f"wget -qO- http://{name}:8080/")
        assert wait_for(f"an answer of {name}", ask, timeout=10) == "hello\n"
    # A pod reaches itself through its own Service.
    assert web.execute("web", "wget -qO- http://web:8080/") == "hello\n"
    # The quickest of three: what else runs on the machine is not the name server's time.
    assert min(_refused_after(web) for _ in range(3)) < 3
    assert web.in_node("ip route show default; cat /etc/resolv.conf") == ""
    web.kubectl("delete", "pod/client", "--now")


def _refused_after(web: Handle) -> float:
    """Seconds until a name from outside is said not to exist."""
    began = time.monotonic()
    assert "NXDOMAIN" in web.execute("client", "nslookup example.com", status=1)
    return time.monotonic() - began


def test_exec_keeps_status_and_bytes(web: Handle) -> None:
    done = web.run("kubectl", "exec", "web", "--", "sh", "-c", "exit 78", status=None)
    assert done.returncode == 78
    echoed = web.run("kubectl", "exec", "-i", "web", "--", "cat", stdin="\u00e9 $' \"\n" * 1000)
    assert echoed.stdout == "\u00e9 $' \"\n" * 1000


def test_logs_are_followed_to_the_end(cluster: Handle) -> None:
    script = "for i in 1 2 3; do echo line $i; sleep 0.5; done"
    cluster.apply(pod("talker", restartPolicy="Never", container={"command": ["sh", "-c", script]}))
    wait_for(
        "the talker's start",
        lambda: cluster.run("kubectl", "logs", "talker", status=None).stdout,
        timeout=30,
    )

    assert cluster.kubectl("logs", "-f", "talker") == "line 1\nline 2\nline 3\n"
    cluster.kubectl("delete", "pod/talker", "--now")


def test_a_port_is_forwarded(web: Handle) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = web.command("kubectl", "port-forward", "service/web", f"{port}:8080")
    with subprocess.Popen(
        command, env=web.environment, stdout=subprocess.PIPE, text=True
    ) as forward:
        try:
            assert forward.stdout is not None
            assert "Forwarding from" in forward.stdout.readline()
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/")
            assert connection.getresponse().read() == b"hello\n"
            connection.close()
        finally:
            forward.terminate()


def test_a_cron_job_fires_on_its_own_and_makes_jobs_that_end(cluster: Handle) -> None:
    template = {
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {"name": "main", "image": IMAGE, "command": ["bash", "-c", "echo ran as $UID"]}
            ],
        }
    }
    cluster.apply(
        {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": "tick"},
            "spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": template}}},
        }
    )
    cluster.kubectl("create", "job", "--from=cronjob/tick", "by-hand")
    cluster.kubectl("wait", "--for=condition=Complete", "job/by-hand", "--timeout=30s")
    assert cluster.kubectl("logs", "job/by-hand") == "ran as 0\n"

    def own_run() -> bool:
        jobs = json.loads(cluster.kubectl("get", "jobs", "-o", "json"))["items"]
        return any(
            job["metadata"]["name"] != "by-hand" and job["status"].get("succeeded") == 1
            for job in jobs
        )

    wait_for("a run at the full minute", own_run, timeout=80)
    # Its Jobs go with it, the one made by hand too.
    cluster.kubectl("delete", "cronjob/tick")


def test_rights_are_checked(cluster: Handle) -> None:
    """RBAC, Node authorization and Pod Security are in force, not merely switched on."""
    account = "--as=system:serviceaccount:default:default"
    assert cluster.kubectl("auth", "can-i", "list", "secrets", account, status=1) == "no\n"
    node = ("--as=system:node:lctest", "--as-group=system:nodes")
    other = cluster.run("kubectl", "get", "secret", "nobody-uses-it", *node, status=1)
    assert "no relationship found" in other.stderr

    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("create", "namespace", "strict")
    cluster.kubectl("label", "namespace", "strict", label)
    refused = cluster.run("kubectl", "run", "root", "-n", "strict", f"--image={IMAGE}", status=1)
    assert "violates PodSecurity" in refused.stderr
    cluster.kubectl("delete", "namespace", "strict")


def test_an_image_of_ones_own_is_built_loaded_and_run(cluster: Handle, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "touch", "/made-by-run"]\n'
    )
    shutil.copy(userland.directory(REPOSITORY) / "busybox", tmp_path / "busybox")
    tag = "localhost/lctest/own:1"
    try:
        cluster.run("image", "build", tag, str(tmp_path))
        assert tag in cluster.run("image", "ls").stdout.splitlines()
        cluster.kubectl(
            *("run", "own", f"--image={tag}", "--restart=Never", "--image-pull-policy=Never"),
            *("--command", "--", "/bin/busybox", "ls", "/made-by-run"),
        )
        succeeded = "--for=jsonpath={.status.phase}=Succeeded"
        cluster.kubectl("wait", succeeded, "pod/own", "--timeout=30s")
        assert cluster.kubectl("logs", "own") == "/made-by-run\n"
        cluster.kubectl("delete", "pod/own", "--now")
    finally:
        images.archive_of(tag).unlink(missing_ok=True)
