"""Budgets: met, close, missed or unknown, by what was proven; the same on page, status, metric."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from console import budgets, safety
from console.archive import Archive, Drill, Position, Slot
from console.budgets import Name, State
from console.jobs import Cluster
from console.manifest import Database, Manifest
from console.problem import Code, Facts, Level
from console.sets import BackupSet, Identity, Picture, Verdict
from console.sets import State as SetState
from tests.console.conftest import Start
from tests.lib.console import Console, add_set, change_verdict
from tests.lib.kubeapi import FakeApi

NOW = 1_800_000_000.0
HOUR = 3600.0


def a_set(
    hours: float, *, verified: bool = True, took: float | None = 600, size: int = 1000
) -> BackupSet:
    of = Manifest(
        store="one", started=NOW - hours * HOUR, finished=None, reason="", pinned=False,
        flagged=None, accepted_shrink=False, server_version="16", format="custom",
        compression="none", globals_file="g", globals_bytes=0,
        databases=(Database("one", "f", size, 1, 1),), skipped=(),
    )  # fmt: skip
    name = f"backup_{99 - hours:08.3f}"
    if not verified:
        return BackupSet(name, SetState.UNVERIFIED, manifest=of)
    return BackupSet(name, SetState.VERIFIED, manifest=of, verdict=Verdict(NOW, took, 700))


def facts(*sets: BackupSet, **changes: object) -> Facts:
    """At six hours between two backups, with a budget of eight hours and of one."""
    picture = Picture(Identity.OK, id="one", sets=tuple(sorted(sets, key=lambda x: x.name)))
    made = Facts(store=picture, cluster=Cluster(True), interval=6 * HOUR,
                 rpo_seconds=8 * HOUR, rto_seconds=HOUR)  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def state(of: Facts, name: Name) -> State:
    (found,) = [each for each in budgets.view(of, NOW) if each.name is name]
    assert (found.measured is None) == (found.state is State.UNKNOWN)
    problems = {each.code for each in budgets.problems(of, NOW)}
    assert (budgets.CODES[name] in problems) == (found.state in {State.MISSED, State.CLOSE})
    return found.state


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(0, "met"), (6.4, "met"), (6.5, "close"), (8, "close"), (8.1, "missed"), (999, "missed"),
     (-0.01, "met"), (-1, "unknown")],
)  # fmt: skip
def test_what_may_be_lost_is_what_came_after_the_newest_verified_set(
    hours: float, expected: str
) -> None:
    assert state(facts(a_set(hours)), Name.RPO) == expected
    newer = a_set(hours - 0.02, verified=False)
    assert state(facts(a_set(hours), newer), Name.RPO) == expected, "it has proven nothing"


def test_of_a_store_without_a_proof_nothing_is_known_until_it_must_be_missed() -> None:
    assert state(facts(), Name.RPO) is State.UNKNOWN
    assert state(facts(a_set(7.9, verified=False)), Name.RPO) is State.UNKNOWN
    assert state(facts(a_set(8.1, verified=False)), Name.RPO) is State.MISSED
    assert state(facts(a_set(8.1, verified=False)), Name.RTO) is State.UNKNOWN


def test_a_schedule_that_cannot_keep_it_is_told_before_it_is_missed() -> None:
    found = facts(a_set(0), rpo_seconds=5 * HOUR)
    assert state(found, Name.RPO) is State.CLOSE
    (problem,) = [each for each in budgets.problems(found, NOW) if each.code is Code.RPO]
    assert problem.text == (
        "A backup is due every 6 h, so recovery.rpo (5 h) will be missed before the next one."
    )


@pytest.mark.parametrize("broken", ["silent", "missing", "other"])
def test_what_the_store_does_not_say_is_unknown_and_never_met(broken: str) -> None:
    good = facts(a_set(1))
    store = {
        "silent": replace(good.store, silent=60.0),
        "missing": Picture(Identity.MISSING, "gone"),
        "other": replace(good.store, identity=Identity.OTHER),
    }[broken]
    found = replace(good, store=store)
    assert {state(found, name) for name in Name} == {State.UNKNOWN}
    assert {Code.RPO, Code.RTO} <= safety.unknown(found, NOW)


@pytest.mark.parametrize(
    ("took", "newest", "expected"),
    [(2880, 1000, "met"), (2881, 1000, "close"), (3600, 1000, "close"), (3601, 1000, "missed"),
     (600, 4000, "met"), (600, 5000, "close"), (600, 9000, "close"), (0, 9000, "met"),
     (None, 1000, "unknown")],
)  # fmt: skip
def test_a_recovery_takes_as_long_as_a_drill_or_as_a_larger_set_would(
    took: float | None, newest: int, expected: str
) -> None:
    sets = a_set(2, took=took), a_set(1, verified=False, size=newest)
    assert state(facts(*sets), Name.RTO) == expected


def archive(**changes: object) -> Archive:
    position = Position(
        time=NOW - 10, canary=NOW - 70, written="0/1", behind_bytes=0, slot=Slot.RESERVED,
        is_streaming=True, waiting={"local": 0}, backups={"local": NOW - 600},
    )  # fmt: skip
    drill = Drill(is_good=True, time=NOW - 600, start=NOW - 9 * HOUR, end=NOW - 700, seconds=90)
    usual = Archive(position=position, drills={"local": drill}, since=NOW - 99 * HOUR)
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_a_proven_archive_loses_a_minute_and_one_that_is_not_proves_nothing() -> None:
    of = {"rpo_seconds": 300.0, "archive_interval": 6 * HOUR}
    good = archive()
    assert state(facts(a_set(5), archive=good, **of), Name.RPO) is State.MET
    failed = replace(good.drills["local"], is_good=False)
    assert good.position is not None
    for broken in (
        archive(drills={}),
        archive(drills={"local": failed}),
        archive(position=None),
        archive(position=replace(good.position, slot=Slot.LOST)),
        archive(position=replace(good.position, time=NOW - HOUR)),
    ):
        assert state(facts(a_set(5), archive=broken, **of), Name.RPO) is State.MISSED


def test_the_slowest_way_back_counts() -> None:
    drills = {"local": 90.0, "offsite": 3700.0}
    slow = archive(drills={n: Drill(is_good=True, time=NOW, seconds=s) for n, s in drills.items()})
    found = facts(a_set(1), archive=slow)
    assert state(found, Name.RTO) is State.MISSED
    (why,) = [each.why for each in budgets.view(found, NOW) if each.name is Name.RTO]
    assert why.startswith("Coming back from the archive (offsite) took 1 h 1 min, more than")


def test_a_budget_that_is_not_set_is_not_judged() -> None:
    none = facts(a_set(999), rpo_seconds=0.0, rto_seconds=0.0)
    assert budgets.view(none, NOW) == ()
    assert list(budgets.problems(none, NOW)) == []


def recovery(name: str, **labels: str) -> str:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"brewget_recovery_{name}{{{inside}}}"


def test_page_status_and_metrics_say_the_same(
    start: Start, store: Path, api: FakeApi, tmp_path: Path
) -> None:
    for made in store.glob("backup_*"):
        change_verdict(made, restore_seconds="a while")
    console: Console = start(
        KUBECONFIG=api.kubeconfig(tmp_path), CONSOLE_RPO_SECONDS="7200", CONSOLE_RTO_SECONDS="60"
    ).log_in()
    seen = console.metrics()
    assert seen[recovery("state", budget="rpo", state="close")] == 1, "every 6 h, as is due"
    assert seen[recovery("state", budget="rto", state="unknown")] == 1
    assert seen[recovery("state", budget="rto", state="met")] == 0
    assert seen[recovery("measured_seconds", budget="rpo")] == pytest.approx(HOUR, abs=60)
    assert seen[recovery("budget_seconds", budget="rto")] == 60
    assert recovery("measured_seconds", budget="rto") not in seen
    assert "brewget_backup_restore_duration_seconds" not in seen
    assert seen['brewget_backup_problem{problem="rpo"}'] == Level.WARNING
    add_set(store, timedelta(minutes=1))
    change_verdict(max(store.glob("backup_*")), restore_seconds=61)
    status = json.loads(console.get("/api/v1/status").text)
    rpo, rto = status["recovery"]
    assert (rpo["budget"], rpo["state"], rto["state"]) == ("rpo", "close", "missed")
    assert (rto["measured_seconds"], rto["limit_seconds"]) == (61, 60)
    assert {"rpo", "rto"} <= {each["code"] for each in status["problems"]}
    page = console.get("/").text
    assert '<span class="state missed">missed</span>' in page
    assert "took 1 min 1 s, more than recovery.rto (1 min)." in page
