"""NetworkPolicy enforced on a running local cluster, by kube-router in the node's own network.

The cluster's own network plugin enforces none, as that of a minikube before 1.39 does not.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bootstrap.scanners import kube_router
from localcluster.network import SERVICES
from tests.lib.project import ROOT
from tests.lib.waiting import wait_for
from tests.lib.world import World

CHAIN = "KUBE-ROUTER-"


@contextmanager
def enforced(world: World, folder: Path) -> Iterator[None]:
    """As long as this lasts."""
    status = json.loads(world.project.cluster("status --json").stdout)
    node = ["nsenter", f"--net=/proc/{status['pid']}/ns/net"]
    log = folder / "kube-router.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *node,
                kube_router(ROOT),
                "--run-firewall=true",
                "--run-router=false",
                "--run-service-proxy=false",
                f"--service-cluster-ip-range={SERVICES}",
                f"--kubeconfig={status['kubeconfig']}",
                f"--hostname-override={status['profile']}",
                "--health-port=0",
                "--metrics-port=0",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        wait_for("a firewall of a pod", lambda: "KUBE-POD-FW-" in _rules(node), timeout=30)
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
        for rule in _rules(node).splitlines():
            if f"-j {CHAIN}" in rule and not rule.startswith(f"-A {CHAIN}"):
                script = f"iptables {rule.replace('-A', '-D', 1)}"
                subprocess.run([*node, "sh", "-c", script], check=True)


def _rules(node: list[str]) -> str:
    done = subprocess.run([*node, "iptables", "-S"], capture_output=True, text=True, check=True)
    return done.stdout
