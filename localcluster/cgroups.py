"""The node's cgroups: one per hierarchy, all below one name, so that they can all be removed.

The node gets a cgroup namespace, in which this cgroup is the root: kubelet and containerd need no
setting for it, and two nodes never meet.

With cgroup v2 alone, a cgroup hands controllers to those below it only while no process is in it
itself. So the node's processes are in the group INIT of its cgroup, and where this machine's own
root has processes (it is a container) these are moved into a group INIT as well.
"""

import os
import time
from collections.abc import Sequence
from pathlib import Path

from toolchain.errors import SetupError

ROOT = Path("/sys/fs/cgroup")
PATIENCE = 10.0

INIT = "localcluster-init"
"""Of cgroup v2: the group for the processes of a cgroup that hands out controllers."""

JOIN = 'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@"'

REQUIRED = ("cpu", "cpuset", "memory", "pids")
"""Of cgroup v2's controllers; others that a node gets are handed to its pods as well."""


def is_unified(root: Path = ROOT) -> bool:
    """Whether this machine has cgroup v2 alone."""
    return (root / "cgroup.controllers").is_file()


def problems(root: Path = ROOT) -> list[str]:
    """Why a node cannot have its cgroups here, each with what to do."""
    if not is_unified(root):
        if hierarchies(root):
            return []
        return [f"no cgroups are mounted below {root}: mount them, or start systemd"]
    if not os.access(root, os.W_OK):
        return [
            f"the cgroups in {root} are not this container's to change: give it a cgroup "
            "namespace of its own that it may write (docker run --privileged --cgroupns=private)"
        ]
    lacking = [name for name in REQUIRED if name not in _words(root / "cgroup.controllers")]
    if lacking:
        return [
            f"{root} lacks the cgroup controllers {', '.join(lacking)}: let what started this "
            "container delegate them (with systemd: Delegate=yes), or boot without cgroup_disable="
        ]
    return []


def hierarchies(root: Path = ROOT) -> dict[str, str]:
    """Directory below /sys/fs/cgroup to mount options, for what the machine has mounted there.

    Two controllers mounted as one (`cpu,cpuacct`) are one hierarchy with one directory.
    """
    found: dict[str, str] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        target = Path(before.split()[4])
        kind, _, options = after.split(" ", 2)
        if target.parent != root or kind not in ("cgroup", "cgroup2"):
            continue
        found[target.name] = "" if kind == "cgroup2" else _controllers(options)
    return found


def _controllers(options: str) -> str:
    """Only what names the hierarchy; `rw` and the like belong to the mount."""
    ignored = {"rw", "ro", "xattr", "clone_children", "relatime", "release_agent"}
    kept = [word for word in options.split(",") if word.split("=")[0] not in ignored]
    # A hierarchy without a controller is known by its name only.
    return ",".join(["none", *kept] if kept[0].startswith("name=") else kept)


def directories(name: str, root: Path = ROOT) -> list[Path]:
    """The node's cgroup in every hierarchy."""
    if is_unified(root):
        return [root / name]
    return [root / hierarchy / name for hierarchy in sorted(hierarchies(root))]


def create(name: str, root: Path = ROOT) -> None:
    """Makes the node's cgroups."""
    if is_unified(root):
        # No more than that: what the machine's root hands out it does for good.
        delegate(root, REQUIRED)
        (root / name / INIT).mkdir(parents=True, exist_ok=True)
        return
    for directory in directories(name, root):
        directory.mkdir(exist_ok=True)
        # In a new cpuset nothing may run before its processors and memory are set.
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (directory / setting).is_file():
                (directory / setting).write_text((directory.parent / setting).read_text())


def joining(name: str, command: list[str], root: Path = ROOT) -> list[str]:
    """The command that runs another with the node's cgroups as the root of what it sees."""
    inner = [root / name / INIT] if is_unified(root) else []
    return [*_join(directories(name, root)), "unshare", "--cgroup", *_join(inner), *command]


def _join(groups: list[Path]) -> list[str]:
    """The beginning of a command that joins cgroups before it becomes the rest."""
    return ["sh", "-c", JOIN, "sh", *(str(group / "cgroup.procs") for group in groups), "--"]


def delegate(group: Path, controllers: Sequence[str] = ()) -> None:
    """Hands controllers of a cgroup v2 to the groups below it: these, or all that it has."""
    handed_out = _words(group / "cgroup.subtree_control")
    available = _words(group / "cgroup.controllers")
    wanted = [name for name in controllers or available if name not in handed_out]
    if not wanted:
        return
    # The root of all cgroups is the one that may have processes all the same.
    if (group / "cgroup.type").exists():
        _empty(group)
    for controller in wanted:
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError as error:
            raise SetupError(
                f"{group} cannot hand out the cgroup controller {controller} ({error.strerror}): "
                f"see `cat {group}/cgroup.procs`, or run on a machine with cgroups of its own"
            ) from error


def _empty(group: Path) -> None:
    """Moves the processes of a cgroup into a group below it."""
    (group / INIT).mkdir(exist_ok=True)
    while processes := _words(group / "cgroup.procs"):
        if "0" in processes:
            raise SetupError(
                f"{group} cannot hand out its controllers, as it has processes that cannot be seen "
                "from here: start this container with a cgroup namespace of its own"
            )
        for process in processes:
            try:
                (group / INIT / "cgroup.procs").write_text(process)
            except ProcessLookupError:
                continue  # it has ended meanwhile


def remove(name: str, root: Path = ROOT) -> None:
    """Removes the node's cgroups with all that are below them and whatever still runs in them."""
    deadline = time.monotonic() + PATIENCE
    for directory in directories(name, root):
        if (directory / "cgroup.kill").exists():
            (directory / "cgroup.kill").write_text("1")
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


def _words(file: Path) -> list[str]:
    return file.read_text().split()
