"""The archive on the real cluster: nothing but the last second is lost, and any moment comes back."""

import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Interface
from typing import Any

import psycopg
import pytest

from localcluster.network import machine_ip
from tests.cluster.conftest import FirstUp
from tests.lib import bucket as s3
from tests.lib.application import Login
from tests.lib.bucket import Bucket
from tests.lib.project import ROOT
from tests.lib.sandbox import Sandbox
from tests.lib.waiting import JOB_DONE, POD_READY, wait_for
from tests.lib.world import NAMESPACE, World

DATABASE = "brewget_settings"
BACKED_UP = 240.0
"""From switching the archive on to its first backup and canary, in seconds."""
LOAD = 10.0
"""Seconds of commits, one after another, before everything is lost."""
REPLACED = f"SELECT datname FROM pg_database WHERE datname LIKE '{DATABASE}_replaced_%'"
LOST = 1.0
"""Seconds before the loss of which commits may be missing."""


class Commits(threading.Thread):
    """An application that commits one row after another and notes what was acknowledged when."""

    def __init__(self, login: Login) -> None:
        """Begin at once, with a table of its own."""
        super().__init__(daemon=True)
        self.session = login.connect()
        self.session.execute("DROP TABLE IF EXISTS brew; CREATE TABLE brew (id int PRIMARY KEY)")
        self.acknowledged: dict[int, float] = {}
        self.start()

    def run(self) -> None:
        """Until the server is gone."""
        number = 0
        try:
            while True:
                number += 1
                self.session.execute("INSERT INTO brew VALUES (%s)", (number,))
                self.acknowledged[number] = time.monotonic()
        except psycopg.Error:
            return


@pytest.fixture(scope="module")
def archived(first_up: tuple[World, FirstUp]) -> Iterator[World]:
    """The stack whose archive `make up` has switched on by itself, and a first backup in it."""
    world = first_up[0]
    world.filled()
    project = world.project
    project.run("pulumi config rm --path archive.enabled")
    assert "the archive is on" in project.run("make up", timeout=900).output
    wait_for("the first backup", lambda: position(world)["backups"]["local"], BACKED_UP)
    wait_for("a canary", lambda: position(world)["canary"], BACKED_UP)
    yield world
    project.run("pulumi config set --path archive.enabled false")
    project.up()
    world.wait_ready()
    slots = "SELECT count(*) FROM pg_replication_slots"
    assert world.psql(slots) == "0", "off means off: nobody would read from it"
    (container,) = project.get(f"-n {NAMESPACE} pod postgres-0")["spec"]["containers"]
    assert container["name"] == "postgres"


@pytest.fixture
def world(archived: World, request: pytest.FixtureRequest) -> World:
    """The archived stack, up."""
    request.node.world = archived
    archived.ensure_up()
    return archived


@pytest.fixture
def synchronous(world: World) -> Iterator[World]:
    """The archived stack, whose commits wait until they are in the store."""
    project = world.project
    project.run("pulumi config set --path archive.synchronous true")
    project.up()
    world.wait_ready()
    yield world
    project.run("pulumi config set --path archive.synchronous false")
    project.up()
    world.wait_ready()


def position(world: World) -> dict[str, Any]:
    """What the archiver writes once a minute."""
    found: dict[str, Any] = json.loads((world.mount / "archive/position.json").read_text())
    return found


@contextmanager
def login(world: World) -> Iterator[Login]:
    with world.logins() as logins:
        yield logins[DATABASE]


def lose_everything(world: World) -> tuple[int, float]:
    """Lose server and disk under commits; how many acknowledged rows are gone, and of how many seconds."""
    before = world.system_identifier()
    with login(world) as application:
        commits = Commits(application)
        time.sleep(LOAD)
        world.lose_disk("--force --grace-period=0")
        commits.join(POD_READY)
    assert len(commits.acknowledged) > LOAD * 10, "commits were made"
    world.project.up()
    world.wait_ready()
    assert "restored from the archive (repository local)" in world.log()
    assert world.system_identifier() == before, "the server itself, not a set of it"
    there = {int(row) for row in world.psql("SELECT id FROM brew", DATABASE).splitlines()}
    missing = commits.acknowledged.keys() - there
    last = max(commits.acknowledged.values())
    lost = last - min((commits.acknowledged[each] for each in missing), default=last)
    sys.stdout.write(
        f"{len(missing)} of {len(commits.acknowledged)} acknowledged rows lost: {lost:.3f} s\n"
    )
    return len(missing), lost


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_after_the_loss_of_server_and_disk_at_most_the_last_second_is_missing(
    times: int, world: World
) -> None:
    for _ in range(times):
        assert lose_everything(world)[1] <= LOST


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.long)])
def test_no_acknowledged_row_is_missing_where_commits_wait_for_the_archive(
    times: int, synchronous: World
) -> None:
    for _ in range(times):
        assert lose_everything(synchronous)[0] == 0


def test_one_database_goes_back_to_a_moment_and_the_other_stays(world: World) -> None:
    """Twenty minutes after a table was dropped; here it is a minute."""
    project = world.project
    kept = int(world.psql("SELECT count(*) FROM setting", DATABASE))
    moment = datetime.now(UTC)
    time.sleep(2)
    world.psql("DROP TABLE setting CASCADE", DATABASE)
    other = world.content()["brewget_auth"]
    wait_for(
        "a canary behind it",
        lambda: position(world)["canary"] > f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        BACKED_UP,
    )

    asked = f"--to-time '{moment:%Y-%m-%d %H:%M:%S}+00' --database {DATABASE}"
    refused = project.run(f"scripts/restore-postgres.sh {asked}", status=78)
    assert "is not empty" in refused.output
    done = project.run(f"scripts/restore-postgres.sh {asked} --replace")

    assert f"restored {DATABASE}" in done.stdout
    assert int(world.psql("SELECT count(*) FROM setting", DATABASE)) == kept
    assert world.content()["brewget_auth"] == other
    (old,) = world.psql(REPLACED).splitlines()
    # The tests after these find the databases that they know.
    world.psql(f"DROP DATABASE {old}")


def test_the_drill_proves_it(world: World) -> None:
    run_job(world, "postgres-archive-drill")
    verdict = json.loads((world.mount / "archive/drill-local.json").read_text())
    assert verdict["ok"], verdict
    assert verdict["from"] < verdict["to"]


@pytest.fixture
def bucket(world: World) -> Iterator[Bucket]:
    """An S3 server on this machine's end of the node's network."""
    (node,) = world.project.get("nodes")["items"]
    (address,) = (x["address"] for x in node["status"]["addresses"] if x["type"] == "InternalIP")
    box = Sandbox(own_disk=False)
    with s3.running(box, machine_ip(str(IPv4Interface(f"{address}/24").network))) as made:
        yield made
    world.project.run("pulumi config rm --path offsite")
    box.remove()


def test_archive_and_sets_go_off_this_machine(world: World, bucket: Bucket) -> None:
    """As docs/archive.md says it."""
    project, keys = world.project, bucket.home / "keys"
    keys.mkdir()
    for name, value in {**bucket.keys(), "ca.crt": bucket.ca.read_text()}.items():
        (keys / name).write_text(value)
    project.kubectl(f"-n {NAMESPACE} create secret generic offsite --from-file={keys}")
    where = {
        "kind": "s3",
        "bucket": s3.NAME,
        "endpoint": bucket.host,
        "port": bucket.port,
        "region": s3.REGION,
        "uriStyle": "path",
        "secret": "offsite",
        "ownCa": "true",
        "sets": "true",
    }
    for key, value in where.items():
        project.run(f"pulumi config set --path offsite.{key} {value}")
    project.up()
    world.wait_ready()
    run_job(world, "postgres-backup-verify")
    wait_for("a backup", lambda: position(world)["backups"].get("offsite"), BACKED_UP)

    guide = (ROOT / "docs/archive.md").read_text()
    (command,) = re.findall(r"kubectl .* create job offsite-init .*", guide)
    project.run(command)
    wait_for_job(world, "offsite-init")

    said = json.loads((world.mount / "archive/offsite-sets.json").read_text())
    assert said["ok"], said
    assert said["set"] == project.sets()[-1]
    assert [*bucket.files.glob("brewget-sets/snapshots/*")]
    run_job(world, "postgres-offsite-sets")


def run_job(world: World, name: str) -> None:
    """Run one of the CronJobs now."""
    world.project.kubectl(f"-n {NAMESPACE} create job {name}-now --from=cronjob/{name}")
    wait_for_job(world, f"{name}-now")


def wait_for_job(world: World, name: str) -> None:
    """Wait until it has done its work."""
    world.project.kubectl(
        f"-n {NAMESPACE} wait job {name} --for=condition=Complete --timeout={JOB_DONE:.0f}s"
    )
