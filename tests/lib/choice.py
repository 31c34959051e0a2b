"""Large families of cases that one mechanism answers: some in every run, all of them with LONG=1."""

from collections.abc import Iterable
from typing import Any

import pytest

EACH = 6
"""Of so many cases one is in every run."""


def some(cases: Iterable[Any]) -> list[Any]:
    """Return all cases; those that only LONG=1 has are marked so. A tuple has several arguments."""
    return [case if number % EACH == 0 else _long(case) for number, case in enumerate(cases)]


def _long(case: Any) -> Any:
    values = case if isinstance(case, tuple) else (case,)
    return pytest.param(*values, marks=pytest.mark.long)


TURNS = some(range(EACH))
"""The cases of a test that does the same at each step of a program: see `steps_of`."""


def steps_of(turn: int, steps: int) -> range:
    """Return the numbers, from 1, of the steps that are a turn's: each sixth one."""
    return range(1 + turn, steps + 1, EACH)
