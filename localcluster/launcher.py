"""Starts and ends the node's first process, from the machine."""

import subprocess
import sys
import time
from pathlib import Path

from localcluster import cgroups, configs, network, processes, rootfs
from localcluster.certificates import write_all as write_certificates
from localcluster.layout import REPOSITORY, Layout
from toolchain import files
from toolchain.errors import SetupError
from toolchain.locking import exclusive

PATIENCE = 15.0
SUBNET_LOCK = Path("/run/localcluster-subnet.lock")
"""The machine's, as its subnets are: clusters of all checkouts take it."""
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

NAMESPACES = "--mount --pid --net --uts --ipc --fork --kill-child --propagation private"


def launch(layout: Layout, binary: Path, mounts: list[dict[str, str]]) -> str:
    """Starts the node and returns its subnet."""
    former = (files.read_json(layout.record) or {}).get("subnet")
    # Held until the address is in use, so that two clusters never pick the same.
    with exclusive(SUBNET_LOCK, timeout=60):
        subnet = network.pick_subnet(former)
        layout.home.mkdir(parents=True, exist_ok=True)
        layout.home.chmod(0o700)
        files.write_json(
            layout.record, {"profile": layout.profile, "subnet": subnet, "mounts": mounts}
        )
        _write_files(layout, binary, network.node_ip(subnet))
        process = _start(layout, binary)
        try:
            _wait_for_namespaces(layout, process)
            network.connect(layout, process.pid, subnet)
        except BaseException:
            process.kill()  # and with it the node: --kill-child
            raise
    return subnet


def _write_files(layout: Layout, binary: Path, node_ip: str) -> None:
    layout.logs.mkdir(exist_ok=True)
    for log in layout.logs.glob("*.log"):
        log.replace(log.with_suffix(".previous"))
    layout.process.unlink(missing_ok=True)
    rootfs.prepare(layout)
    configs.write_all(layout)
    write_certificates(layout, binary, node_ip)


def _start(layout: Layout, binary: Path) -> "subprocess.Popen[bytes]":
    cgroups.create(layout.cgroup)
    first = [sys.executable, "-m", "localcluster.init"]
    first += [layout.profile, str(layout.home), str(binary)]
    with (layout.logs / "node.log").open("ab") as log:
        return subprocess.Popen(
            cgroups.joining(layout.cgroup, ["unshare", *NAMESPACES.split(), *first]),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            # Nothing of the caller's environment is the node's business.
            env={"PATH": PATH, "PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"},
            # Survives the terminal that it was started from.
            start_new_session=True,
        )


def _wait_for_namespaces(layout: Layout, process: "subprocess.Popen[bytes]") -> None:
    """The node's first process writes who it is; by then its network namespace exists."""
    deadline = time.monotonic() + PATIENCE
    while not layout.process.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SetupError(f"the node's first process did not start:\n{log_end(layout)}")
        time.sleep(0.005)


def log_end(layout: Layout, lines: int = 15) -> str:
    """The last lines of the node's own log."""
    log = layout.logs / "node.log"
    if not log.is_file():
        return f"there is no {log}"
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def clean(layout: Layout) -> None:
    """Removes what a node that is gone may have left on the machine; its files stay."""
    network.remove(layout)
    cgroups.remove(layout.cgroup)
    for path in (layout.process, layout.complete):
        path.unlink(missing_ok=True)


def kill(layout: Layout) -> None:
    """The power cut. The kernel ends every process of the node with its first one."""
    identity = files.read_json(layout.process)
    if identity:
        processes.kill(identity)
    clean(layout)
