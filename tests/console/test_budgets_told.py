"""Budgets as they are told: once when they are missed, and the same on page, status and metric."""

import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from console import budgets, events, safety
from console.jobs import Cluster, CronJob
from console.message import Kind
from console.problem import Code, Facts, Level
from console.wishes import BACKUP, VERIFY
from tests.console.conftest import Start
from tests.lib.budgets import HOUR, NOW, a_set, facts
from tests.lib.console import Console, add_set, change_verdict
from tests.lib.kubeapi import FakeApi


def told(*rounds: Facts) -> list[Kind]:
    """Of a receiver that is told after each two looks."""
    now, seen = events.State(receivers=("one",)), events.Seen()
    for each in [one for one in rounds for _ in range(events.PATIENCE)]:
        problems = [*budgets.problems(each, NOW)]
        seen = seen.after(problems, now, safety.unknown(each, NOW))
        now = events.advance(now, seen, problems, ("one",), NOW)
    return [each.kind for each in now.waiting]


@pytest.mark.parametrize(
    ("met", "close", "missed"),
    [(facts(a_set(1)), facts(a_set(7)), facts(a_set(9))),
     (facts(a_set(1)), facts(a_set(1, took=3500)), facts(a_set(1, took=3700)))],
)  # fmt: skip
def test_a_miss_is_told_after_its_warning_and_only_what_is_met_ends_it(
    met: Facts, close: Facts, missed: Facts
) -> None:
    warned = [Kind.WARNING, Kind.PROBLEM]
    assert told(met, close, missed) == warned
    silent = replace(missed, store=replace(missed.store, silent=60.0))
    assert told(met, close, missed, silent) == warned, "that nobody knows is no recovery"
    assert told(met, close, missed, met) == [*warned, Kind.RECOVERED]


def test_what_turns_unknown_while_the_store_answers_is_not_over() -> None:
    unmeasured = facts(a_set(1, took=None))
    assert told(facts(a_set(1, took=3700)), unmeasured) == [Kind.PROBLEM]
    assert safety.unknown(unmeasured, NOW) == {Code.RTO}


def test_a_slow_recovery_does_not_make_the_data_unsafe() -> None:
    due = {"next_backup": NOW + HOUR}
    found = facts(a_set(1, took=3700), **due)
    cluster = [CronJob(x, "0 */6 * * *", "UTC", False, NOW, NOW) for x in (BACKUP, VERIFY)]
    found = replace(found, cluster=Cluster(cron_jobs=tuple(cluster)))
    said = safety.judge(found, NOW)
    assert (said.level, [each.code for each in said.problems]) == (Level.BAD, [Code.RTO])
    assert said.headline == "There are backups, but a recovery takes longer than its budget."
    lost = safety.judge(replace(found, rpo_seconds=1800.0), NOW)
    assert lost.headline == "Your data is not safe right now."


def test_a_cluster_that_is_away_ends_no_warning_of_the_next_run() -> None:
    late = facts(a_set(1), next_backup=NOW + 9 * HOUR)
    away = replace(facts(a_set(1)), cluster=Cluster(why="away"))
    assert told(late, away) == [Kind.WARNING]
    missed = replace(facts(a_set(9)), cluster=Cluster(why="away"))
    assert told(late, missed) == [Kind.WARNING, Kind.PROBLEM]


def recovery(name: str, **labels: str) -> str:
    inside = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"brewget_recovery_{name}{{{inside}}}"


def test_page_status_and_metrics_say_the_same(
    start: Start, store: Path, api: FakeApi, tmp_path: Path
) -> None:
    for made in store.glob("backup_*"):
        change_verdict(made, restore_seconds="a while")
    # Every day at the hour that was: the next run is far away at whatever time this runs.
    now = time.gmtime(time.time() - 2 * HOUR)
    api.cron_jobs[0]["spec"]["schedule"] = f"{now.tm_min} {now.tm_hour} * * *"
    console: Console = start(
        KUBECONFIG=api.kubeconfig(tmp_path), CONSOLE_RPO_SECONDS="7200", CONSOLE_RTO_SECONDS="60"
    ).log_in()
    seen = console.metrics()
    assert seen[recovery("state", budget="rpo", state="close")] == 1, "as the next run is due"
    assert seen[recovery("state", budget="rto", state="unknown")] == 1
    assert seen[recovery("state", budget="rto", state="met")] == 0
    assert seen[recovery("measured_seconds", budget="rpo")] == pytest.approx(HOUR, abs=60)
    assert seen[recovery("budget_seconds", budget="rto")] == 60
    assert recovery("measured_seconds", budget="rto") not in seen
    assert "brewget_backup_restore_duration_seconds" not in seen
    assert seen['brewget_backup_problem{problem="rpo"}'] == Level.WARNING
    assert 'brewget_backup_problem{problem="rto"}' not in seen, "of what is unknown there is none"
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
