"""Budgets: met, close, missed or unknown, by what was proven."""

from dataclasses import replace

import pytest

from console import budget_metrics, budgets, safety
from console.archive import Drill, Slot
from console.budgets import Name, State
from console.jobs import Cluster, Job, Phase
from console.problem import Code, Facts, Level
from console.sets import BackupSet, Identity, Picture
from console.sets import State as SetState
from console.wishes import Action
from tests.lib.budgets import HOUR, NOW, a_set, archive, facts


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


def test_of_a_store_where_nothing_verifies_a_miss_is_told() -> None:
    aside = [replace(a_set(x, verified=False), state=SetState.FAILED) for x in (8.1, 2.1)]
    assert state(facts(*aside), Name.RPO) is State.MISSED
    assert state(facts(*aside, a_set(1, verified=False)), Name.RPO) is State.MISSED
    foreign = replace(a_set(99, verified=False), state=SetState.FOREIGN)
    assert state(facts(foreign, a_set(1, verified=False)), Name.RPO) is State.UNKNOWN


def test_a_next_run_that_comes_too_late_is_told_before_it_is_missed() -> None:
    found = facts(a_set(1), next_backup=NOW + 8 * HOUR)
    assert state(found, Name.RPO) is State.CLOSE
    (problem,) = [each for each in budgets.problems(found, NOW) if each.code is Code.RPO]
    assert problem.text == (
        "The next backup is due in 8 h, so recovery.rpo (8 h) will be missed before it."
    )
    assert problem.level is Level.WARNING


@pytest.mark.parametrize("due", [NOW + 7 * HOUR, None])
def test_the_longest_time_between_two_runs_says_nothing_of_the_next(due: float | None) -> None:
    """A schedule of weekdays alone has a gap of three days, and on a Tuesday keeps a day."""
    found = facts(a_set(1), next_backup=due, interval=72 * HOUR)
    assert state(found, Name.RPO) is State.MET


def test_a_set_that_waits_for_its_verification_is_hoped_for() -> None:
    """Or each turn would begin with a warning that its end takes back."""
    late = {"next_backup": NOW + 5.9 * HOUR}
    assert state(facts(a_set(6.1), **late), Name.RPO) is State.CLOSE
    waits = a_set(0.1, verified=False)
    assert state(facts(a_set(6.1), waits, **late), Name.RPO) is State.MET
    refused = replace(waits, why="the server refused it")
    assert state(facts(a_set(6.1), refused, **late), Name.RPO) is State.CLOSE
    run = Job("one", Action.BACKUP, Phase.RUNNING, NOW - 60, None)
    assert state(facts(a_set(6.1), cluster=Cluster(jobs=(run,)), **late), Name.RPO) is State.MET


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
     (0, 4_000_000, "close"),
     (None, 1000, "unknown")],
)  # fmt: skip
def test_a_recovery_takes_as_long_as_a_drill_or_as_a_larger_set_would(
    took: float | None, newest: int, expected: str
) -> None:
    sets = a_set(2, took=took), a_set(1, verified=False, size=newest)
    assert state(facts(*sets), Name.RTO) == expected


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


@pytest.mark.parametrize(
    "sets",
    [(), (a_set(2, took=None),), (a_set(2, took=600),),
     (a_set(2, took=600), a_set(1, verified=False, size=9000))],
)  # fmt: skip
def test_a_drill_of_the_archive_that_took_too_long_is_a_miss_whatever_the_sets_say(
    sets: tuple[BackupSet, ...],
) -> None:
    slow = archive(drills={"local": Drill(is_good=True, time=NOW, seconds=3700.0)})
    assert state(facts(*sets, archive=slow), Name.RTO) is State.MISSED
    failed = archive(drills={"local": Drill(is_good=False, time=NOW, seconds=3700.0)})
    assert state(facts(archive=failed), Name.RTO) is State.UNKNOWN


def test_what_is_expected_to_be_too_long_is_not_called_close_to_it() -> None:
    found = facts(a_set(2, took=600), a_set(1, verified=False, size=9000))
    (why,) = [each.why for each in budgets.view(found, NOW) if each.name is Name.RTO]
    assert why.endswith(" took 10 min, and backup_0098.000 needs some 1 h 30 min, more than "
                        "recovery.rto (1 h)")  # fmt: skip
    assert state(found, Name.RTO) is State.CLOSE


def test_the_slowest_way_back_counts() -> None:
    drills = {"local": 90.0, "offsite": 3700.0}
    slow = archive(drills={n: Drill(is_good=True, time=NOW, seconds=s) for n, s in drills.items()})
    found = facts(a_set(1), archive=slow)
    assert state(found, Name.RTO) is State.MISSED
    (why,) = [each.why for each in budgets.view(found, NOW) if each.name is Name.RTO]
    assert why.startswith("Coming back from the archive (offsite) took 1 h 1 min, more than")


def test_a_budget_that_is_not_set_is_not_judged() -> None:
    none = facts(a_set(999), rpo_seconds=0.0, rto_seconds=0.0)
    assert budgets.off(none) == {Code.RPO, Code.RTO}
    assert not budgets.unknown(none, NOW)
    assert list(budget_metrics.metrics(none, NOW)) == [], "neither samples nor their names"
    assert budgets.view(none, NOW) == ()
    assert list(budgets.problems(none, NOW)) == []
