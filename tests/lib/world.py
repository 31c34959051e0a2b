"""The running stack that the cluster tests damage, and what they hold against it afterwards."""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.lib import application
from tests.lib.application import Fingerprint, Login
from tests.lib.project import Project
from tests.lib.waiting import OBJECT_GONE, POD_READY, wait_for

NAMESPACE = "brewget"
DATABASES = ("brewget_auth", "brewget_settings")


@dataclass(frozen=True)
class Saved:
    """What was in the databases when the newest set was taken, and which server held it."""

    set: str
    content: dict[str, Fingerprint]
    system_identifier: str
    data_claim: str
    """uid of the claim `postgres-data`: another uid is another volume."""


@dataclass
class World:
    """One cluster with one stack, brought back to "up, filled and backed up" before each test."""

    project: Project
    mount: Path
    serial: int = 0

    def start_cluster(self) -> None:
        """Start the cluster with the backup directory mounted where the stack expects it."""
        self.project.cluster(
            f"start --mount-string {self.mount}:/mnt/data/brewget-postgres-backups"
        )

    def pod_ready(self) -> bool:
        """Whether postgres-0 says of itself that it answers."""
        done = self.project.run(
            f"kubectl -n {NAMESPACE} get pod postgres-0"
            """ -o jsonpath='{.status.conditions[?(@.type=="Ready")].status}'""",
            status=None,
        )
        return done.stdout == "True"

    def wait_ready(self) -> None:
        """Wait until postgres-0 is Ready."""
        wait_for("postgres-0 Ready", self.pod_ready, POD_READY)

    def ensure_up(self) -> None:
        """Bring the stack up again where the test before left it down."""
        if '"running"' not in self.project.cluster("status --json", status=None).stdout:
            self.start_cluster()
            # A pod that a dead node left "Ready" is believed until the node's first report.
            self.project.up()
        if not self.pod_ready():
            self.project.up()
            self.wait_ready()

    def filled(self) -> Saved:
        """Make sure that the stack runs with the application's data, and take a set of it."""
        self.ensure_up()
        with self.logins() as logins:
            if "public.setting" not in application.fingerprint(logins["brewget_settings"]):
                application.fill(logins["brewget_auth"], logins["brewget_settings"])
            self.serial += 1
            application.add_setting(logins["brewget_settings"], f"marker-{self.serial}")
        return self.save()

    def save(self) -> Saved:
        """Take a set by hand and note what it holds."""
        content = self.content()
        taken = self.project.run("scripts/backup-postgres.sh").stdout.strip()
        return Saved(taken, content, self.system_identifier(), self.claim_uid())

    def content(self) -> dict[str, Fingerprint]:
        """Row counts and content hashes of both databases, read as their own roles."""
        with self.logins() as logins:
            return {name: application.fingerprint(logins[name]) for name in DATABASES}

    def can_log_in(self) -> bool:
        """Whether the application's own user can log in."""
        with self.logins() as logins:
            return application.can_log_in(logins["brewget_auth"])

    def system_identifier(self) -> str:
        """The server's own identity: a server made afresh has another."""
        return self.psql("SELECT system_identifier FROM pg_control_system()")

    def claim_uid(self) -> str:
        """The identity of the data claim."""
        claims = self.project.get(f"-n {NAMESPACE} pvc")["items"]
        (uid,) = (
            claim["metadata"]["uid"]
            for claim in claims
            if claim["metadata"]["name"].startswith("postgres-data")
        )
        return str(uid)

    def ensure_console(self) -> None:
        """Make sure that the console runs, also on a cluster made anew, which has not its image."""
        if not self._console_runs():
            self.project.cluster("image make console")
            # One that has waited for it would look again in minutes.
            self.project.kubectl(f"-n {NAMESPACE} delete pod -l app=postgres-console --now")
            wait_for("the console", self._console_runs, POD_READY)

    def _console_runs(self) -> bool:
        status = self.project.get(f"-n {NAMESPACE} deployment postgres-console")["status"]
        is_one: bool = status.get("updatedReplicas") == status.get("availableReplicas") == 1
        return is_one

    def lose_disk(self, how: str = "") -> None:
        """Throw the data away, with claim and volume; the next `up` makes new ones.

        `how` the pod is deleted, as options of kubectl.
        """
        pod = self.project.get(f"-n {NAMESPACE} pod postgres-0")
        name = next(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in pod["spec"]["volumes"]
            if "postgres-data" in volume.get("persistentVolumeClaim", {}).get("claimName", "")
        )
        volume = self.project.get(f"-n {NAMESPACE} pvc {name}")["spec"]["volumeName"]
        self.project.kubectl(f"-n {NAMESPACE} delete pvc {name} --wait=false")
        self.project.kubectl(f"-n {NAMESPACE} delete pod postgres-0 {how}")
        wait_for(
            "the data volume gone",
            lambda: self.project.run(f"kubectl get pv {volume}", status=None).status != 0,
            OBJECT_GONE,
        )

    def destroy(self) -> None:
        """Take the stack down without the last set, for tests that do not look for it."""
        self.project.run("pulumi config set --path backup.onDestroy nothing")
        self.project.pulumi("destroy --yes --skip-preview")
        self.project.run("pulumi config rm --path backup.onDestroy")

    def urns(self) -> list[str]:
        """What the stack's state knows of, sorted."""
        state = json.loads(self.project.pulumi("stack export").stdout)
        return sorted(resource["urn"] for resource in state["deployment"].get("resources", []))

    def psql(self, statement: str, database: str = "postgres") -> str:
        """Run SQL as the superuser inside the pod."""
        return self.project.run(
            f"kubectl -n {NAMESPACE} exec -i postgres-0 -c postgres --"
            f" psql -XqAt -v ON_ERROR_STOP=1 -U postgres -d {database} -f -",
            stdin=statement,
        ).stdout.strip()

    def log(self) -> str:
        """The log of postgres-0, as the seed reads it."""
        return self.project.kubectl(f"logs postgres-0 -n {NAMESPACE}")

    @contextmanager
    def logins(self) -> Iterator[dict[str, Login]]:
        """Logins of the application roles through `kubectl port-forward`."""
        with port_forward(self.project, "svc/db", 5432) as port:
            yield {name: self._login(name, port) for name in DATABASES}

    def _login(self, database: str, port: int) -> Login:
        data = self.project.get(f"-n {NAMESPACE} secret db-{database.replace('_', '-')}")["data"]
        secret = {key: base64.b64decode(value).decode() for key, value in data.items()}
        return Login("127.0.0.1", port, database, secret["username"], secret["password"])


@contextmanager
def port_forward(
    project: Project, target: str, port: int, namespace: str = NAMESPACE
) -> Iterator[int]:
    """A free local port that leads to `target`."""
    process = subprocess.Popen(
        ["kubectl", "-n", namespace, "port-forward", target, f":{port}"],
        env=project.base_environment() | project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        match = re.search(r"127\.0\.0\.1:(\d+)", first)
        assert match, f"port-forward said: {first}{process.stdout.read() if not first else ''}"
        yield int(match[1])
    finally:
        process.terminate()
        process.wait(timeout=10)
        if process.stdout is not None:
            process.stdout.close()


def assert_back(world: World, saved: Saved) -> None:
    """The data is back: counts and hashes per table, and a login of the application's user."""
    content = world.content()
    for database, tables in saved.content.items():
        assert tables, f"{database} was empty when it was saved, so nothing is proved"
        assert content[database] == tables
    assert world.can_log_in()


def assert_lost(world: World, saved: Saved) -> None:
    """The loss really happened: another server on another volume than the saved one."""
    assert world.system_identifier() != saved.system_identifier
    assert world.claim_uid() != saved.data_claim
