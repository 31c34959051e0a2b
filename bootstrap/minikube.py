"""What minikube says of its profiles, and one that a stack can go to brought up."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from toolchain.errors import SetupError
from toolchain.run import ask

PROGRAM = "minikube"
Environment = Mapping[str, str]

IN_CONTAINERS = ("docker", "podman")
"""Drivers whose node is a container: it has the mount that it was made with, for ever. The others
mount by 9p, anew at each start."""


class State(StrEnum):
    """One word for what `minikube status` says."""

    ABSENT = "absent"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    GONE = "gone"
    """Its node is no longer there, and minikube has not noticed yet."""
    BROKEN = "broken"


ENDINGS = {
    2: "this machine lacks memory, cores, room or rights for it",
    4: "it reaches nothing outside: once it needs the internet, for its images",
    5: "its driver cannot be used: does docker run, and may you use it? `docker info`",
    6: "its driver cannot be used: does docker run, and may you use it? `docker info`",
    8: "its node does not come up: its logs say why; deleted, it is made anew from the backups",
}
"""What minikube's exit codes mean, by their tens (pkg/minikube/reason/exitcodes.go)."""


@dataclass(frozen=True)
class Profile:
    """A cluster of minikube, running or not."""

    name: str
    driver: str
    mounts: tuple[str, ...]
    """HOST:GUEST, as its node was made."""

    @property
    def keeps_its_mount(self) -> bool:
        """Whether only another node can have another mount."""
        return self.driver in IN_CONTAINERS


def command(name: str) -> list[str]:
    """The words before a verb. By name: else minikube takes the active one, maybe anybody's."""
    return [PROGRAM, "--profile", name]


def meaning(status: int) -> str:
    """What a failed `minikube start` was, in brackets; empty where that is not known."""
    found = ENDINGS.get(status // 10)
    return f" ({found})" if found else ""


def profiles(environment: Environment) -> dict[str, Profile]:
    """All of this account, by name; none where there is no minikube."""
    if shutil.which(PROGRAM, path=environment.get("PATH")) is None:
        return {}
    # Light: without asking each node how it is.
    asked = ask([PROGRAM, "profile", "list", "--light", "--output=json"], env=environment)
    try:
        listed = json.loads(asked.stdout)["valid"]
    except (ValueError, KeyError, TypeError):
        said = (asked.stderr or asked.stdout).strip()
        raise SetupError(f"`minikube profile list` is no list: {said or 'empty'}") from None
    return {each["Name"]: _profile(each["Name"], each["Config"]) for each in listed}


def _profile(name: str, config: dict[str, object]) -> Profile:
    driver = str(config["Driver"])
    if driver in IN_CONTAINERS:
        # Not MountString: a start that was refused has changed that all the same.
        volumes = config.get("ContainerVolumeMounts")
        mounts = [str(each) for each in volumes] if isinstance(volumes, list) else []
    else:
        mounts = [str(config.get("MountString") or "")] if config.get("Mount") else []
    return Profile(name, driver, tuple(mount for mount in mounts if mount))


def state(name: str, environment: Environment) -> State:
    """How a profile is."""
    asked = ask([*command(name), "status", "--output=json"], env=environment)
    try:
        found = json.loads(asked.stdout)
    except ValueError:
        return State.ABSENT if "not found" in asked.stdout + asked.stderr else State.BROKEN
    # More than one node: the first is the one with the control plane.
    first = found[0] if isinstance(found, list) else found
    if not isinstance(first, dict):
        # null: it has no status. The reason is docker's or podman's, in its own words.
        is_gone = "no such container" in asked.stderr.lower()
        return State.GONE if is_gone else State.BROKEN
    return _judge(str(first.get("Host")), str(first.get("APIServer")))


def _judge(host: str, api_server: str) -> State:
    if host != "Running":
        return {"Stopped": State.STOPPED, "Nonexistent": State.GONE}.get(host, State.BROKEN)
    return {"Running": State.RUNNING, "Paused": State.PAUSED}.get(api_server, State.BROKEN)


def sees(name: str, path: str, environment: Environment) -> bool:
    """Whether there is something at `path` in a running node."""
    # Said and not only ended well: minikube's own failure is no answer.
    look = f"if sudo test -e '{path}'; then echo there; else echo nothing; fi"
    asked = ask([*command(name), "ssh", "--", look], env=environment)
    answer = asked.stdout.split()
    if not answer or answer[-1] not in ("there", "nothing"):
        said = (asked.stderr or asked.stdout).strip().splitlines() or ["no answer"]
        raise SetupError(
            f"the node of '{name}' cannot be looked into ({said[-1]}): "
            f"see `{' '.join(command(name))} logs`"
        )
    return answer[-1] == "there"


def stranger(name: str, environment: Environment) -> bool:
    """Whether docker has a node of this name, which this account's minikube does not know."""
    if shutil.which("docker", path=environment.get("PATH")) is None:
        return False
    label = f"label=name.minikube.sigs.k8s.io={name}"
    asked = ask(["docker", "ps", "--all", "--quiet", "--filter", label], env=environment)
    return asked.returncode == 0 and bool(asked.stdout.strip())
