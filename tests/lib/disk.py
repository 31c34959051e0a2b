"""A disk whose reads fail: a pass-through file system that answers with real errors of the kernel.

Unlike a stand-in for a program it is met by every program, on any libc, in its own way. Run by itself
(`python -m tests.lib.disk SOURCE MOUNT ORDERS`) it is that file system.
"""

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mfusepy import FUSE, Operations, fuse_get_context

from tests.lib.sandbox import REPOSITORY, Sandbox
from tests.lib.waiting import wait_for

MOUNTED = 20.0
"""Until the file system is there, in seconds."""

ENDED = 5.0
"""Until it is gone, in seconds."""

ORDER, READS = "order.json", "reads"


@dataclass(frozen=True)
class Fault:
    """Which read fails, and how."""

    file: str
    """The end of its path: `manifest.json`, or `backup_20200101_000000/manifest.json`."""
    code: str
    """As errno names it."""
    reader: str = ""
    """The program whose reads are counted; without one all are."""
    number: int = 1
    """The read that fails."""
    lasts: bool = True
    """Whether all later ones of these fail too."""


class Disk:
    """The file system as a test sees it: what is at `mount` lies in `source`, which never fails."""

    def __init__(self, source: Path, mount: Path, orders: Path) -> None:
        """Nothing fails yet."""
        self.source, self.mount, self.orders = source, mount, orders
        self.fault: Fault | None = None
        self.server = 0

    def hang(self) -> None:
        """Answer nobody, like a disk or a network that is gone, until `answer`."""
        os.kill(self.server, signal.SIGSTOP)

    def answer(self) -> None:
        """Answer again, those as well who have waited."""
        os.kill(self.server, signal.SIGCONT)

    def fail(self, fault: Fault) -> None:
        """From now on this one alone; reads are counted anew."""
        self.fault = fault
        aside = self.orders / "new"
        aside.write_text(json.dumps(asdict(fault)))
        (self.orders / READS).write_text("")
        aside.replace(self.orders / ORDER)

    def reads(self) -> list[tuple[str, str, bool]]:
        """Return the reads since then: file below the mount, program, and whether it failed."""
        lines = (self.orders / READS).read_text().splitlines()
        fields = (line.split("\t") for line in lines)
        return [(path, reader, failed == "1") for path, reader, failed in fields]


@contextmanager
def failing(box: Sandbox, source: Path) -> Iterator[Disk]:
    """Mount the file system over a directory of its own."""
    mount, orders = box.directory("mount"), box.directory("orders")
    disk = Disk(source, mount, orders)
    words = [sys.executable, "-m", "tests.lib.disk", source, mount, orders]
    with subprocess.Popen([str(x) for x in words], cwd=REPOSITORY) as process:

        def is_there() -> bool:
            assert process.poll() is None, "the file system ended: is there a /dev/fuse?"
            return mount.is_mount()

        try:
            wait_for("a mounted file system", is_there, MOUNTED, every=0.02)
            disk.server = process.pid
            yield disk
        finally:
            process.send_signal(signal.SIGCONT)
            subprocess.run(["umount", "--lazy", mount], check=False)
            with suppress(subprocess.TimeoutExpired):  # a script that was killed left a file open
                process.wait(ENDED)
            process.kill()


class PassThrough(Operations):
    """Every call as it comes, as root; the kernel has asked for permission before."""

    use_ns = True

    def __init__(self, source: str, orders: Path) -> None:
        """Nothing is opened yet."""
        self.source, self.orders = source, orders
        self.order: tuple[int, Fault] | None = None
        self.count = 0

    def read(self, path: str, size: int, offset: int, fi: Any) -> bytes:
        """The one that may fail."""
        reader = _program(fuse_get_context()[2])
        failed = self._fails(path, reader)
        with (self.orders / READS).open("a") as log:
            log.write(f"{path}\t{reader}\t{int(failed is not None)}\n")
        if failed is not None:
            raise OSError(failed, os.strerror(failed))
        return os.pread(fi.fh, size, offset)

    def _fails(self, path: str, reader: str) -> int | None:
        try:
            inode = (self.orders / ORDER).stat().st_ino
        except FileNotFoundError:
            self.order = None
            return None
        if self.order is None or self.order[0] != inode:
            self.order, self.count = (
                (inode, Fault(**json.loads((self.orders / ORDER).read_text()))),
                0,
            )
        fault = self.order[1]
        if not path.endswith(f"/{fault.file}") or fault.reader not in ("", reader):
            return None
        self.count += 1
        fails = self.count == fault.number or (fault.lasts and self.count > fault.number)
        return int(getattr(errno, fault.code)) if fails else None

    def _real(self, path: str) -> Path:
        return Path(self.source + path)

    def _own(self, path: str) -> None:
        user, group, _ = fuse_get_context()
        os.chown(self._real(path), user, group, follow_symlinks=False)

    def getattr(self, path: str, fh: Any = None) -> dict[str, Any]:
        """Of a link, itself."""
        found = os.fstat(fh.fh) if fh else os.lstat(self._real(path))
        names = ("mode", "nlink", "uid", "gid", "size", "blocks", "rdev")
        times = {f"st_{x}": getattr(found, f"st_{x}_ns") for x in ("atime", "mtime", "ctime")}
        return {f"st_{x}": getattr(found, f"st_{x}") for x in names} | times

    def readdir(self, path: str, _fh: Any) -> list[str]:
        """All names."""
        return [".", "..", *(x.name for x in self._real(path).iterdir())]

    def statfs(self, path: str) -> dict[str, int]:
        """Of the real one."""
        found = os.statvfs(self._real(path))
        names = [x for x in dir(found) if x.startswith("f_") and x != "f_fsid"]
        return {name: getattr(found, name) for name in names}

    def open(self, path: str, fi: Any) -> int:
        """With what is asked for, but for what the kernel has done already."""
        fi.fh = os.open(self._real(path), fi.flags & ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW))
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        """As its user's."""
        fi.fh = os.open(self._real(path), fi.flags | os.O_CREAT, mode)
        self._own(path)
        return 0

    def write(self, _path: str, data: bytes, offset: int, fi: Any) -> int:
        """Where it belongs."""
        return os.pwrite(fi.fh, data, offset)

    def truncate(self, path: str, length: int, fh: Any = None) -> None:
        """To that length."""
        os.truncate(fh.fh if fh else self._real(path), length)

    def release(self, _path: str, fi: Any) -> None:
        """The end of `open`."""
        os.close(fi.fh)

    def fsync(self, _path: str, _datasync: int, fi: Any) -> int:
        """To the real disk."""
        os.fsync(fi.fh)
        return 0

    def mkdir(self, path: str, mode: int) -> None:
        """As its user's."""
        self._real(path).mkdir(mode)
        self._own(path)

    def symlink(self, target: str, source: str) -> None:
        """`target` is the new name."""
        self._real(target).symlink_to(source)
        self._own(target)

    def link(self, target: str, source: str) -> None:
        """`target` is the new name."""
        os.link(self._real(source), self._real(target), follow_symlinks=False)

    def readlink(self, path: str) -> str:
        """As it is."""
        return str(self._real(path).readlink())

    def rename(self, old: str, new: str) -> None:
        """In one step."""
        self._real(old).rename(self._real(new))

    def unlink(self, path: str) -> None:
        """A file."""
        self._real(path).unlink()

    def rmdir(self, path: str) -> None:
        """An empty directory."""
        self._real(path).rmdir()

    def chmod(self, path: str, mode: int) -> None:
        """As asked."""
        self._real(path).chmod(mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        """As asked."""
        os.chown(self._real(path), uid, gid, follow_symlinks=False)

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> None:
        """As asked."""
        os.utime(self._real(path), ns=times, follow_symlinks=False)


def _program(process: int) -> str:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{process}/comm").read_text().strip()
    return ""


def _serve(source: str, mount: str, orders: str) -> None:
    os.umask(0)
    # Each read is asked for, as the kernel keeps nothing: without direct_io it would read ahead.
    options: dict[str, Any] = {"direct_io": True, "allow_other": True, "default_permissions": True}
    fresh = dict.fromkeys(("attr_timeout", "entry_timeout", "negative_timeout"), 0)
    FUSE(
        PassThrough(source, Path(orders)),
        mount,
        raw_fi=True,
        foreground=True,
        nothreads=True,
        **options,
        **fresh,
    )


if __name__ == "__main__":
    _serve(*sys.argv[1:])
