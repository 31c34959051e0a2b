"""The provisioner's own rules, in Go beside it: no volume's directory goes with another volume."""

import subprocess

from localcluster import binary
from toolchain import gobuild


def test_the_provisioner_by_itself() -> None:
    # The flags of the node's build: others would compile the Kubernetes client once more.
    done = subprocess.run(
        ["go", "test", "-trimpath", "-vet=off", "-count=1", "./provisioner"],
        cwd=binary.MODULE,
        env=gobuild.environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in done.stdout
