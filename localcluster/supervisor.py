"""Keeps the node's programs running, inside the node."""

import os
import select
import signal
import sys
import time
from datetime import UTC, datetime
from types import FrameType

from localcluster.api import Api
from localcluster.components import Component
from localcluster.rootfs import LOGS

RESTART_DELAY = 1.0
"""A program that cannot start must not take the machine's time by trying."""

STOP_PATIENCE = 8.0


class Supervisor:
    """Starts the programs in order, restarts what ends, stops them in the reverse order."""

    def __init__(self, components: list[Component], api: Api) -> None:
        self.api = api
        self.waiting = [part for part in components if not part.is_foundation]
        self.due = {part.name: 0.0 for part in components if part.is_foundation}
        self.known = {part.name: part for part in components}
        self.running: dict[int, Component] = {}
        self.is_stopping = False
        self.waker, wakes = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_requested)
        # A handler of any kind, or the signal would not wake the loop.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _stop_requested(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True

    def run(self) -> None:
        """Until the node is to stop."""
        while not self.is_stopping:
            self._start_due()
            if self.waiting and self.api.is_ready():
                self.due |= {part.name: 0.0 for part in self.waiting}
                self.waiting = []
                self._start_due()
            self._sleep()
            self._collect()
        self._stop_all()

    def _start_due(self) -> None:
        now = time.monotonic()
        for name in [name for name, when in self.due.items() if when <= now]:
            del self.due[name]
            self._start(self.known[name])

    def _start(self, part: Component) -> None:
        say(f"starting {part.name}")
        pid = os.posix_spawn(
            part.command[0],
            part.command,
            {"PATH": os.environ["PATH"], "HOME": "/root", "LANG": "C.UTF-8"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, f"{LOGS}/{part.name}.log", _APPENDING, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            setsid=True,
        )
        self.running[pid] = part

    def _sleep(self) -> None:
        """Until a signal comes, or something is due."""
        timeout = None
        if self.waiting:
            timeout = 0.05  # the API server is asked again
        if self.due:
            timeout = min(timeout or RESTART_DELAY, RESTART_DELAY)
        if select.select([self.waker], [], [], timeout)[0]:
            os.read(self.waker, 4096)

    def _collect(self) -> None:
        """Takes note of every process that has ended: as the first one, the node gets them all."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            part = self.running.pop(pid, None)
            if part and not self.is_stopping:
                code = os.waitstatus_to_exitcode(status)
                say(f"{part.name} ended with {code}: it is started again. See its log")
                self.due[part.name] = time.monotonic() + RESTART_DELAY

    def _stop_all(self) -> None:
        """Those that write to the API first, then the API server, then what it stands on."""
        groups = [
            {part.name for part in self.known.values() if not part.is_foundation},
            {"kube-apiserver"},
            {"etcd", "containerd"},
        ]
        for group in groups:
            say(f"stopping {', '.join(sorted(group))}")
            for pid, part in self.running.items():
                if part.name in group:
                    os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + STOP_PATIENCE
            while any(part.name in group for part in self.running.values()):
                if time.monotonic() > deadline:
                    break  # the end of the first process ends it
                select.select([self.waker], [], [], 0.02)
                self._collect()
        say("stopped")


_APPENDING = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def say(text: str) -> None:
    """A line of the node's own log."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stderr.write(f"{now} {text}\n")
    sys.stderr.flush()
