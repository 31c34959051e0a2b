"""Where and as whom the scripts and servers under test run: never as root, never in /tmp."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lib.waiting import wait_for

REPOSITORY = Path(__file__).resolve().parents[2]

DISK = 32 * 2**30
"""Of the disk of a sandbox, in bytes: the file that it is in has what is used of it."""
ENDED = 30.0
"""From SIGKILL until a process is gone, in seconds."""


@dataclass(frozen=True)
class Identity:
    """A user of this machine."""

    uid: int
    gid: int
    name: str

    @classmethod
    def unprivileged(cls) -> "Identity":
        """`nobody` where the tests run as root (PostgreSQL refuses root), else ourselves."""
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        return cls(entry.pw_uid, entry.pw_gid, entry.pw_name)

    def options(self) -> dict[str, Any]:
        """Return what makes subprocess run a program as this user."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def become(self) -> list[str]:
        """Return the words before a command that make it run as this user.

        As `options` do, without a copy of the process: a fork of pytest with all that it has imported takes 20 ms.
        """
        if os.geteuid() != 0:
            return []
        setpriv = str(
            shutil.which("setpriv")
        )  # by its place: busybox, which may be first, has a lesser one
        return [setpriv, f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]

    def own(self, path: Path) -> Path:
        """Give `path` and everything below it to this user."""
        if os.geteuid() == 0:
            for found in (path, *path.rglob("*")):
                os.chown(found, self.uid, self.gid, follow_symlinks=False)
        return path


class Sandbox:
    """A directory of our own on a real disk (scripts refuse a tmpfs), and the user who owns it."""

    def __init__(self, *, own_disk: bool = True) -> None:
        """Make the directory; short, because sockets live in it. What is measured is on the machine's disk."""
        self.identity = Identity.unprivileged()
        self.base = Path(tempfile.mkdtemp(prefix="bg-", dir="/var/tmp"))
        if own_disk and os.geteuid() == 0:
            _mount_disk(self.base)
        self.base.chmod(0o755)
        self.serial = 0
        self.made: list[Path] = []

    def directory(self, name: str = "d") -> Path:
        """Return a new directory that the unprivileged user owns."""
        self.serial += 1
        made = self.base / f"{name}{self.serial}"
        made.mkdir(mode=0o755)
        self.made.append(made)
        return self.identity.own(made)

    @contextmanager
    def tidied(self) -> Iterator[None]:
        """Delete what was made meanwhile: a data directory has WAL of 16 MB and more, and there are hundreds."""
        before = len(self.made)
        yield
        for made in self.made[before:]:
            shutil.rmtree(made, ignore_errors=True)
        del self.made[before:]

    def readable(self, tree: Path, probe: str) -> Path:
        """Return `tree`, or a copy of it where the user cannot reach it (a private home)."""
        look = subprocess.run(
            ["test", "-r", tree / probe], check=False, cwd="/", **self.identity.options()
        )
        if look.returncode == 0:
            return tree
        copy = self.base / f"copy-{tree.name}"
        if not copy.exists():
            shutil.copytree(tree, copy, symlinks=True)
        return copy

    def remove(self) -> None:
        """End what still runs in the sandbox (a killed script's children), then delete it."""
        end_processes_below(self.base)
        if self.base.is_mount():
            subprocess.run(["umount", "--lazy", str(self.base)], check=True)
        shutil.rmtree(self.base, ignore_errors=True)


def _mount_disk(directory: Path) -> None:
    """Give it an ext4 of its own, as large as it gets, which goes when it is unmounted.

    On one without a journal, as small virtual machines have, each inode that was freed within the last minutes
    is looked at whenever a file is made: tests that make and drop databases by the hundred take twice as long.
    """
    with tempfile.NamedTemporaryFile(dir="/var/tmp") as image:
        image.truncate(DISK)
        subprocess.run(["mkfs.ext4", "-q", image.name], check=True)
        # Of a test's disk nobody needs what a power cut leaves.
        options = "loop,noatime,nobarrier"
        subprocess.run(["mount", "-o", options, image.name, str(directory)], check=True)


def processes_below(directory: Path) -> list[int]:
    """Return the processes that name or stand in `directory`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            here = str((entry / "cwd").readlink())
            words = (entry / "cmdline").read_bytes().decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue  # it ended while we looked, or is not ours
        if str(directory) in here + words + environment:
            found.append(int(entry.name))
    return found


def end_processes_below(directory: Path) -> None:
    """Kill what still runs in `directory`, and wait for its end.

    A new container has numbers of its own; here a dead server's must be free again.
    """
    ending: set[int] = set()

    def all_ended() -> bool:
        for pid in processes_below(directory):  # again each time: they may have had children
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            ending.add(pid)
        return not [pid for pid in ending if _is_taken(pid)]

    wait_for(f"the end of all below {directory}", all_ended, ENDED, every=0.05)


def _is_taken(pid: int) -> bool:
    """Whether the number is still a process's; a child of ours keeps it until it is waited for."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return Path(f"/proc/{pid}").exists()


def run_as(
    identity: Identity,
    words: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    text: str = "",
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run a program as `identity` with this environment and nothing of ours."""
    return subprocess.run(
        [str(word) for word in (*identity.become(), *words)],
        env=dict(environment),
        input=text,
        text=True,
        capture_output=True,
        check=False,
        timeout=timeout,
        cwd="/",
    )
