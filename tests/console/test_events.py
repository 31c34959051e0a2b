"""Which notifications are due: once per event, through restarts and absences."""

import json

import pytest

from console.events import PATIENCE, Seen, State, advance, delivered, from_json, only_known, to_json
from console.message import MANY, Event, Kind
from console.problem import Code, Level, Problem

STALE = Problem(Code.STALE, Level.BAD, "The newest backup is old.", "Press the button.")
EMPTY = State(receivers=("one", "two"))
BOTH = ("one", "two")


def looks(
    state: State, seen: Seen, *rounds: list[Problem], now: float = 100.0
) -> tuple[State, Seen]:
    for problems in rounds:
        seen = seen.after(problems, state)
        state = advance(state, seen, problems, BOTH, now)
    return state, seen


def test_a_problem_is_announced_once_after_it_was_seen_twice() -> None:
    state, seen = looks(EMPTY, Seen(), [STALE])
    assert state.waiting == ()
    state, seen = looks(state, seen, [STALE])
    assert [(e.kind, e.title, e.receivers) for e in state.waiting] == [
        (Kind.PROBLEM, "The newest backup is old.", BOTH)
    ]
    assert "Press the button." in state.waiting[0].body
    state, _ = looks(state, seen, [STALE], [STALE], [STALE])
    assert len(state.waiting) == 1


def test_a_flicker_is_no_event() -> None:
    state, _ = looks(EMPTY, Seen(), [STALE], [], [STALE], [], [STALE])
    assert state == EMPTY


def test_its_end_is_announced_with_how_long_it_took() -> None:
    state, seen = looks(EMPTY, Seen(), [STALE], [STALE])
    state, seen = looks(state, seen, [], now=3700.0)
    assert len(state.waiting) == 1
    state, _ = looks(state, seen, [], now=3700.0)
    assert state.waiting[1].kind is Kind.RECOVERED
    assert "after 1 h" in state.waiting[1].body
    assert state.open == {}


def damaged(name: str, level: Level) -> Problem:
    return Problem(Code.DAMAGED, level, f"{name} is damaged.", "Look at the disk.", name)


def test_two_of_a_kind_are_told_each_and_so_is_the_end_of_each() -> None:
    one, two = damaged("one", Level.BAD), damaged("two", Level.WARNING)
    state, seen = looks(EMPTY, Seen(), [one], [one], [one, two], [one, two])
    assert [e.title for e in state.waiting] == ["one is damaged.", "two is damaged."]
    state, seen = looks(state, seen, [two], [two])
    assert [e.title for e in state.waiting[2:]] == ["Over: one is damaged."]
    state, _ = looks(from_json(to_json(state)), Seen(), [], [])
    assert [e.title for e in state.waiting[3:]] == ["Over: two is damaged."]
    assert len({event.id for event in state.waiting}) == 4


def test_a_problem_that_gets_worse_is_told_again_once() -> None:
    mild, bad = damaged("one", Level.WARNING), damaged("one", Level.BAD)
    state, seen = looks(EMPTY, Seen(), [mild], [mild], [bad], [mild], [bad])
    assert [event.kind for event in state.waiting] == [Kind.WARNING], "a flicker is no event"
    state, seen = looks(state, seen, [bad], [mild], [mild], [bad], [bad])
    state, seen = looks(state, seen, [], [], now=3700.0)
    kinds = [event.kind for event in state.waiting]
    assert kinds == [Kind.WARNING, Kind.PROBLEM, Kind.RECOVERED]
    assert "after 1 h" in state.waiting[-1].body, "since it was first told"


def test_a_receiver_that_comes_later_is_told_what_is_open() -> None:
    seen = Seen().after([STALE], EMPTY).after([STALE], EMPTY)
    state = advance(State(), seen, [STALE], (), 100.0)
    assert (len(state.open), state.waiting) == (1, ())
    state = advance(state, seen, [STALE], ("one",), 3700.0)
    (told,) = state.waiting
    assert (told.title, told.receivers) == (STALE.text, ("one",))
    assert "for 1 h" in told.body
    again = advance(from_json(to_json(state)), seen, [STALE], ("one", "two"), 3800.0)
    assert [event.receivers for event in again.waiting] == [("one",), ("two",)]


def test_many_of_a_kind_at_once_are_one_message_and_push_nothing_out() -> None:
    waiting = tuple(Event(str(n), Kind.PROBLEM, "t", "b", BOTH) for n in range(500))
    many = [damaged(f"set{number}", Level.BAD) for number in range(600)]
    few = many[:MANY]
    state, seen = looks(State({}, waiting, BOTH), Seen(), [STALE, *many], [STALE, *many])
    assert [event.title for event in state.waiting[-2:]] == [
        STALE.text,
        "600 at once: set0 is damaged.",
    ]
    assert len(state.waiting) == 500
    assert "set19 is damaged." in state.waiting[-1].body
    assert "and 580 more" in state.waiting[-1].body
    state, seen = looks(state, seen, few, few)
    assert [event.title for event in state.waiting[-2:]] == [
        f"Over: {STALE.text}",
        "595 at once: Over: set5 is damaged.",
    ]
    state, _ = looks(state, seen, [], [])
    assert [event.title for event in state.waiting[-MANY:]] == [f"Over: {x.text}" for x in few]


def test_what_waited_is_taken_over_from_the_version_before() -> None:
    event = {
        "id": "stale 1 problem",
        "kind": "problem",
        "title": "t",
        "body": "b",
        "receivers": ["one"],
    }
    old = {"version": 1, "open": {"stale": {"since": 1, "text": "t"}}, "waiting": [event]}
    assert from_json(json.dumps(old)) == State(
        waiting=(Event("stale 1 problem", Kind.PROBLEM, "t", "b", ("one",)),)
    )


def test_what_is_long_gone_is_not_remembered() -> None:
    seen, state = Seen(), EMPTY
    for number in range(1000):
        state, seen = looks(state, seen, [damaged(str(number), Level.BAD)])
    assert (len(seen.streaks), state) == (1, EMPTY)


def test_what_cannot_be_told_is_not_over() -> None:
    state, seen = looks(EMPTY, Seen(), [STALE], [STALE])
    for _ in range(5):
        seen = seen.after([], state, unknown=[Code.STALE])
        assert advance(state, seen, [], BOTH, 200.0) == state
    after, _ = looks(state, seen, [], [])
    assert [event.kind for event in after.waiting] == [Kind.PROBLEM, Kind.RECOVERED]


def test_a_restart_with_the_written_state_repeats_nothing() -> None:
    state, _ = looks(EMPTY, Seen(), [STALE], [STALE])
    again = from_json(to_json(state))
    assert again == state
    after, _ = looks(again, Seen(), *[[STALE]] * (PATIENCE + 2))
    assert after == state


def test_a_restart_while_the_problem_went_away_says_that_it_is_over() -> None:
    state, _ = looks(EMPTY, Seen(), [STALE], [STALE])
    after, _ = looks(from_json(to_json(state)), Seen(), [], [])
    assert [event.kind for event in after.waiting] == [Kind.PROBLEM, Kind.RECOVERED]


def test_each_receiver_is_done_with_by_itself() -> None:
    state, _ = looks(EMPTY, Seen(), [STALE], [STALE])
    event = state.waiting[0]
    state = delivered(state, event.id, "one")
    assert state.waiting[0].receivers == ("two",)
    assert delivered(state, event.id, "two").waiting == ()


def test_the_same_words_twice_are_two_events() -> None:
    state, seen = looks(EMPTY, Seen(), [STALE], [STALE], now=1.0)
    state, seen = looks(state, seen, [], [], now=2.0)
    state, _ = looks(state, seen, [STALE], [STALE], now=3.0)
    first, _, second = state.waiting
    assert first.title == second.title
    left = delivered(state, first.id, "one")
    assert [event.receivers for event in left.waiting] == [("two",), BOTH, BOTH]


def test_a_receiver_that_is_no_longer_wanted_gets_nothing() -> None:
    state, _ = looks(EMPTY, Seen(), [STALE], [STALE])
    assert only_known(state, ["two"]).waiting[0].receivers == ("two",)
    assert only_known(state, []).waiting == ()


def test_a_receiver_that_never_answers_does_not_fill_the_disk() -> None:
    waiting = tuple(Event(str(n), Kind.PROBLEM, "t", "b", BOTH) for n in range(600))
    state, _ = looks(State({}, waiting, BOTH), Seen(), [STALE], [STALE])
    assert len(state.waiting) == 500
    assert state.waiting[-1].title == STALE.text


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 2}',
             '{"version": 2, "open": 5, "waiting": [], "receivers": []}',
             '{"version": 2, "open": [{"code": "nonsense"}], "waiting": [], "receivers": []}',
             '{"version": 2, "open": ["stale"], "waiting": [], "receivers": []}',
             '{"version": 2, "open": [], "waiting": []}', '{"version": 3, "waiting": []}']
)  # fmt: skip
def test_a_damaged_state_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any words: they only go into the log)
        from_json(text)
