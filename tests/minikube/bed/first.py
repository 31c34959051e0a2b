"""The machine's first process. Its end is the end of everything in there, as with a power cut.

    python -m tests.minikube.bed.first HOME      (started by machine.py in new namespaces)

It is Python only until the root changes; then it is tini, with Docker's daemon below it.
"""

import encodings.idna  # noqa: F401 - looked up by a host's name, when it could not be found any more
import os
import socket
import sys
from pathlib import Path

from localcluster import rootfs
from tests.minikube.bed import system
from toolchain import files
from toolchain.run import run

NAME = "machine"
BOUND = {"docker": "/var/lib/docker", "home": "/home"}
"""On the disk itself: Docker's overlays cannot lie on another overlay, and homes are real."""

DOCKERD = (
    "/usr/sbin/dockerd",
    "--storage-driver=overlay2",
    "--group=docker",
    # The default is lower than what a machine without CAP_SYS_RESOURCE may set.
    "--oom-score-adjust=0",
    "--ip-forward=true",
)


def main() -> None:
    """Becomes the machine."""
    home = Path(sys.argv[1])
    os.umask(0o022)
    # /proc is still that of the caller's namespace.
    files.write(home / "pid", Path("/proc/self").readlink().name)
    root = home / "root"
    layers = f"lowerdir={system.ROOT},upperdir={home / 'changed'},workdir={home / 'work'}"
    run(["mount", "-t", "overlay", "-o", layers, "machine", root])
    for source, target in BOUND.items():
        (root / target[1:]).mkdir(parents=True, exist_ok=True)
        run(["mount", "--bind", home / source, root / target[1:]])
    for target, mode in (("run", "0755"), ("tmp", "1777")):
        run(["mount", "-t", "tmpfs", "-o", f"mode={mode}", "machine", root / target])
    rootfs.mount_kernel(root)
    _pivot(root)
    socket.sethostname(NAME)
    # No name server: there is no net to ask.
    Path("/etc/resolv.conf").write_text("")
    Path("/etc/hostname").write_text(f"{NAME}\n")
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {NAME}\n")
    run(["ip", "link", "set", "lo", "up"])
    # As root's in a boot of Debian's; dockerd's output is the machine's log.
    environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    os.execve("/usr/bin/tini", ["tini", "--", *DOCKERD], environment)  # noqa: S606


def _pivot(root: Path) -> None:
    (root / "old").mkdir(exist_ok=True)
    os.chdir(root)
    run(["pivot_root", ".", "old"])
    os.chroot(".")
    os.chdir("/")
    run(["umount", "--lazy", "/old"])


if __name__ == "__main__":
    main()
