"""Waiting for a condition, never for a time; what was seen last is in the failure."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POD_READY = 180.0
"""A PostgreSQL pod from creation to Ready, a restore of the test data included, in seconds."""

JOB_DONE = 180.0
"""A backup, verification or restore Job of the test data, in seconds."""

NEXT_MINUTE = 150.0
"""A CronJob with `* * * * *`: at most a minute until it fires, and its run, in seconds."""

OBJECT_GONE = 120.0
"""A namespace or claim with its finalizers, in seconds."""


def wait_for(what: str, look: Callable[[], T | None], timeout: float, every: float = 1.0) -> T:
    """Return what `look` returns as soon as that is true; fail after `timeout` seconds.

    An exception of `look` counts as "not yet" and is shown when the time is up.
    """
    deadline = time.monotonic() + timeout
    last: object = None
    while time.monotonic() < deadline:
        try:
            seen = look()
        except Exception as error:  # noqa: BLE001 - shown below when the time is up
            last = error
        else:
            if seen:
                return seen
            last = seen
        time.sleep(every)
    raise AssertionError(f"{what}: not within {timeout:.0f} s; last seen: {last!r}")
