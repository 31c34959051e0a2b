"""Delivers notifications by Apprise, driven by a clock of its own.

Nothing in the cluster has to run for it: a schedule that stands still is noticed all the same.
"""

import hashlib
import logging
import threading
import time
from collections import Counter

import apprise

from console import events, message, regular, safety
from console.events import Seen, State
from console.facts import Watcher
from console.heartbeat import Heartbeat
from console.kept import Kept
from console.message import Event, Kind
from console.problem import Facts, Level
from console.safety import Verdict
from console.settings import Digest, Settings

log = logging.getLogger(__name__)

REFUSED_AFTER, DROPPED_AFTER = 3, 6
"""Attempts at a message, after which it blocks no other; and after which it is dropped, where the
receiver takes others."""
LATE_AFTER = 10
"""Looks that are missing."""
LONGEST_PAUSE = 15
"""Looks for which a receiver that is down is left alone."""

_TYPES = {
    Kind.PROBLEM: apprise.NotifyType.FAILURE,
    Kind.WARNING: apprise.NotifyType.WARNING,
    Kind.RECOVERED: apprise.NotifyType.SUCCESS,
    Kind.SUCCESS: apprise.NotifyType.SUCCESS,
    Kind.DIGEST: apprise.NotifyType.INFO,
}


class Notifier:
    """Looks every so often, writes down what is due, then delivers it."""

    def __init__(self, settings: Settings, watcher: Watcher) -> None:
        self._settings, self._watcher = settings, watcher
        self.heartbeat = Heartbeat(settings.heartbeat_file)
        self._file = settings.state / "notified.json" if settings.state else None
        self._kept = Kept(self._file, "a restart may notify again") if self._file else None
        self._state, self._seen = self._load(), Seen()
        self._stop = threading.Event()
        self._tries: Counter[tuple[str, str]] = Counter()
        self._fails: Counter[str] = Counter()
        self._pauses: dict[str, float] = {}
        self.counts: Counter[str] = Counter({"sent": 0, "failed": 0, "dropped": 0})
        self.looked: float | None = None
        self._begun = time.time()

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

    def is_late(self, now: float) -> bool:
        """Whether nobody has looked for long: who waits for a message would wait in vain."""
        return now - (self.looked or self._begun) > LATE_AFTER * self._settings.look_seconds

    def stop(self) -> None:
        """Ends `run` after what it is doing."""
        self._stop.set()

    def step(self, now: float) -> None:
        """One look and one attempt at everything that waits."""
        receivers = self._receivers()
        if receivers is None:
            return  # what is due stays due until somebody can be notified
        facts = self._watcher.look(now)
        self._watcher.room.note(facts.store, now)
        verdict = safety.judge(facts, now)
        problems = verdict.problems
        self._seen = self._seen.after(problems, self._state, safety.unknown(facts, now))
        state = events.only_known(self._state, receivers)
        state = events.advance(state, self._seen, problems, tuple(receivers), now)
        self._keep(self._regular(state, facts, verdict, tuple(receivers), now))
        self.looked = now
        if verdict.level is Level.GOOD:
            self.heartbeat.send()
        for receiver, url in receivers.items():
            self._deliver(receiver, url, now)

    def _regular(
        self, state: State, facts: Facts, verdict: Verdict, to: tuple[str, ...], now: float
    ) -> State:
        """What is told although nothing is wrong, where that is wanted."""
        settings = self._settings
        state = regular.verified(state, facts.store, to if settings.notify_success else (), now)
        wanted = to if settings.digest is Digest.WEEKLY else ()
        return regular.weekly(state, facts, verdict, wanted, now)

    def _deliver(self, receiver: str, url: str, now: float) -> None:
        """What waits for it. One that is down is left alone for a while.

        What it has refused often comes last, and keeps nothing waiting but what else there is to
        say of the same problem.
        """
        queue = [event for event in self._state.waiting if receiver in event.receivers]
        if not queue or now < self._pauses.get(receiver, 0.0):
            return
        refused = [x for x in queue if self._tries[receiver, x.id] >= REFUSED_AFTER]
        held = {event.about for event in refused}
        took = False
        for event in (x for x in queue if x.about not in held):
            if not self._try(receiver, url, event):
                break
            took = True
        for event in refused:
            if self._try(receiver, url, event):
                took = True
            elif took:
                self._settle(receiver, url, event)
            else:
                break  # it takes nothing
        self._pause(receiver, now, fails=not took)

    def _try(self, receiver: str, url: str, event: Event) -> bool:
        if self._stop.is_set():
            return False
        if self._takes(url, event):
            self._done("sent", receiver, event)
            return True
        self._tries[receiver, event.id] += 1
        log.warning("receiver %s did not take %r; it is tried again", receiver, event.title)
        return False

    def _settle(self, receiver: str, url: str, event: Event) -> None:
        """Of a message that is refused for what it says less is tried, and in the end nothing."""
        if self._takes(url, message.shortened(event)):
            self._done("sent", receiver, event)
        elif self._tries[receiver, event.id] >= DROPPED_AFTER:
            log.error("receiver %s takes others, but refuses %r: dropped", receiver, event.title)
            self._done("dropped", receiver, event)

    def _pause(self, receiver: str, now: float, *, fails: bool) -> None:
        """Twice as long after each look that it took nothing in."""
        self._fails[receiver] = self._fails[receiver] + 1 if fails else 0
        looks = min(2 ** self._fails[receiver] - 1, LONGEST_PAUSE) if fails else 0
        # A little less: the look after a pause of one is not to be missed.
        self._pauses[receiver] = now + (looks - 0.5) * self._settings.look_seconds

    def _done(self, how: str, receiver: str, event: Event) -> None:
        self.counts[how] += 1
        self._tries.pop((receiver, event.id), None)
        self._keep(events.delivered(self._state, event.id, receiver))

    def _takes(self, url: str, event: Event) -> bool:
        took = self._send(url, event)
        if not took:
            self.counts["failed"] += 1
        return took

    def _send(self, url: str, event: Event) -> bool:
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
        if self._kept and (state != self._state or not self._kept.is_written):
            self._kept.write(events.to_json(state))
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
