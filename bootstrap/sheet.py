"""The recovery sheet: `make recovery-sheet`."""

import sys

from bootstrap import clusters
from bootstrap.environment import for_children
from bootstrap.place import Place
from bootstrap.stack import Stack
from toolchain.errors import SetupError

OUTPUT = "recovery_sheet"


def show(place: Place) -> None:
    """Prints what brings the data back without this machine, passphrases and keys in the clear."""
    stack = Stack(place, for_children(place, clusters.find(place)))
    if not stack.exists() or OUTPUT not in stack.outputs():
        raise SetupError(
            "there is no archive and no encryption, and so no sheet: plain sets need no key. To "
            "have one: pulumi config set --path archive.enabled true, then make up"
        )
    command = ["stack", "output", OUTPUT, "--show-secrets", "--stack", place.stack]
    sys.stdout.write(stack.pulumi(*command))
