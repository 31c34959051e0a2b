"""Which subnet a cluster takes on a machine with networks of its own: the real `ip` is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.localcluster.handle import REPOSITORY

VPN = """
ip link add tun0 type veth peer name peer0 && ip link set peer0 up && ip link set tun0 up
ip addr add 10.8.0.2/24 dev tun0
"""
PICK = "from localcluster.network import pick_subnet; print(pick_subnet(None))"
CONNECT = """
import subprocess, sys
from pathlib import Path
from localcluster import network
from localcluster.layout import Layout

node = subprocess.Popen(["unshare", "--net", "sleep", "60"])
while Path(f"/proc/{node.pid}/ns/net").readlink() == Path("/proc/self/ns/net").readlink():
    pass
layout = Layout("lctest", Path(sys.argv[1]))
try:
    network.connect(layout, node.pid, "192.168.49.0/24")
except Exception as error:
    print(error)
print(Path("/sys/class/net", layout.link).exists())
node.kill()
"""


def _on_machine(networks: str, program: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Runs a program where these networks are the machine's: in a namespace that goes with it."""
    # sysfs shows the links of the namespace that it was mounted in.
    script = f'set -e\nmount -t sysfs sys /sys\n{networks}\nexec "$@"'
    return subprocess.run(
        ["unshare", "--net", "--mount", "sh", "-c", script, "sh", sys.executable, "-c", program]
        + list(arguments),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.mark.parametrize(
    ("networks", "subnet"),
    [
        ("", "192.168.49.0/24"),
        ("ip route add default dev tun0", "192.168.49.0/24"),
        ("ip route add 0.0.0.0/1 dev tun0; ip route add 128.0.0.0/1 dev tun0", "192.168.49.0/24"),
        ("ip route add 192.168.0.0/16 via 10.8.0.1", "192.168.49.0/24"),
        ("ip route add blackhole 192.168.0.0/16", "192.168.49.0/24"),
        # A rule of its own leads elsewhere; what counts is asked when the cable lies.
        ("ip route add default dev tun0 table 99", "192.168.49.0/24"),
        # A large home network: our address in it counts, and the way out.
        (
            "ip addr add 192.168.49.7/16 dev tun0; ip route add default via 192.168.50.1",
            "192.168.51.0/24",
        ),
        ("ip route add default nexthop via 192.168.49.1 dev tun0 onlink", "192.168.50.0/24"),
        ("ip route add 192.168.49.0/25 via 10.8.0.1", "192.168.50.0/24"),
        ("ip route add 192.168.49.0/24 dev tun0 table 99", "192.168.50.0/24"),
        ("ip route add blackhole 192.168.49.0/24", "192.168.50.0/24"),
        ("ip route add unreachable 192.168.0.0/17", "192.168.128.0/24"),
    ],
)
def test_a_subnet_is_taken_by_what_is_in_it_not_by_a_route_to_all(
    networks: str, subnet: str
) -> None:
    assert _on_machine(f"{VPN}\n{networks}", PICK).stdout.strip() == subnet


def test_the_cable_is_refused_where_policy_routing_leads_elsewhere(tmp_path: Path) -> None:
    said = _on_machine(VPN, CONNECT, str(tmp_path)).stdout
    assert said == "True\n", "without such a rule the cable lies"

    policy = "ip rule add priority 100 to 192.168.0.0/16 table 99"
    for way, name in (("default dev tun0", "tun0"), ("unreachable default", "nowhere")):
        said = _on_machine(
            f"{VPN}\n{policy}\nip route add {way} table 99", CONNECT, str(tmp_path)
        ).stdout
        assert f"packets for the node (192.168.49.2) would go to {name}: a rule of" in said
        assert said.endswith("\nFalse\n"), "nothing is left"
