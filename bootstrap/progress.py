"""Numbered steps with their times, and a live bar where a step is long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from toolchain.gobuild import Progress

QUARTER = 25


class Step:
    """One line of progress; becomes a bar once it reports packages."""

    def __init__(self, console: Console, title: str) -> None:
        """Shows nothing yet: see __enter__."""
        self.outcome = "done"
        self._console = console
        self._title = title
        self._began = time.monotonic()
        self._said: dict[tuple[str, int], int] = {}
        self._bar: Bar | None = None
        self._task = TaskID(0)

    def __enter__(self) -> "Step":
        """Shows that the step runs; on a terminal the line stays live."""
        if self._console.is_terminal:
            self._start_bar()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Leaves one line behind: what was done and how long it took."""
        self.hand_over()
        seconds = time.monotonic() - self._began
        mark, outcome = ("[green]✓[/]", self.outcome) if kind is None else ("[red]✗[/]", "failed")
        self._console.print(
            f"{mark} {self._title}  [dim]{outcome} · {seconds:.1f} s[/]",
            highlight=False,
            soft_wrap=True,
        )

    def say(self, text: str) -> None:
        """A line that stays."""
        self._console.print(f"  {text}", highlight=False, markup=False, soft_wrap=True)

    def hand_over(self) -> None:
        """Leaves the terminal to a program that shows its own progress."""
        if self._bar:
            self._bar.stop()
            self._bar = None

    def report(self, what: str, progress: Progress) -> None:
        """Moves the bar; without a terminal says so at each quarter."""
        if self._bar:
            self._bar.update(
                self._task,
                completed=progress.done,
                total=progress.total,
                description=f"  {self._title}: compiling {what}",
            )
            return
        quarter = QUARTER * (progress.done * 100 // max(progress.total, 1) // QUARTER)
        key = (what, progress.total)
        if quarter and quarter > self._said.get(key, 0):
            self._said[key] = quarter
            self.say(f"compiling {what}: {progress.done} of {progress.total} packages")

    def _start_bar(self) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(f"  {self._title}", total=None)
        self._bar.start()


@dataclass
class Steps:
    """Numbers the steps of one command."""

    total: int
    console: Console = field(default_factory=lambda: Console(stderr=True))
    done: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """The next step; its line is printed even when it fails."""
        self.done += 1
        with Step(self.console, f"{self.done}/{self.total} {title}") as step:
            yield step

    def say(self, text: str) -> None:
        """A line outside of any step."""
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
