"""Delivers notifications by Apprise, driven by a clock of its own.

Nothing in the cluster has to run for it: a schedule that stands still is noticed all the same.
"""

import hashlib
import logging
import os
import threading
import time
from collections import Counter
from pathlib import Path

import apprise

from console import events, safety
from console.events import Event, Kind, Seen, State
from console.facts import Watcher
from console.heartbeat import Heartbeat
from console.problem import Level
from console.settings import Settings

log = logging.getLogger(__name__)

REFUSED_AFTER = 3
"""Attempts at a message, after which less of it is tried, and whether the receiver takes others."""

_TYPES = {
    Kind.PROBLEM: apprise.NotifyType.FAILURE,
    Kind.WARNING: apprise.NotifyType.WARNING,
    Kind.RECOVERED: apprise.NotifyType.SUCCESS,
}


class Notifier:
    """Looks every so often, writes down what is due, then delivers it."""

    def __init__(self, settings: Settings, watcher: Watcher) -> None:
        self._settings, self._watcher = settings, watcher
        self.heartbeat = Heartbeat(settings.heartbeat_file)
        self._file = settings.state / "notified.json" if settings.state else None
        self._state, self._seen = self._load(), Seen()
        self._stop = threading.Event()
        self._tries: Counter[tuple[str, str]] = Counter()
        self.counts: Counter[str] = Counter({"sent": 0, "failed": 0, "dropped": 0})
        self.looked: float | None = None

    @property
    def waiting(self) -> int:
        """Messages that some receiver has not taken."""
        return len(self._state.waiting)

    def run(self) -> None:
        """Until `stop`. No failure ends it: silence would look like safety."""
        while not self._stop.is_set():
            try:
                self.step(time.time())
            except Exception:
                log.exception("looking for something to notify failed")
            self._stop.wait(self._settings.look_seconds)

    def stop(self) -> None:
        """Ends `run` after what it is doing."""
        self._stop.set()

    def step(self, now: float) -> None:
        """One look and one attempt at everything that waits."""
        receivers = self._receivers()
        if receivers is None:
            return  # what is due stays due until somebody can be notified
        facts = self._watcher.look(now)
        verdict = safety.judge(facts, now)
        problems = verdict.problems
        keys = [problem.key for problem in problems]
        self._seen = self._seen.after(keys, self._state, safety.unknown(facts, now))
        state = events.only_known(self._state, receivers)
        self._keep(events.advance(state, self._seen, problems, tuple(receivers), now))
        self.looked = now
        if verdict.level is Level.GOOD:
            self.heartbeat.send()
        for receiver, url in receivers.items():
            self._deliver(receiver, url)

    def _deliver(self, receiver: str, url: str) -> None:
        """What waits for it, in its order, up to the first message that it does not take."""
        while not self._stop.is_set():
            queue = [event for event in self._state.waiting if receiver in event.receivers]
            if not queue or not self._settle(receiver, url, *queue[:2]):
                return

    def _settle(self, receiver: str, url: str, event: Event, behind: Event | None = None) -> bool:
        """Whether a message is done with: one that is refused for what it says blocks no other."""
        if self._takes(url, event):
            return self._done("sent", receiver, event)
        self.counts["failed"] += 1
        self._tries[receiver, event.id] += 1
        if self._tries[receiver, event.id] < REFUSED_AFTER:
            log.warning("receiver %s did not take %r; it is tried again", receiver, event.title)
            return False
        if self._takes(url, events.shortened(event)):
            return self._done("sent", receiver, event)
        if behind is None or not self._takes(url, behind):
            return False  # it takes nothing: it is down
        self._done("sent", receiver, behind)
        if self._takes(url, events.shortened(event)):  # it has come back between the two
            return self._done("sent", receiver, event)
        log.error("receiver %s takes others, but refuses %r: dropped", receiver, event.title)
        return self._done("dropped", receiver, event)

    def _done(self, how: str, receiver: str, event: Event) -> bool:
        self.counts[how] += 1
        self._tries.pop((receiver, event.id), None)
        self._keep(events.delivered(self._state, event.id, receiver))
        return True

    def _takes(self, url: str, event: Event) -> bool:
        service = apprise.Apprise()
        if not service.add(url):
            log.error("a line of %s is not an Apprise URL", self._settings.notify_file)
            return False
        title = f"[{self._settings.name}] {event.title}"
        try:
            return bool(
                service.notify(
                    event.body,
                    title=title,
                    notify_type=_TYPES[event.kind],
                    # Names and servers' words are in it, which are no markup.
                    body_format=apprise.NotifyFormat.TEXT,
                )
            )
        except Exception:  # a plugin's fault must not keep the others waiting
            log.exception("a receiver's plugin failed")
            return False

    def _receivers(self) -> dict[str, str] | None:
        """URLs by a name that gives nothing away: they hold passwords. Read again at each look."""
        file = self._settings.notify_file
        if file is None:
            return {}
        try:
            lines = [line.strip() for line in file.read_text("utf-8").splitlines()]
        except (OSError, UnicodeDecodeError) as error:
            log.error("cannot read %s: %s", file, error)
            return None
        urls = [line for line in lines if line and not line.startswith("#")]
        return {hashlib.sha256(url.encode()).hexdigest()[:12]: url for url in urls}

    def _keep(self, state: State) -> None:
        """Written down before anything is sent, and after each receiver's yes.

        What `waiting` counts is in the file by then: the next moment may be the last.
        """
        if state == self._state:
            return
        if self._file is not None:
            try:
                write_atomically(self._file, events.to_json(state))
            except OSError as error:
                log.error("cannot write %s, a restart may notify again: %s", self._file, error)
        self._state = state

    def _load(self) -> State:
        if self._file is None or not self._file.exists():
            return State()
        try:
            return events.from_json(self._file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            # To say something twice is better than to say nothing.
            log.error("cannot use %s, starting afresh: %s", self._file, error)
            return State()


def write_atomically(path: Path, text: str) -> None:
    """The old content or the new one, whatever happens."""
    aside = path.with_name(f".{path.name}.new")
    with aside.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
