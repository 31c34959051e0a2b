"""Whether there is a docker, and whether this user may use it."""

import shutil
from enum import Enum
from functools import cache

from toolchain.run import ask


class Docker(Enum):
    """What a minikube would find."""

    NONE = "none"
    """No command, or no daemon behind it."""
    DENIED = "denied"
    WORKS = "works"


@cache
def look() -> Docker:
    """Asks the daemon, once."""
    if shutil.which("docker") is None:
        return Docker.NONE
    asked = ask(["docker", "info", "--format", "{{.ServerVersion}}"])
    if asked.returncode == 0 and asked.stdout.strip():
        return Docker.WORKS
    return Docker.DENIED if "permission denied" in asked.stderr else Docker.NONE
