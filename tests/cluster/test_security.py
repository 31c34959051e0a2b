"""Who gets in and who does not, on the running stack."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.postgres import certificates
from components.postgres.tls import hosts
from tests.lib.waiting import JOB_DONE, wait_for
from tests.lib.world import NAMESPACE, Saved, World, assert_back, port_forward

SECRET = "db-brewget-auth"
CLIENT: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "client", "labels": {"brewget.dev/postgres-client": "true"}},
    "spec": {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 70,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "client",
                "command": [
                    "sh",
                    "-c",
                    'psql "$URI" -XqAtc "SELECT ssl FROM pg_stat_ssl s, '
                    'pg_stat_activity a WHERE s.pid = a.pid AND a.pid = pg_backend_pid()"',
                ],
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "db", "mountPath": "/run/secrets/db"}],
            }
        ],
        "volumes": [
            {
                "name": "db",
                "secret": {"secretName": SECRET, "items": [{"key": "ca.crt", "path": "ca.crt"}]},
            }
        ],
    },
}


def secret(world: World) -> dict[str, str]:
    """The application's Secret, as it mounts it."""
    data = world.project.get(f"-n {NAMESPACE} secret {SECRET}")["data"]
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


class Client:
    """A person's client that knows the server as localhost, by `kubectl port-forward`."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world, self.root = world, folder / "ca.crt"

    def connect(self, data: dict[str, str], sslmode: str = "verify-full") -> str:
        """Log in; what the server said, or whether the session has TLS."""
        self.root.write_text(data["ca.crt"])
        with port_forward(self.world.project, "svc/db", 5432) as port:
            try:
                with psycopg.connect(
                    host="localhost",
                    port=port,
                    dbname=data["database"],
                    user=data["username"],
                    password=data["password"],
                    sslmode=sslmode,
                    sslrootcert=str(self.root) if sslmode == "verify-full" else None,
                    connect_timeout=10,
                ) as session:
                    return f"in, {session.pgconn.ssl_in_use}"
            except psycopg.OperationalError as refused:
                return str(refused)


@pytest.fixture
def client(world: World, saved: Saved, tmp_path: Path) -> Client:
    """A client beside the stack."""
    return Client(world, tmp_path)


def test_a_client_that_checks_the_certificate_gets_in(world: World, client: Client) -> None:
    assert client.connect(secret(world)) == "in, True"


def test_a_client_with_another_ca_stays_out(world: World, client: Client) -> None:
    other = certificates.new_ca(datetime.now(UTC))["certificate"]
    said = client.connect(secret(world) | {"ca.crt": other})
    assert "certificate verify failed" in said


def test_a_port_forward_needs_no_tls_inside(world: World, client: Client) -> None:
    assert client.connect(secret(world), "disable") == "in, False"


def test_an_application_without_tls_is_refused(world: World, saved: Saved) -> None:
    plain = secret(world)["uri"].replace("sslmode=require", "sslmode=disable")
    said = run_client(world, [{"name": "URI", "value": plain}])
    assert "no pg_hba.conf entry" in said
    assert "no encryption" in said


@pytest.mark.parametrize("key", ["uri", "uri-verify"])
def test_an_application_gets_in_with_its_secret_alone(world: World, saved: Saved, key: str) -> None:
    reference = {"secretKeyRef": {"name": SECRET, "key": key}}
    assert run_client(world, [{"name": "URI", "valueFrom": reference}]) == "t\n"


def run_client(world: World, env: list[dict[str, Any]]) -> str:
    """What psql says in a pod of an application, admitted without a warning and limited."""
    container = CLIENT["spec"]["containers"][0]
    server = world.project.get(f"-n {NAMESPACE} pod postgres-0")
    container |= {"image": server["spec"]["containers"][0]["image"], "env": env}
    created = world.project.run(f"kubectl -n {NAMESPACE} create -f -", stdin=json.dumps(CLIENT))
    try:
        assert "Warning" not in created.stderr
        wait_for("the client's end", lambda: phase(world) in {"Succeeded", "Failed"}, JOB_DONE)
        pod = world.project.get(f"-n {NAMESPACE} pod client")
        assert pod["spec"]["containers"][0]["resources"]["limits"] == {"memory": "1Gi"}
        return world.project.kubectl(f"-n {NAMESPACE} logs client")
    finally:
        world.project.kubectl(f"-n {NAMESPACE} delete pod client --wait=true")


def phase(world: World) -> str:
    """How far the client's pod is."""
    found: str = world.project.get(f"-n {NAMESPACE} pod client")["status"]["phase"]
    return found


def test_every_pod_that_stays_is_restricted(world: World, saved: Saved) -> None:
    """The API server's own judgement of all pods there, those of finished Jobs included."""
    label = "pod-security.kubernetes.io/enforce=restricted"
    done = world.project.run(
        f"kubectl label --dry-run=server --overwrite namespace {NAMESPACE} {label}"
    )
    assert "labeled" in done.stdout
    assert "Warning" not in done.stderr


def test_a_pod_on_the_nodes_network_is_refused(world: World, saved: Saved) -> None:
    wanted = {"spec": {"hostNetwork": True}}
    refused = world.project.run(
        f"kubectl -n {NAMESPACE} run intruder --image=none --dry-run=server"
        f" --overrides='{json.dumps(wanted)}'",
        status=1,
    )
    assert 'violates PodSecurity "baseline:latest"' in refused.stderr


def test_new_passwords_end_the_old_ones(world: World, saved: Saved, client: Client) -> None:
    old = secret(world)
    rotate(world, "postgres.passwordGeneration")
    new = secret(world)
    assert new["password"] != old["password"]
    assert new["ca.crt"] == old["ca.crt"]
    assert "password authentication failed" in client.connect(old)
    assert client.connect(new) == "in, True"
    assert_settled(world, saved)


def test_a_new_ca_ends_the_old_one(world: World, saved: Saved, client: Client) -> None:
    old = secret(world)
    rotate(world, "postgres.tls.generation")
    new = secret(world)
    assert new["ca.crt"] != old["ca.crt"]
    assert new["password"] == old["password"]
    assert "certificate verify failed" in client.connect(old)
    assert client.connect(new) == "in, True"
    assert_settled(world, saved)


@pytest.mark.long
def test_a_certificate_of_ones_own_is_taken(world: World, saved: Saved, client: Client) -> None:
    ca = certificates.new_ca(datetime.now(UTC))
    pair = certificates.server_certificate(
        ca, certificates.new_key(), hosts(NAMESPACE), days=9, now=datetime.now(UTC)
    )
    made = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": ca["certificate"]}
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "own-certificate"},
        "stringData": made,
    }
    world.project.run(f"kubectl -n {NAMESPACE} apply -f -", stdin=json.dumps(body))
    generation = world.project.run("pulumi config get --path postgres.tls.generation", status=None)
    world.project.run("pulumi config rm --path postgres.tls.generation")
    try:
        apply(world, "postgres.tls.secretName", "own-certificate")
        assert client.connect(secret(world) | made) == "in, True"
        assert "ca.crt" not in secret(world), "that of the old CA would be of no use"
        assert_settled(world, saved)
    finally:
        world.project.run("pulumi config rm --path postgres.tls.secretName")
        apply(world, "postgres.tls.generation", generation.stdout.strip() or "back")
    assert client.connect(secret(world)) == "in, True"


def rotate(world: World, key: str) -> None:
    """Give a generation a value that it has not had."""
    world.serial += 1
    apply(world, key, f"test-{world.serial}")


def apply(world: World, key: str, value: str) -> None:
    """Set a setting and bring the server up with it."""
    world.project.run(f"pulumi config set --path {key} {value}")
    world.project.up()
    world.wait_ready()


def assert_settled(world: World, saved: Saved) -> None:
    """The server restarted once and stays, a backup works, and Pulumi has nothing left to do."""
    assert world.save().set in world.project.sets()
    assert_back(world, saved)
    pod = world.project.get(f"-n {NAMESPACE} pod postgres-0")["status"]
    ended = [*pod["containerStatuses"], *pod["initContainerStatuses"]]
    assert [container["restartCount"] for container in ended] == [0, 0]
    world.project.pulumi("preview --expect-no-changes")
