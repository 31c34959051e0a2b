"""What a digest says: what looks agree on, and of the archive only what was proven."""

from dataclasses import replace

import pytest

from console import regular
from console.archive import Slot
from console.events import State
from console.message import Open
from console.problem import Facts, Key
from console.safety import judge
from console.sets import Identity, Picture
from console.sets import State as Set
from tests.console.test_archive_verdict import (
    ARCHIVE,
    PROVEN,
    with_archive,
    with_copies,
    with_drill,
)
from tests.console.test_safety import DAY, HEALTHY, HOUR, NOW, a_set, lacking, with_sets

WEEK = 7 * DAY
TO = ("r",)


def opened(facts: Facts) -> dict[Key, Open]:
    """What is wrong, as it was announced."""
    return {x.key: Open(NOW - HOUR, x.text, x.level) for x in judge(facts, NOW).problems}


@pytest.mark.parametrize(
    ("before", "at_seven"),
    [
        (HEALTHY, replace(HEALTHY, store=replace(HEALTHY.store, silent=90.0))),
        (HEALTHY, with_sets()),
        (with_sets(a_set(7), a_set(1, flagged="lost")), HEALTHY),
        (with_sets(a_set(7, Set.DAMAGED), a_set(1)), with_sets(a_set(8), a_set(7, Set.DAMAGED))),
    ],
)  # fmt: skip
def test_one_look_is_no_week(before: Facts, at_seven: Facts) -> None:
    """A digest says what looks agree on, and waits for that until the next one."""
    state = State(opened(before), digest=regular.due(NOW) - WEEK)
    assert regular.weekly(state, at_seven, judge(at_seven, NOW), TO, NOW) == state
    for same in (before, at_seven):
        agreed = replace(state, open=opened(same))
        (event,) = regular.weekly(agreed, same, judge(same, NOW), TO, NOW).waiting
        assert event.title == f"The week: {judge(same, NOW).headline}"


def test_what_cannot_be_seen_now_keeps_no_digest_waiting() -> None:
    facts = replace(HEALTHY, store=Picture(Identity.MISSING, "gone"))
    state = State(
        opened(with_sets(lacking(1, "i"))) | opened(facts), digest=regular.due(NOW) - WEEK
    )
    assert len(regular.weekly(state, facts, judge(facts, NOW), TO, NOW).waiting) == 1


@pytest.mark.parametrize(
    ("facts", "is_said"),
    [
        (with_archive(), True),
        (with_archive(replace(ARCHIVE, drills={}, since=NOW - DAY)), False),
        (with_archive(slot=Slot.LOST), False),
        (with_archive(waiting={"local": 99}), False),
        (with_drill("local", replace(PROVEN, is_good=False)), False),
        (with_copies(is_good=False), True),
    ],
)
def test_a_window_is_told_where_it_was_proven_and_nothing_is_wrong_with_it(
    facts: Facts, is_said: bool
) -> None:
    state = State(opened(facts), digest=regular.due(NOW) - WEEK)
    (event,) = regular.weekly(state, facts, judge(facts, NOW), TO, NOW).waiting
    assert ("Any second from " in event.body) == is_said, event.body


def test_a_digest_says_what_is_wrong_and_nothing_old_of_a_store_that_is_away() -> None:
    facts = replace(HEALTHY, store=replace(HEALTHY.store, silent=90.0))
    state = State(opened(facts), digest=regular.due(NOW) - WEEK)
    (event,) = regular.weekly(state, facts, judge(facts, NOW), TO, NOW).waiting
    assert event.title == "The week: Your data is not safe right now."
    assert "What is wrong now:\n- The store has not answered for 1 min 30 s." in event.body
    assert "Backups of the last 7 days" not in event.body
