"""The node's file system: a tmpfs of its own, with the machine's programs in it, read-only.

As on minikube's VM drivers everything is lost when the node ends, `/mnt` included, but for the
directories in KEPT and the host mounts. Nothing of it is mounted where the machine could see it.
"""

import os
from pathlib import Path

from localcluster import cgroups
from localcluster.layout import Layout
from toolchain.run import run

BINARY = "/opt/localcluster/localcluster-node"
LOGS = "/var/log/localcluster"
PKI = "/etc/kubernetes/pki"
CONFIG = "/etc/kubernetes/config"

KEPT = {
    "/data": 0o755,
    "/var/lib": 0o755,
    "/tmp/hostpath-provisioner": 0o755,  # noqa: S108 - minikube's path for volumes, in the node
    "/tmp/hostpath_pv": 0o755,  # noqa: S108 - likewise
}
"""The node's directories that a stop keeps, with the mode of a new one."""

SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}
"""What kubelet sets in /proc/sys although it is the machine's: the node has files in its place."""

LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def kept_directory(layout: Layout, guest: str) -> Path:
    """Where the content of one of the KEPT directories lies on the machine."""
    return layout.kept / guest.strip("/").replace("/", "-")


def prepare(layout: Layout) -> None:
    """On the machine, before the node starts: the directories that will be mounted."""
    for guest, mode in KEPT.items():
        directory = kept_directory(layout, guest)
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(mode)
    (layout.home / "root").mkdir(exist_ok=True)


def enter(layout: Layout, binary: Path, mounts: list[dict[str, str]]) -> None:
    """In the node's first process: builds the file system and makes it the root."""
    root = layout.home / "root"
    run(["mount", "-t", "tmpfs", "-o", "mode=0755", "localcluster", root])
    for name in ("root", "mnt", "run", "srv", "var/log", "opt/localcluster", "old"):
        (root / name).mkdir(parents=True)
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    (root / "var/run").symlink_to("/run")
    _programs(root)
    _etc(root, layout.profile)
    mount_kernel(root)
    keep_settings(root)
    for guest in KEPT:
        _bind(kept_directory(layout, guest), root, guest)
    # What the network plugins remember of dead pods must not outlive the node.
    (root / "var/lib/cni").mkdir(exist_ok=True)
    run(["mount", "-t", "tmpfs", "localcluster", root / "var/lib/cni"])
    for source, guest in ((layout.pki, PKI), (layout.config, CONFIG), (layout.logs, LOGS)):
        _bind(source, root, guest)
    _bind(binary, root, BINARY)
    for mount in mounts:
        _bind(Path(mount["host"]), root, mount["guest"])
    _pivot(root)


def _bind(source: Path, root: Path, guest: str, options: str = "") -> None:
    target = root / guest.strip("/")
    if source.is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    run(["mount", "--rbind", source, target])
    if options:
        run(["mount", "-o", f"remount,bind,{options}", target])


def _programs(root: Path) -> None:
    """containerd, runc, iptables and the like are the machine's own."""
    _bind(Path("/usr"), root, "/usr", "ro")
    for name in LINKS:
        source = Path("/", name)
        if source.is_symlink():
            (root / name).symlink_to(source.readlink())
        elif source.is_dir():
            _bind(source, root, f"/{name}", "ro")


def _etc(root: Path, name: str) -> None:
    """The machine's /etc, with the node's own names in it; changes stay in the node."""
    etc, upper, work = root / "etc", root / "opt/etc/upper", root / "opt/etc/work"
    for directory in (etc, upper, work):
        directory.mkdir(parents=True)
    layers = f"lowerdir=/etc,upperdir={upper},workdir={work}"
    run(["mount", "-t", "overlay", "-o", layers, "localcluster", etc])
    contents = {
        # No name server: what is not in the cluster does not exist.
        "resolv.conf": "",
        "hostname": f"{name}\n",
        "hosts": f"127.0.0.1 localhost\n127.0.1.1 {name}\n",
    }
    for file, text in contents.items():
        (etc / file).unlink(missing_ok=True)
        (etc / file).write_text(text)


def mount_kernel(root: Path) -> None:
    """proc, sys with the cgroups, and dev: those of the caller's namespaces."""
    for name in ("proc", "sys", "dev"):
        (root / name).mkdir(exist_ok=True)
    run(["mount", "-t", "proc", "proc", root / "proc"])
    run(["mount", "-t", "sysfs", "sysfs", root / "sys"])
    run(["mount", "--rbind", "/dev", root / "dev"])
    run(["mount", "-t", "tmpfs", "-o", "mode=1777,nosuid,nodev", "shm", root / "dev/shm"])
    target = root / "sys/fs/cgroup"
    if cgroups.is_unified():
        run(["mount", "-t", "cgroup2", "cgroup2", target])
        return
    run(["mount", "-t", "tmpfs", "-o", "mode=0755", "cgroup", target])
    for name, options in cgroups.hierarchies().items():
        (target / name).mkdir()
        kind = ["cgroup", "-o", options] if options else ["cgroup2"]
        run(["mount", "-t", *kind, "cgroup", target / name])


def keep_settings(root: Path) -> None:
    """kubelet finds what it wants; what it or a hand writes stays in the node."""
    for key, value in SETTINGS.items():
        if (root / "proc/sys" / key).exists():
            file = root / "opt/sysctl" / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{value}\n")
            run(["mount", "--bind", file, root / "proc/sys" / key])


def _pivot(root: Path) -> None:
    """After this the machine's file systems cannot be seen, nor be kept busy, by the node."""
    os.chdir(root)
    run(["pivot_root", ".", "old"])
    os.chroot(".")
    os.chdir("/")
    run(["umount", "--lazy", "/old"])
    Path("/old").rmdir()
    # Pods' mounts must be seen by kubelet and the other way round.
    run(["mount", "--make-rshared", "/"])
