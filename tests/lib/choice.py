"""Large families of cases that one mechanism answers: some in every run, all of them with LONG=1."""

from collections.abc import Iterable
from typing import Any

import pytest

EACH = 3
"""Of so many cases one is in every run."""


def some(cases: Iterable[Any]) -> list[Any]:
    """Return all cases; those that only LONG=1 has are marked so."""
    return [
        case if number % EACH == 0 else pytest.param(case, marks=pytest.mark.long)
        for number, case in enumerate(cases)
    ]
