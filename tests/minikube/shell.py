"""One shell of the machine's user, in which commands are typed one after another."""

import queue
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lib.project import CommandFailed
from tests.minikube.bed.machine import Machine

END = "the-end-of-the-command"
BLOCK = 600.0
"""The longest that a block of a guide may take, in seconds."""


class Shell:
    """Bash with the variables and functions of what was typed before."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Takes over a shell that waits for input."""
        self._process = process
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._lines.put(line)

    def type(self, block: str) -> str:
        """Types a block and returns what it said; fails where any command of it failed."""
        assert self._process.stdin is not None
        # Commands of the block must not read what is typed next.
        self._process.stdin.write(
            f"failed=0; trap 'failed=$?' ERR\n{{\n{block}\n}} </dev/null\n"
            f"trap - ERR; echo; echo {END} $failed\n"
        )
        self._process.stdin.flush()
        said = list(self._until_the_end())
        if said[-1].split() != [END, "0"]:
            raise CommandFailed(f"{block}\n{''.join(said)}")
        return "".join(said[:-1])

    def _until_the_end(self) -> Iterator[str]:
        while True:
            line = self._lines.get(timeout=BLOCK)
            yield line
            if line.startswith(END):
                return


@contextmanager
def opened(machine: Machine) -> Iterator[Shell]:
    """A shell of the user's, in the checkout."""
    process = subprocess.Popen(
        machine.login("cd ~/brewget && exec bash 2>&1"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield Shell(process)
    finally:
        process.kill()
        process.communicate()
