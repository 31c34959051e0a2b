"""The verbs of `python -m bootstrap`, each with its exit status."""

import sys

from bootstrap import clusters, lifecycle, linting, sheet
from bootstrap import console as door
from bootstrap.cleaning import clean as remove_tools
from bootstrap.place import Place
from bootstrap.progress import Steps
from bootstrap.shell import export_lines
from bootstrap.tools import (
    NODE_STEPS,
    PULUMI_STEPS,
    SCANNER_STEPS,
    TEST_STEPS,
    prepare_node,
    prepare_pulumi,
    prepare_scanners,
)
from toolchain import postgresql as server_programs


def up(place: Place) -> int:
    """Everything, from an empty machine to a first backup."""
    lifecycle.up(place)
    return 0


def tools(place: Place) -> int:
    """What `up` and the tests run on, without starting anything."""
    steps = Steps(total=PULUMI_STEPS + NODE_STEPS + TEST_STEPS + SCANNER_STEPS)
    prepare_pulumi(place, clusters.find(place), steps)
    prepare_node(place, steps, for_tests=True)
    prepare_scanners(place, steps)
    return 0


def env(place: Place) -> int:
    """The lines for `eval "$(make -s env)"`, and nothing else, on stdout."""
    for line in export_lines(place, clusters.find(place)):
        sys.stdout.write(f"{line}\n")
    return 0


def stop(place: Place) -> int:
    """Ends the cluster and keeps its disks."""
    lifecycle.stop(place)
    return 0


def destroy(place: Place) -> int:
    """Removes the stack's resources and says where the backups are."""
    sys.stderr.write(f"{lifecycle.destroy(place)}\n")
    return 0


def clean(place: Place) -> int:
    """Removes what can be made again."""
    done = remove_tools(place, lambda text: sys.stderr.write(f"{text}\n"))
    return 0 if done else 1


def recovery_sheet(place: Place) -> int:
    """Prints what brings the data back without this machine."""
    sheet.show(place)
    return 0


def console(place: Place) -> int:
    """Opens the console's port on this machine."""
    return door.open_door(place)


def demo(place: Place) -> int:
    """Loses a disk on purpose, beside the stack, and shows the data back."""
    from bootstrap import demo as demonstration  # noqa: PLC0415 (as in docs)

    demonstration.demo(place)
    return 0


def lint(place: Place) -> int:
    """All checkers over all files."""
    return linting.lint(place)


def check(place: Place) -> int:
    """The checkers that need Python alone."""
    return linting.check(place)


def docs(place: Place) -> int:
    """Writes the pages that are made from the code."""
    from bootstrap import settings_page  # noqa: PLC0415 (imports Pulumi, which costs every other verb a second)

    (place.root / "docs" / "settings.md").write_text(settings_page.text())
    return 0


def postgresql(place: Place) -> int:
    """Prints the directory of PostgreSQL's programs, fetched if need be."""
    server_programs.ensure(place.root)
    sys.stdout.write(f"{server_programs.directory(place.root)}\n")
    return 0
