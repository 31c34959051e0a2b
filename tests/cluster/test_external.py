"""A server that others run: saved, proven, shown and restored into by a role that is no superuser."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.environment import CONFIG_FILE
from components.postgres import certificates
from components.postgres.tls import hosts
from tests.lib.console import Console
from tests.lib.project import PULUMI_FAILED, Done
from tests.lib.waiting import JOB_DONE, POD_READY, wait_for
from tests.lib.world import World, port_forward

NAMESPACE, OTHERS = "saved", "others"
ROLE, PASSWORD = "saver", "Zymurgy: a\\b'c"
CA = certificates.new_ca(datetime.now(UTC))
STRANGE = certificates.new_ca(datetime.now(UTC))["certificate"]
ROLES = f"""
CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD 'Zymurgy: a\\b''c';
GRANT pg_monitor, pg_read_all_data TO {ROLE};
SET SESSION AUTHORIZATION {ROLE};
CREATE ROLE brewer LOGIN;
GRANT brewer TO {ROLE} WITH INHERIT TRUE, SET TRUE;
CREATE DATABASE shop OWNER brewer;
RESET SESSION AUTHORIZATION;
\\connect shop
SET ROLE brewer;
CREATE TABLE beer AS SELECT n, 'beer ' || n AS name FROM generate_series(1, 1000) n;
"""


class Others:
    """A PostgreSQL in a namespace of its own, with TLS of its own, that no stack knows of."""

    def __init__(self, world: World) -> None:
        """Start it, and make the role that saves and what is to be saved."""
        self.project = world.project
        server = world.project.get("-n brewget pod postgres-0")["spec"]["containers"][0]
        objects = {"apiVersion": "v1", "kind": "List", "items": objects_of(server["image"])}
        self.project.run("kubectl create -f -", stdin=json.dumps(objects))
        self.project.kubectl(f"-n {OTHERS} rollout status deployment/db --timeout={POD_READY:.0f}s")
        self.psql(ROLES, "postgres")

    def psql(self, statement: str, database: str = "shop") -> str:
        """SQL as its superuser, whom no job here knows."""
        return self.project.run(
            f"kubectl -n {OTHERS} exec -i deployment/db -- psql -XqAt -v ON_ERROR_STOP=1 -U postgres"
            f" -d {database} -f -",
            stdin=statement,
        ).stdout.strip()

    def content(self, database: str = "shop") -> str:
        """Rows and a hash of all of them."""
        return self.psql("SELECT count(*), md5(string_agg(b::text, ',' ORDER BY n)) FROM beer b",
                         database)  # fmt: skip

    def remove(self) -> None:
        """Nobody's concern but this test's."""
        self.project.kubectl(f"delete namespace {OTHERS} --ignore-not-found")


def objects_of(image: str) -> list[dict[str, Any]]:
    """Namespace, certificate, Service and pod of the server."""
    pair = certificates.server_certificate(
        CA, certificates.new_key(), hosts(OTHERS), days=9, now=datetime.now(UTC)
    )
    files = {"tls.crt": pair.certificate, "tls.key": pair.key}
    tls = ["ssl=on", "ssl_cert_file=/tls/tls.crt", "ssl_key_file=/tls/tls.key"]
    ready = ["pg_isready", "-q", "-h", "127.0.0.1", "-U", "postgres"]
    container = {
        "name": "postgres",
        "image": image,
        "args": ["postgres", *(word for one in tls for word in ("-c", one))],
        "env": [
            {"name": "POSTGRES_PASSWORD", "value": "nobody-uses-it"},
            {"name": "PGDATA", "value": "/data/pgdata"},
        ],
        "readinessProbe": {"exec": {"command": ready}, "periodSeconds": 1},
        "volumeMounts": [
            {"name": "data", "mountPath": "/data"},
            {"name": "tls", "mountPath": "/tls"},
        ],
    }
    spec = {
        "securityContext": {"runAsUser": 70, "runAsGroup": 70, "fsGroup": 70},
        "containers": [container],
        "volumes": [
            {"name": "data", "emptyDir": {}},
            {"name": "tls", "secret": {"secretName": "tls", "defaultMode": 0o440}},
        ],
    }
    port = {"selector": {"app": "db"}, "ports": [{"port": 5432}]}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": OTHERS}},
        made("Secret", "tls", stringData=files),
        made("Service", "db", spec=port),
        made("Deployment", "db", spec=of_one(spec)),
    ]


def made(kind: str, name: str, **body: object) -> dict[str, Any]:
    """An object of the server's namespace."""
    metadata = {"name": name, "namespace": OTHERS, "labels": {"app": name}}
    version = "apps/v1" if kind == "Deployment" else "v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def of_one(pod: dict[str, Any]) -> dict[str, Any]:
    """A Deployment's spec: a new namespace has no account for a pod of its own in its first second."""
    labels = {"app": "db"}
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}


class Stack:
    """A second stack of the same program, beside that of the other tests."""

    def __init__(self, world: World) -> None:
        """Without a Pulumi.external.yaml of its own in git, and not the one that others mean."""
        self.project = world.project
        self.file = world.project.path / "Pulumi.external.yaml"
        own = yaml.safe_load(Path(world.project.environment[CONFIG_FILE]).read_text())["config"]
        settings = {
            "brewget:kubeContext": own["brewget:kubeContext"],
            "brewget:namespace": NAMESPACE,
            "brewget:postgres": {"engine": "external", "image": own["brewget:postgres"]["image"]},
            "brewget:external": {
                "host": f"db.{OTHERS}.svc.cluster.local",
                "user": ROLE,
                "databases": ["shop"],
                "ca": STRANGE,
            },
            "brewget:backup": {
                # As for the other tests: no scheduled run comes in between.
                "timeZone": own["brewget:backup"]["timeZone"],
                "storage": {"kind": "storageClass", "storageClass": "standard"},
            },
            "brewget:console": own["brewget:console"],
            "brewget:backupNow": "first",
        }
        self.file.write_text(yaml.safe_dump({"config": settings}))
        self.pulumi("stack init external --no-select")
        self.pulumi("config set --path --secret external.password", stdin=PASSWORD)

    def pulumi(self, arguments: str, **kwargs: Any) -> Done:
        """Pulumi on this stack."""
        environment = {CONFIG_FILE: str(self.file), "PULUMI_STACK": "external"}
        return self.project.pulumi(arguments, **environment, **kwargs)

    def up(self, **kwargs: Any) -> Done:
        """`pulumi up`."""
        return self.pulumi("up --yes --skip-preview", **kwargs)

    def script(self, words: str, **kwargs: Any) -> Done:
        """One of the scripts that a person types."""
        return self.project.run(f"scripts/{words} --namespace {NAMESPACE}", **kwargs)

    def sets(self) -> list[dict[str, Any]]:
        """As the script lists them that needs no server's pod."""
        found: list[dict[str, Any]] = json.loads(self.script("host/list-sets.sh").stdout)
        return found

    def remove(self) -> None:
        """Whatever a failed test has left; the sets as well."""
        self.pulumi("destroy --yes --skip-preview --run-program", status=None)
        self.pulumi("stack rm external --yes --force", status=None)
        # With it goes what is selected, whichever stack that is.
        self.project.pulumi("stack select dev")
        self.file.unlink(missing_ok=True)
        self.project.kubectl(f"delete namespace {NAMESPACE} --ignore-not-found")
        for volume in volumes(self.project.get("pv")["items"]):
            self.project.kubectl(f"delete pv {volume}")


def volumes(found: list[dict[str, Any]]) -> list[str]:
    """Those that the stack's claims have left."""
    homes = {pv["metadata"]["name"]: pv["spec"].get("claimRef", {}) for pv in found}
    return [name for name, claim in homes.items() if claim.get("namespace") == NAMESPACE]


@pytest.fixture(name="others")
def _others(world: World) -> Iterator[Others]:
    others = Others(world)
    yield others
    others.remove()


@pytest.fixture(name="stack")
def _stack(world: World, others: Others) -> Iterator[Stack]:
    assert others.content(), "there is something to be saved"
    stack = Stack(world)
    yield stack
    stack.remove()


def test_a_server_of_others_is_saved_proven_shown_and_restored_into(
    world: World, others: Others, stack: Stack, tmp_path: Path
) -> None:
    refused = stack.up(status=PULUMI_FAILED)
    assert "Its certificate is of another CA" in refused.output
    assert not world.project.get(f"-n {NAMESPACE} cronjobs")["items"], "nothing would save it"

    stack.pulumi("config set --path external.ca", stdin=CA["certificate"])
    up = stack.up()
    assert "note: it has not BYPASSRLS" in up.output
    stack.pulumi("preview --expect-no-changes")
    outputs = json.loads(stack.pulumi("stack output --json").stdout)
    assert outputs["host"] == f"db.{OTHERS}.svc.cluster.local"

    (taken,) = stack.sets()
    assert (taken["set"], taken["verified"]) == (outputs["last_backup"], False)
    prove(world)
    (proven,) = stack.sets()
    assert (proven["verified"], proven["databases"], proven["rows"]) == (True, 1, 1000)
    assert_limits_shown(world, tmp_path, taken["set"])
    status = stack.script("status-postgres.sh", status=None)
    assert taken["set"] in status.stdout, status.output
    assert "cannot be listed" not in status.stdout

    assert_restored(others, stack, taken["set"])

    stack.pulumi("destroy --yes --skip-preview --run-program")
    assert others.content().startswith("1000|"), "the server is not the stack's to delete"


def prove(world: World) -> None:
    """Run the schedule's verification now."""
    world.project.kubectl(f"-n {NAMESPACE} create job prove --from=cronjob/postgres-backup-verify")
    wait = f"wait job/prove --for=condition=Complete --timeout={JOB_DONE:.0f}s"
    world.project.kubectl(f"-n {NAMESPACE} {wait}")


def assert_limits_shown(world: World, folder: Path, name: str) -> None:
    """The page of a set says what its role could not do."""
    secret = world.project.get(f"-n {NAMESPACE} secret postgres-console")["data"]
    token = base64.b64decode(secret["token"]).decode()
    world.project.kubectl(
        f"-n {NAMESPACE} rollout status deployment/postgres-console --timeout={POD_READY:.0f}s"
    )
    with port_forward(world.project, "svc/postgres-console", 8080, NAMESPACE) as port:
        console = Console(folder, folder, port=port).log_in(token)
        page = wait_for("the set's page", lambda: page_of(console, name), 60)
    assert "What its role could not do" in page
    assert "<li>what ALTER SYSTEM has set is not saved</li>" in page


def page_of(console: Console, name: str) -> str:
    """The page of a set; empty as long as the console does not know the set."""
    answer = console.get(f"/sets/{name}")
    return answer.text if answer.status == 200 else ""


def assert_restored(others: Others, stack: Stack, name: str) -> None:
    """Beside the present database, and in its place after a loss."""
    before = others.content()
    stack.script(f"restore-postgres.sh {name} --database shop --as shop_before")
    assert others.content("shop_before") == before
    others.psql("DELETE FROM beer WHERE n % 2 = 0")
    assert others.content() != before, "half of it is lost"
    refused = stack.script(f"restore-postgres.sh {name} --database shop", status=78)
    assert "--replace" in refused.stderr
    assert others.content() != before, "and nothing was touched"
    stack.script(f"restore-postgres.sh {name} --database shop --replace")
    assert others.content() == before
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'shop'"
    assert others.psql(owner) == "brewer"


# The real engine refuses it in tests/preview/test_engine.py.
@pytest.mark.long
def test_a_living_server_of_our_own_is_not_given_up_for_one_of_others(world: World) -> None:
    wanted = {
        "postgres.engine": "external",
        "external.host": "db.example",
        "external.user": ROLE,
        "external.password": "Zymurgy",
    }
    before = world.urns()
    identifier = world.system_identifier()
    environment = world.project.changed(wanted, secret={"external.password"})
    for command in ("preview", "up --yes --skip-preview --refresh"):
        refused = world.project.pulumi(command, status=PULUMI_FAILED, **environment)
        assert "postgres.engine is now 'external', but the stack was made with" in refused.output
        assert "pulumi destroy --run-program" in refused.output
    assert world.urns() == before
    assert world.system_identifier() == identifier, "the same server, with its data"
    world.project.pulumi("preview --expect-no-changes")
