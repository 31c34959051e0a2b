"""The rules: by promtool, and in a real Prometheus that scrapes a console with real faults."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from tests.console.conftest import Start
from tests.lib.console import Console, add_set
from tests.lib.kubeapi import FakeApi
from tests.lib.positions import (
    DAY,
    before,
    write_archive,
    write_copies,
    write_drill,
    write_position,
)
from tests.lib.prometheus import ALERTS, FIRING, Prometheus, program
from tests.lib.waiting import wait_for

DASHBOARD = ALERTS.parent / "dashboard.json"
NAMES = re.compile(r"brewget_[a-z_]+")


def test_promtool_passes_the_rules_and_their_tests() -> None:
    done = subprocess.run(
        [program("promtool"), "test", "rules", "rules_test.yaml"],
        cwd=ALERTS, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_rule_is_tested() -> None:
    rules = yaml.safe_load((ALERTS / "rules.yaml").read_text())
    tests = (ALERTS / "rules_test.yaml").read_text()
    names = [rule["alert"] for group in rules["groups"] for rule in group["rules"]]
    assert len(names) == len(set(names))
    assert [name for name in names if name not in tests] == []


def expressions() -> list[str]:
    """Every query of the dashboard."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [target["expr"] for panel in panels for target in panel["targets"]]


@pytest.fixture
def console(start: Start, api: FakeApi, tmp_path: Path, store: Path) -> Console:
    write_archive(store)
    budgets = {"CONSOLE_RPO_SECONDS": "86400", "CONSOLE_RTO_SECONDS": "3600"}
    return start(KUBECONFIG=api.kubeconfig(tmp_path), CONSOLE_ARCHIVE="1", **budgets)


@pytest.fixture
def prometheus(console: Console, tmp_path: Path) -> Iterator[Prometheus]:
    (tmp_path / "prometheus").mkdir()
    made = Prometheus(tmp_path / "prometheus", console.port)
    try:
        yield made.start()
    finally:
        made.stop()


def test_rules_and_dashboard_ask_for_metrics_that_exist(console: Console) -> None:
    exposed = set(re.findall(r"^# HELP (\S+)", console.get("/metrics").text, re.M))
    asked = set(NAMES.findall(" ".join(expressions()) + (ALERTS / "rules.yaml").read_text()))
    assert len(asked) > 15
    assert asked - exposed == set()
    ours = {name for name in exposed if name.startswith("brewget_")}
    shown = set(NAMES.findall(" ".join(expressions())))
    assert ours - shown - {"brewget_backup_newest_timestamp_seconds"} == set(), (
        "not on the dashboard"
    )


def test_a_real_prometheus_fires_when_things_are_really_broken(
    prometheus: Prometheus, console: Console, api: FakeApi, store: Path
) -> None:
    # Before the first scrape and the rules' next round the console is absent, and that fires.
    wait_for("a scrape", lambda: prometheus.query("brewget_backup_store_ok"), FIRING)
    for expression in expressions():
        prometheus.query(expression)
    wait_for("peace", lambda: prometheus.firing() == set(), FIRING)

    api.cron_jobs[0]["spec"]["suspend"] = True
    prometheus.wait_for_alert("BrewgetBackupSuspended")
    assert prometheus.firing() == {"BrewgetBackupSuspended"}, "and nothing else did"

    os.truncate(max(store.glob("backup_*")) / "one.sql", 3)
    prometheus.wait_for_alert("BrewgetBackupSetDamaged")

    add_set(store, timedelta(hours=-2))  # made by a clock that ran ahead
    prometheus.wait_for_alert("BrewgetBackupClock")

    store.rename(store.with_name("renamed"))
    prometheus.wait_for_alert("BrewgetBackupStoreMissing")

    console.stop()
    prometheus.wait_for_alert("BrewgetBackupConsoleAbsent")


def test_a_real_prometheus_sees_each_fault_of_the_archive(
    prometheus: Prometheus, store: Path
) -> None:
    wait_for("a scrape", lambda: prometheus.query("brewget_archive_slot"), FIRING)
    wait_for("peace", lambda: prometheus.firing() == set(), FIRING)
    for alert, changes in (
        ("BrewgetArchiveStale", {"canary": before(600)}),
        ("BrewgetArchiveSlot", {"slot": "lost"}),
        ("BrewgetArchiveWaiting", {"waiting": {"local": 65}}),
        ("BrewgetArchiveBackup", {"backups": {"local": before(DAY)}}),
    ):
        write_position(store, **changes)
        wait_for(f"{alert} alone", lambda a=alert: prometheus.firing() == {a}, FIRING)
    write_position(store)
    write_drill(store, "local", ok=False)
    wait_for("the drill alone", lambda: prometheus.firing() == {"BrewgetArchiveDrill"}, FIRING)
    write_drill(store, "local")
    write_copies(store, ok=False)
    wait_for("the sets alone", lambda: prometheus.firing() == {"BrewgetOffsiteSets"}, FIRING)


def test_a_real_prometheus_sees_the_newest_set_grow_old(
    prometheus: Prometheus, store: Path
) -> None:
    for made in store.glob("backup_*"):
        made.rename(store / f"gone-{made.name}")
    prometheus.wait_for_alert("BrewgetBackupNone")
    add_set(store, timedelta(hours=20))
    prometheus.wait_for_alert("BrewgetBackupStale")
    prometheus.wait_for_alert("BrewgetBackupUnverified")
