"""The cable between the machine and the node, and the node's own addresses.

The node has no default route and no name server: whatever runs in it can reach the machine's end
of the cable and nothing else.
"""

import ipaddress
import json
from ipaddress import IPv4Network
from pathlib import Path

from localcluster.layout import Layout
from toolchain.errors import SetupError
from toolchain.run import run

SERVICES = "10.96.0.0/12"
PODS = "10.244.0.0/16"
DNS = "169.254.20.10"
"""Link-local, on the node's loopback: the cluster's DNS server needs no Service and no pod."""

CANDIDATES = [IPv4Network(f"192.168.{third}.0/24") for third in range(49, 255)]
"""minikube's subnet, then those after it."""


def node_ip(subnet: str) -> str:
    """The node's address."""
    return str(IPv4Network(subnet)[2])


def machine_ip(subnet: str) -> str:
    """The machine's address on the node's network."""
    return str(IPv4Network(subnet)[1])


def pick_subnet(preferred: str | None) -> str:
    """The cluster's former subnet, where it is still free; else the first free one."""
    taken = _taken()
    first = [IPv4Network(preferred)] if preferred else []
    for candidate in first + CANDIDATES:
        if not any(candidate.overlaps(network) for network in taken):
            return str(candidate)
    raise SetupError(
        f"no subnet is free: the machine has addresses or routes in each of {CANDIDATES[0]} to "
        f"{CANDIDATES[-1]}. See `ip route` and remove what is not needed"
    )


def owner_of(subnet: str) -> str | None:
    """The network interface that has the subnet, in words; None where it is free."""
    wanted = IPv4Network(subnet)
    for network, interface in _taken().items():
        if wanted.overlaps(network):
            return f"interface {interface}"
    return None


def _taken() -> dict[IPv4Network, str]:
    """Every IPv4 network that the machine has an address in or a route to."""
    found: dict[IPv4Network, str] = {}
    for link in json.loads(run(["ip", "-j", "-4", "addr"])):
        for address in link.get("addr_info", []):
            network = ipaddress.ip_interface(f"{address['local']}/{address['prefixlen']}").network
            found[IPv4Network(network)] = link["ifname"]
    for route in json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"])):
        destination = route["dst"]
        if destination != "default":
            found[IPv4Network(destination, strict=False)] = route.get("dev", "?")
    return found


def connect(layout: Layout, pid: int, subnet: str) -> None:
    """Lays the cable from the machine to the network namespace of a process."""
    link = layout.link
    remove(layout)
    run(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    run(["ip", "link", "set", link, "alias", _alias(layout)])
    run(["ip", "addr", "add", f"{machine_ip(subnet)}/24", "dev", link])
    run(["ip", "link", "set", link, "up"])


def remove(layout: Layout) -> None:
    """Removes the cable; one of the same name that is not ours is an error."""
    link = Path("/sys/class/net", layout.link)
    try:
        alias = (link / "ifalias").read_text().strip()
    except OSError:
        if link.exists():
            raise
        return
    if alias != _alias(layout):
        raise SetupError(
            f"the network interface {layout.link} belongs to {alias or 'somebody else'}, not to "
            f"{layout.home}: remove it with `ip link delete {layout.link}`, then run this again"
        )
    try:
        run(["ip", "link", "delete", layout.link])
    except SetupError:
        # The kernel takes it away with the node's namespace, at any moment after the node's end.
        if link.exists():
            raise


def _alias(layout: Layout) -> str:
    # The kernel keeps 255 bytes of it.
    return f"localcluster {layout.home}"[:255]


def set_up_node(subnet: str) -> None:
    """Inside the node, once the cable is there."""
    address = node_ip(subnet)
    for key, value in (
        ("net/ipv4/ip_forward", "1"),
        # Without it a Service cannot be reached from a pod that the same bridge leads to.
        ("net/bridge/bridge-nf-call-iptables", "1"),
        # Saves the second that duplicate address detection takes per interface.
        ("net/ipv6/conf/all/disable_ipv6", "1"),
        ("net/ipv6/conf/default/disable_ipv6", "1"),
    ):
        setting = Path("/proc/sys", key)
        if setting.exists():
            setting.write_text(value)
    for command in (
        f"ip addr add {DNS}/32 dev lo",
        "ip link set lo up",
        f"ip addr add {address}/24 dev eth0",
        "ip link set eth0 up",
        # Service addresses are rewritten on the way out, but only where there is a way out.
        f"ip route add {SERVICES} dev eth0 src {address}",
        # Pods reach the machine (as `host.minikube.internal` on minikube) under the node's address.
        f"iptables -t nat -A POSTROUTING -s {PODS} -d {subnet} -o eth0 -j MASQUERADE",
    ):
        run(command.split())
