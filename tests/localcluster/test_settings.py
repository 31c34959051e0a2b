"""The machine's kernel settings are the machine's: a cluster's whole life changes none of them."""

from pathlib import Path

from localcluster.rootfs import SETTINGS
from tests.localcluster.handle import Handle, pod

SYS = Path("/proc/sys")

# What the kernel counts, or makes anew with each look.
MOVING = (
    "fs/aio-nr",
    "fs/dentry-state",
    "fs/file-nr",
    "fs/inode-nr",
    "fs/inode-state",
    "kernel/ns_last_pid",
    "kernel/pty/nr",
    "kernel/random/entropy_avail",
    "kernel/random/uuid",
    "net/netfilter/nf_conntrack_count",
)


def _settings() -> dict[str, str]:
    """All that can be read, but for those of links, which come and go with other clusters."""
    found = {}
    for path in sorted(SYS.rglob("*")):
        name = str(path.relative_to(SYS))
        is_moving = name in MOVING or name.startswith("fs/quota/")
        is_of_a_link = "/neigh/" in name or "/conf/" in name
        if is_moving or is_of_a_link or not path.is_file():
            continue
        try:
            found[name] = path.read_text(errors="replace")
        except OSError:
            continue  # some can only be written, and some answer in some states only
    return found


def test_the_life_of_a_cluster_changes_no_setting_of_the_machine(second: Handle) -> None:
    before = _settings()
    assert set(SETTINGS) <= set(before), "what kubelet writes is among them"

    second.run("start")
    second.apply(pod("lives"))
    second.wait_ready("lives")
    during = _settings()
    # What is written in the node, by kubelet or by a hand, is the node's.
    second.in_node("echo 17 >/proc/sys/kernel/panic")
    seen = second.in_node(f"cd /proc/sys && grep -H . {' '.join(SETTINGS)}").splitlines()
    written = _settings()
    second.run("stop")
    second.run("delete")

    assert dict(line.split(":") for line in seen) == {**SETTINGS, "kernel/panic": "17"}
    assert _changed(before, during) == {}
    assert _changed(before, written) == {}
    assert _changed(before, _settings()) == {}


def _changed(before: dict[str, str], after: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Those of both; a first cluster may load a part of the kernel that brings more of them."""
    both = before.keys() & after.keys()
    return {name: (before[name], after[name]) for name in both if before[name] != after[name]}
