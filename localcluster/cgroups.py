"""The node's cgroups: one per hierarchy, all below one name, so that they can all be removed.

The node gets a cgroup namespace, in which this cgroup is the root: kubelet and containerd need no
setting for it, and two nodes never meet.
"""

import time
from pathlib import Path

from toolchain.errors import SetupError

ROOT = Path("/sys/fs/cgroup")
PATIENCE = 10.0


def is_unified() -> bool:
    """Whether this machine has cgroup v2 alone."""
    return (ROOT / "cgroup.controllers").is_file()


def hierarchies() -> dict[str, str]:
    """Directory below /sys/fs/cgroup to mount options, for what the machine has mounted there.

    Two controllers mounted as one (`cpu,cpuacct`) are one hierarchy with one directory.
    """
    found: dict[str, str] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        target = Path(before.split()[4])
        kind, _, options = after.split(" ", 2)
        if target.parent != ROOT or kind not in ("cgroup", "cgroup2"):
            continue
        found[target.name] = "" if kind == "cgroup2" else _controllers(options)
    return found


def _controllers(options: str) -> str:
    """Only what names the hierarchy; `rw` and the like belong to the mount."""
    ignored = {"rw", "ro", "xattr", "clone_children", "relatime", "release_agent"}
    kept = [word for word in options.split(",") if word.split("=")[0] not in ignored]
    # A hierarchy without a controller is known by its name only.
    return ",".join(["none", *kept] if kept[0].startswith("name=") else kept)


def directories(name: str) -> list[Path]:
    """The node's cgroup in every hierarchy."""
    if is_unified():
        return [ROOT / name]
    return [ROOT / hierarchy / name for hierarchy in sorted(hierarchies())]


def create(name: str) -> list[Path]:
    """Makes the node's cgroups and returns the files that a process joins them by."""
    for directory in directories(name):
        directory.mkdir(exist_ok=True)
        # In a new cpuset nothing may run before its processors and memory are set.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (directory / setting).is_file() and not is_unified():
                (directory / setting).write_text((directory.parent / setting).read_text())
    return [directory / "cgroup.procs" for directory in directories(name)]


def remove(name: str) -> None:
    """Removes the node's cgroups with all that are below them; its processes must be gone."""
    deadline = time.monotonic() + PATIENCE
    for directory in directories(name):
        while not _removed(directory):
            if time.monotonic() > deadline:
                raise SetupError(
                    f"the cgroup {directory} still has processes: "
                    f"see `find {directory} -name cgroup.procs | xargs cat`"
                )
            time.sleep(0.02)


def _removed(directory: Path) -> bool:
    """Deepest first. The kernel says 'busy' for a moment after the last process has ended."""
    try:
        for inner in sorted(directory.rglob("*/"), key=lambda path: -len(path.parts)):
            if inner.is_dir():
                inner.rmdir()
        directory.rmdir()
    except FileNotFoundError:
        return not directory.exists()
    except OSError:
        return False
    return True
