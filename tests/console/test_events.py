"""Which notifications are due: once per event, through restarts and absences."""

import pytest

from console.events import (
    PATIENCE,
    Event,
    Kind,
    Seen,
    State,
    advance,
    delivered,
    from_json,
    only_known,
    to_json,
)
from console.problem import Code, Level, Problem

STALE = Problem(Code.STALE, Level.BAD, "The newest backup is old.", "Press the button.")
EMPTY = State()
BOTH = ("one", "two")


def looks(
    state: State, seen: Seen, *rounds: list[Problem], now: float = 100.0
) -> tuple[State, Seen]:
    for problems in rounds:
        seen = seen.after([p.key for p in problems], state)
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
    assert [e.title for e in state.waiting[2:]] == ["Recovered: one is damaged."]
    state, _ = looks(from_json(to_json(state)), Seen(), [], [])
    assert [e.title for e in state.waiting[3:]] == ["Recovered: two is damaged."]
    assert len({event.id for event in state.waiting}) == 4


def test_a_problem_that_gets_worse_is_told_again_and_one_that_gets_better_is_not() -> None:
    mild, bad = damaged("one", Level.WARNING), damaged("one", Level.BAD)
    state, seen = looks(EMPTY, Seen(), [mild], [mild], [bad], [bad])
    state, seen = looks(state, seen, [mild], [mild], [bad], [], [], now=3700.0)
    kinds = [event.kind for event in state.waiting]
    assert kinds == [Kind.WARNING, Kind.PROBLEM, Kind.PROBLEM, Kind.RECOVERED]
    assert "after 1 h" in state.waiting[-1].body, "since it was first told"


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
    state, _ = looks(State({}, waiting), Seen(), [STALE], [STALE])
    assert len(state.waiting) == 500
    assert state.waiting[-1].title == STALE.text


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 1, "open": {}, "waiting": []}', '{"version": 2}',
             '{"version": 2, "open": 5, "waiting": []}',
             '{"version": 2, "open": [{"code": "nonsense"}], "waiting": []}',
             '{"version": 2, "open": ["stale"], "waiting": []}']
)  # fmt: skip
def test_a_damaged_state_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (any words: they only go into the log)
        from_json(text)
