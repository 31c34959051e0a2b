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
from toolchain.run import ask, run

SERVICES = "10.96.0.0/12"
PODS = "10.244.0.0/16"
DNS = "169.254.20.10"
"""Link-local, on the node's loopback: the cluster's DNS server needs no Service and no pod."""

CANDIDATES = [IPv4Network(f"192.168.{third}.0/24") for third in range(49, 255)]
"""minikube's subnet, then those after it."""
ALL = IPv4Network("192.168.0.0/16")
"""What all of them are in."""


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


def _taken() -> list[IPv4Network]:
    """What the machine has of its own: addresses, gateways, and routes to one network or a few.

    A route to all candidates at once, as a VPN's 0.0.0.0/1 or a large private network, tells none
    of them from another, and ours goes before it, as it is more specific.
    """
    taken = []
    for link in json.loads(run(["ip", "-j", "-4", "addr"])):
        for address in link.get("addr_info", []):
            at = ipaddress.IPv4Interface(f"{address['local']}/{address['prefixlen']}")
            taken += [IPv4Network(at.ip), at.network]
    for route in json.loads(run(["ip", "-j", "-4", "route", "show", "table", "all"])):
        if route["dst"] != "default":
            taken.append(IPv4Network(route["dst"], strict=False))
        gateways = (hop.get("gateway") for hop in (route, *route.get("nexthops", [])))
        taken += [IPv4Network(gateway) for gateway in gateways if gateway]
    return [network for network in taken if not network.supernet_of(ALL)]


def connect(layout: Layout, pid: int, subnet: str) -> None:
    """Lays the cable from the machine to the network namespace of a process."""
    link = layout.link
    remove(layout)
    run(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", str(pid)])
    run(["ip", "link", "set", link, "alias", _alias(layout)])
    run(["ip", "addr", "add", f"{machine_ip(subnet)}/24", "dev", link])
    run(["ip", "link", "set", link, "up"])
    _check_way(layout, node_ip(subnet))


def _check_way(layout: Layout, address: str) -> None:
    """Policy routing may come before all routes to a network: the kernel knows."""
    asked = ask(["ip", "-j", "route", "get", address])
    way = json.loads(asked.stdout)[0]["dev"] if asked.returncode == 0 else "nowhere"
    if way != layout.link:
        remove(layout)
        raise SetupError(
            f"packets for the node ({address}) would go to {way}: a rule of "
            "this machine's routing comes before the routes to its own networks. See `ip rule`, "
            "and let what made it (often a VPN) leave out private networks"
        )


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
    # All of them are the network namespace's own, since Linux 5.3 also the bridge's.
    for key, value in (
        ("net/ipv4/ip_forward", "1"),
        # Without it a Service cannot be reached from a pod that the same bridge leads to.
        ("net/bridge/bridge-nf-call-iptables", "1"),
    ):
        Path("/proc/sys", key).write_text(value)
    for scope in ("all", "default"):
        # Saves the second that duplicate address detection takes per interface.
        ipv6 = Path("/proc/sys/net/ipv6/conf", scope, "disable_ipv6")
        if ipv6.exists():  # a kernel may be without IPv6
            ipv6.write_text("1")
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
