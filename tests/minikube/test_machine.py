"""The machine that the tests make for themselves: nothing of it is left, and nothing of it leaks."""

from pathlib import Path

from localcluster import cgroups
from localcluster.rootfs import SETTINGS
from tests.minikube.bed import machine, node_image

NODE = (
    "docker run --detach --tty --privileged --tmpfs /tmp --tmpfs /run --name node"
    f" --env container=docker {node_image.TAG}"
)
CHANGES = "; ".join(f"echo 17 >/proc/sys/{key}" for key in SETTINGS)


def of_the_machine() -> tuple[str, dict[str, str], list[str]]:
    """What other programs of the real machine see: mounts, settings, network interfaces."""
    settings = {key: Path("/proc/sys", key).read_text() for key in SETTINGS}
    own = [link.name for link in Path("/sys/class/net").iterdir() if link.name[:3] != "lc-"]
    mounts = [
        line for line in Path("/proc/self/mounts").read_text().splitlines() if "minikube" in line
    ]
    return "\n".join(mounts), settings, sorted(own)


def test_nothing_of_a_machine_is_left_or_leaks() -> None:
    before = of_the_machine()
    with machine.started(node_image.STORE) as made:
        made.root(NODE)
        made.root(
            "until docker exec node systemctl is-active docker; do sleep 0.2; done", timeout=60
        )
        made.root(f"docker exec node bash -c '{CHANGES}'")
        assert of_the_machine() == before
        home, group = made.home, made.cgroup
    assert of_the_machine() == before
    assert not home.exists()
    assert not [folder for folder in cgroups.directories(group) if folder.exists()]
