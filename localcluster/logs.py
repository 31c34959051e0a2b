"""The components' logs, of this start; those of the start before lie beside them as `.previous`."""

from typing import TextIO

from localcluster.layout import Layout
from toolchain.errors import SetupError

END = 10


def show(layout: Layout, component: str, out: TextIO) -> None:
    """One component's log, whole."""
    log = layout.logs / f"{component}.log"
    if not log.is_file():
        names = ", ".join(path.stem for path in sorted(layout.logs.glob("*.log")))
        raise SetupError(f"there is no log of {component!r}; there are: {names or 'none at all'}")
    with log.open(errors="replace") as lines:
        out.writelines(lines)


def show_ends(layout: Layout, out: TextIO) -> None:
    """The last lines of every log, under the name of its file."""
    logs = sorted(layout.logs.glob("*.log"))
    if not logs:
        raise SetupError(f"there are no logs of {layout.profile}: it was never started")
    for log in logs:
        lines = log.read_text(errors="replace").splitlines()[-END:]
        out.write(f"==> {log}\n" + "".join(f"{line}\n" for line in lines) + "\n")
