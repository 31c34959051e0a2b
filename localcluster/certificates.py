"""Keys and certificates, made by the node's own binary, and the administrator's kubeconfig."""

import base64
from pathlib import Path

from localcluster.components import API_PORT
from localcluster.configs import kubeconfig
from localcluster.layout import Layout
from toolchain import files
from toolchain.run import run


def write_all(layout: Layout, binary: Path, node_ip: str) -> None:
    """Makes what is missing. After a change of address: new ones of the same CA."""
    made_for = layout.pki / "node-ip"
    if not made_for.is_file() or made_for.read_text() != node_ip:
        layout.pki.mkdir(mode=0o700, parents=True, exist_ok=True)
        naming = ["--node-name", layout.profile, "--node-ip", node_ip]
        run([binary, "certs", "--dir", layout.pki, *naming])
        files.write(made_for, node_ip)
    files.write_json(
        layout.kubeconfig,
        kubeconfig(
            layout.profile,
            {
                "server": f"https://{node_ip}:{API_PORT}",
                "certificate-authority-data": _encoded(layout.pki / "ca.crt"),
            },
            {
                "client-certificate-data": _encoded(layout.pki / "admin.crt"),
                "client-key-data": _encoded(layout.pki / "admin.key"),
            },
        ),
    )


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
