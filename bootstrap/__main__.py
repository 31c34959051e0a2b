"""`python -m bootstrap VERB`: what the Makefile's targets call.

Begins under whatever Python there is: the machine is checked and the virtual environment made with
the standard library alone, then the same command goes on in there.
"""

import os
import sys
from collections.abc import Callable

from bootstrap import preflight, venv
from bootstrap.place import Place, from_environment
from toolchain.errors import SetupError

INSIDE = "BREWGET_IN_VENV"

# Verbs that need a machine that is ready, and whether they need a cluster.
PREPARED = {"up": True, "tools": False}


def main(arguments: list[str]) -> int:
    """Runs one verb and returns the exit status."""
    verbs = {"up", "tools", "env", "stop", "destroy", "clean", "lint", "check", "docs"}
    verbs |= {"console", "demo", "postgresql", "recovery_sheet"}
    if len(arguments) != 1 or arguments[0] not in verbs:
        sys.stderr.write(f"usage: python -m bootstrap {'|'.join(sorted(verbs))}\n")
        return 64
    verb, place = arguments[0], from_environment()
    _find_own_programs(place)
    try:
        if os.environ.get(INSIDE) != str(place.venv):
            return _enter(verb, place)
        return _run(verb, place)
    except SetupError as error:
        sys.stderr.write(f"error: {error}\n")
    except OSError as error:
        sys.stderr.write(f"error: {error}. Nothing is lost: put it right and run this again\n")
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted: run it again, and it goes on from here\n")
        return 130
    return 1


def _find_own_programs(place: Place) -> None:
    """Last on PATH, so that what somebody has installed wins."""
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if str(place.own_cluster_programs) not in path:
        os.environ["PATH"] = os.pathsep.join([*path, str(place.own_cluster_programs)])


def _enter(verb: str, place: Place) -> int:
    """Makes sure of the virtual environment and goes on in it."""
    if verb in PREPARED:
        preflight.check(place, with_cluster=PREPARED[verb])
    venv.ensure(place.root)
    python = str(place.venv / "bin/python")
    environment = {**os.environ, INSIDE: str(place.venv)}
    os.execve(python, [python, "-m", "bootstrap", verb], environment)  # noqa: S606
    return 1  # never reached


def _run(verb: str, place: Place) -> int:
    # Imported here, in the virtual environment: these modules need its packages.
    from bootstrap import verbs  # noqa: PLC0415

    os.environ.pop(INSIDE)
    chosen: Callable[[Place], int] = getattr(verbs, verb)
    return chosen(place)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
