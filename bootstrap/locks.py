"""Pulumi's locks on a stack in a file backend: which are held, which a killed run has left."""

import socket
from dataclasses import dataclass
from pathlib import Path

from bootstrap.place import Place
from toolchain import files
from toolchain.errors import SetupError
from toolchain.run import ask


@dataclass(frozen=True)
class Holder:
    """The process that a lock names."""

    process: int
    host: str

    @property
    def is_here(self) -> bool:
        """Whether it runs on this host."""
        return self.host == socket.gethostname()


def stale_locks(place: Place) -> list[Path]:
    """The locks that nobody holds. Ends where one is held."""
    locks = sorted(place.backend.glob(f".pulumi/locks/**/{place.stack}/*.json"))
    for lock in locks:
        if holder := holder_of(lock):
            raise SetupError(_held(holder, place.stack))
    return locks


def _held(holder: Holder, stack: str) -> str:
    if holder.is_here:
        return (
            f"another pulumi (process {holder.process}) is working on the stack '{stack}': "
            f"wait for it, or end it with `kill {holder.process}`"
        )
    return (
        f"another pulumi (process {holder.process} on {holder.host}) is working on the stack "
        f"'{stack}': wait for it; if that is gone: `pulumi cancel` in a shell of `make env`"
    )


def holder_of(lock: Path) -> Holder | None:
    """Who holds a lock; None where the process is gone.

    A lock of another host counts as held: its processes cannot be seen from here. One that cannot
    be read holds nothing: Pulumi writes it in one piece, so a power cut has torn it.
    """
    found = files.read_json(lock) or {}
    process, host = found.get("pid"), found.get("hostname")
    if not isinstance(process, int) or not isinstance(host, str):
        return None
    holder = Holder(process, host)
    if not holder.is_here:
        return holder
    seen = ask(["ps", "-o", "stat=,comm=", "-p", str(process)])
    state, _, name = seen.stdout.strip().partition(" ")
    # Numbers are given out again: only a pulumi can hold Pulumi's lock, and no dead one does that
    # merely waits for its parent to notice.
    is_pulumi = Path(name.strip()).name.startswith("pulumi")
    return holder if is_pulumi and not state.startswith("Z") else None
