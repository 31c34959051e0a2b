"""Timing whole commands: in turn, several rounds, the median, and the largest process' memory."""

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROUNDS = 5
"""Rounds of each comparison; the machine's speed drifts, so the contestants take turns."""


@dataclass
class Contestant:
    """A command, what has to be put in place before each run, and how it did."""

    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    prepare: Callable[[], object] = lambda: None
    seconds: list[float] = field(default_factory=list)
    peak_kib: int = 0

    @property
    def median(self) -> float:
        """The median of its runs, in seconds."""
        return statistics.median(self.seconds)


def race(
    contestants: Sequence[Contestant], identity: Mapping[str, object], rounds: int = ROUNDS
) -> None:
    """Run all of them in turn, so many times, after one round that takes the memory.

    Looking at the processes costs time of its own, so that round's times do not count.
    """
    for turn in range(rounds + 1):
        for contestant in contestants:
            contestant.prepare()
            took = _run(contestant, identity, is_watched=turn == 0)
            if turn:
                contestant.seconds.append(took)


def ratio(ours: Contestant, other: Contestant) -> float:
    """The median of the ratios round by round, which a drift of the machine does not touch."""
    return statistics.median(a / b for a, b in zip(ours.seconds, other.seconds, strict=True))


def _run(contestant: Contestant, identity: Mapping[str, object], *, is_watched: bool) -> float:
    began = time.monotonic()
    process = subprocess.Popen(  # type: ignore[call-overload]
        list(contestant.words),
        env=dict(contestant.environment),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        start_new_session=True,
        **identity,
    )
    watcher = threading.Thread(target=_watch, args=(contestant, process), daemon=True)
    if is_watched:
        watcher.start()
    _, errors = process.communicate(timeout=900)
    took = time.monotonic() - began
    if is_watched:
        watcher.join()
    if process.returncode != 0:
        raise RuntimeError(f"{contestant.name} ended with {process.returncode}: {errors}")
    return took


def _watch(contestant: Contestant, process: "subprocess.Popen[str]") -> None:
    """Sum up the memory of the session's processes that are not PostgreSQL's own tools."""
    while process.poll() is None:
        contestant.peak_kib = max(contestant.peak_kib, _session_kib(process.pid))
        time.sleep(0.05)


def _session_kib(session: int) -> int:
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if os.getsid(int(entry.name)) != session:
                continue
            name = (entry / "comm").read_text().strip()
            if name.startswith(("pg_", "psql", "postgres")):
                continue
            fields = dict(
                line.split(":", 1) for line in (entry / "smaps_rollup").read_text().splitlines()[1:]
            )
        except (ProcessLookupError, FileNotFoundError, PermissionError):
            continue  # it ended while we looked
        total += int(fields["Pss"].split()[0])
    return total
