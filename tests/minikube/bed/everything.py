"""Makes what a machine with minikube needs: minutes the first time, then nothing."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.lib.project import ROOT
from tests.minikube.bed import downloads, images, machine, node_image, preload, programs, system
from tests.minikube.bed.machine import Machine
from toolchain import gobuild, minikube, stamps
from toolchain.locking import exclusive
from toolchain.stamps import Stamp


def say(text: str) -> None:
    """Where a person sees it, before the tests begin."""
    sys.stderr.write(f"{text}\n")


def ensure() -> None:
    """Makes what is missing or out of date, one process at a time."""
    with exclusive(programs.HOME / ".bed.lock", say):
        say("the bed of the minikube suite: programs, a Debian, packages, two images")
        minikube.ensure(ROOT, say)
        programs.build()
        system.ensure()
        downloads.ensure()
        _make(node_image.make, node_image.STORE, node_image.inputs())
        _make(preload.make, preload.FILE, images.inputs())


def _make(make: Callable[[Machine], None], result: Path, inputs: Sequence[Path]) -> None:
    """Makes one image, unless it was made of just this."""
    built = [
        gobuild.stamp_of(path).text() or stamps.digest((), [(path.name, path)]) for path in inputs
    ]
    wanted = stamps.digest([system.digest(), *built])
    stamp = Stamp(result.with_name(f".{result.name}.stamp"))
    if result.exists() and stamp.is_current(wanted):
        return
    stamp.clear()
    with machine.started() as new:
        make(new)
    stamp.set(wanted)


if __name__ == "__main__":
    ensure()
