"""Reports of schemas that another major version takes in another way (tests/reports/versions)."""

import json
import signal
from pathlib import Path

import pytest

from tests.lib.content import create, password_of
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.reports import APP, FOLDER, Report, census
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import Tools, path_of
from tests.lib.upgrades import V17, V18, in_version, last_set, store_of
from tests.lib.wheels import programs_of


@pytest.fixture
def pod(bare: Scripts, binaries: Path) -> Pod:
    """A pod with data of 16 and one application."""
    bare.run("init-store").expect(0)
    pod = Pod.make(bare, binaries)
    pod.databases, pod.passwords = (APP,), {APP: password_of(APP), "postgres": "of the Secret"}
    pod.prepare().expect(0)
    return pod


def fill(pod: Pod, name: str) -> Report:
    """Make the reported schema on the pod's server, and take the last set of its version."""
    report = Report(FOLDER / "versions" / f"{name}.sql")
    with pod.running() as server:
        server.sql(report.text, APP)
        server.signal(signal.SIGINT)  # rows of unlogged tables do not outlive any other end
    last_set(pod).expect(0)
    return report


def test_an_unlogged_partitioned_table_does_not_stop_an_upgrade_to_18(pod: Pod) -> None:
    report = fill(pod, "unlogged-partitioned")
    there = in_version(pod, V18)

    done = there.prepare().expect(0)

    for name, why in report.named:
        assert name in done.stderr
        assert why in done.stderr
        assert name in pod.started, "the journal names it"
    with there.running() as server:
        assert server.sql("select count(*) from users", APP) == "100"
        assert server.sql("select v from cache_entry_a", APP) == "{}"


def test_a_check_named_like_18s_not_null_stays_what_it_is(pod: Pod) -> None:
    fill(pod, "check-named-like-not-null")
    there = in_version(pod, V18)

    there.prepare().expect(0)

    assert store_of(pod).failed() == []
    with there.running() as server:
        assert server.sql("select channel_type from channel", APP) == "x"
        look = "select contype from pg_constraint where conname = 'channel_channel_type_not_null'"
        assert server.sql(look, APP) == "c"


def test_a_trigger_that_refuses_the_drills_logins_is_no_finding_about_the_rows(
    scripts: Scripts, store: Store
) -> None:
    programs = programs_of(scripts.box, V17)
    server = Server(scripts.box, programs).start()
    newer = scripts.with_(server=server, path=path_of(Tools.GNU, scripts.box, programs))
    try:
        create(server, APP)
        server.sql(Report(FOLDER / "versions" / "login-trigger.sql").text, APP)
        name, before = newer.backup(), census(server, "r")

        newer.verify(name).expect(0)

        assert store.failed() == []
        verdict = json.loads((store.root / name / "verified.json").read_text())
        assert "log in over the network only" in verdict["left_out"][0]["why"]
        newer.run("restore", name, "--replace").expect(0)
        assert census(server, "r") == before
    finally:
        server.remove()
