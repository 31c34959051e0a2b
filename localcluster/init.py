"""The node's first process. Its end is the end of everything in the node, as with a power cut.

    python -m localcluster.init PROFILE HOME BINARY      (started by launcher.py in new namespaces)

It is Python that is loaded before the root changes: nothing may be imported after that.
"""

import encodings.idna  # noqa: F401 - looked up by a host's name, when it could not be found any more
import os
import socket
import sys
import time
from pathlib import Path

from localcluster import cgroups, network, rootfs
from localcluster.api import Api
from localcluster.components import all_components
from localcluster.layout import Layout
from localcluster.processes import identify
from localcluster.supervisor import Supervisor, say
from toolchain import files

CABLE_PATIENCE = 20.0


def main() -> None:
    """Becomes the node."""
    layout, binary = Layout(sys.argv[1], Path(sys.argv[2])), Path(sys.argv[3])
    record = files.read_json(layout.record)
    if record is None:
        sys.exit(f"there is no cluster in {layout.home}")
    os.umask(0o022)
    # /proc is still the machine's, so this is the process number that the machine knows.
    files.write_json(layout.process, identify(int(Path("/proc/self").readlink().name)))
    rootfs.enter(layout, binary, record["mounts"])
    if cgroups.is_unified():
        cgroups.delegate(cgroups.ROOT)
    socket.sethostname(layout.profile)
    _wait_for_cable()
    network.set_up_node(record["subnet"])
    node_ip = network.node_ip(record["subnet"])
    say(f"node {layout.profile} has {node_ip}")
    api = Api("127.0.0.1", Path(rootfs.PKI))
    Supervisor(all_components(layout.profile, node_ip), api).run()


def _wait_for_cable() -> None:
    deadline = time.monotonic() + CABLE_PATIENCE
    while not Path("/sys/class/net/eth0").exists():
        if time.monotonic() > deadline:
            sys.exit("no network came: what started this node did not get that far")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
