"""Which process is which: a number alone may be somebody else's by now."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from toolchain.errors import SetupError


def identify(pid: int) -> dict[str, Any]:
    """What tells a process from any other, of this boot or another."""
    return {"pid": pid, "started": _started(pid), "boot": _boot()}


def is_alive(identity: dict[str, Any]) -> bool:
    """Whether that very process still runs."""
    pid = identity.get("pid")
    if not isinstance(pid, int) or identity.get("boot") != _boot():
        return False
    return _started(pid) is not None and _started(pid) == identity.get("started")


def _started(pid: int) -> int | None:
    """When it started, in the kernel's ticks; None for one that does not run (any more)."""
    try:
        # The name may hold blanks and brackets; what follows the last bracket does not.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, started = fields[0], int(fields[19])
    return None if state in "ZX" else started


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def end(identity: dict[str, Any], number: signal.Signals, patience: float) -> bool:
    """Sends a signal and waits for the end; False where the process has not ended in time."""
    if not is_alive(identity):
        return True
    try:
        os.kill(identity["pid"], number)
    except ProcessLookupError:
        return True  # it ended between the two lines
    deadline = time.monotonic() + patience
    while is_alive(identity):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def kill(identity: dict[str, Any]) -> None:
    """Ends a process at once; a node's first one is gone only after all others in the node."""
    if not end(identity, signal.SIGKILL, patience=60):
        raise SetupError(f"process {identity['pid']} was killed, yet it is still there")
