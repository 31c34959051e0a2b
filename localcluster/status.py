"""What state a cluster is in, found out from the machine and not from what a file claims."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from localcluster import processes
from localcluster.api import Api
from localcluster.layout import Layout
from localcluster.network import node_ip
from toolchain import files


class State(StrEnum):
    """One word for it."""

    ABSENT = "absent"
    RUNNING = "running"
    STOPPED = "stopped"
    BROKEN = "broken"


@dataclass(frozen=True)
class Status:
    """What `status --json` prints; the keys are a contract."""

    profile: str
    state: State
    why: str
    """A sentence, for a person."""
    home: str
    kubeconfig: str
    context: str
    node_ip: str | None
    subnet: str | None
    mounts: list[dict[str, str]]
    pid: int | None
    """The node's first process: ending it is the power cut."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def inspect(layout: Layout) -> Status:
    """Looks; changes nothing."""
    record = files.read_json(layout.record) or {}
    identity = files.read_json(layout.process)
    subnet = record.get("subnet")
    state, why = _judge(layout, subnet, identity)
    return Status(
        profile=layout.profile,
        state=state,
        why=why,
        home=str(layout.home),
        kubeconfig=str(layout.kubeconfig),
        context=layout.profile,
        node_ip=node_ip(subnet) if subnet else None,
        subnet=subnet,
        mounts=record.get("mounts", []),
        pid=identity["pid"] if identity and processes.is_alive(identity) else None,
    )


def _judge(
    layout: Layout, subnet: str | None, identity: dict[str, Any] | None
) -> tuple[State, str]:
    if not layout.home.exists():
        return State.ABSENT, "there is no such cluster"
    if not layout.process.exists() and subnet:
        return State.STOPPED, "it is stopped"
    why = _why_broken(layout, subnet, identity)
    return (State.BROKEN, why) if why else (State.RUNNING, "it runs")


def _why_broken(layout: Layout, subnet: str | None, identity: dict[str, Any] | None) -> str | None:
    if subnet is None:
        return "its record cannot be read: an earlier start was cut short"
    if identity is None:
        return "the note of its first process cannot be read"
    if not processes.is_alive(identity):
        return _why_dead(identity)
    if not Api(node_ip(subnet), layout.pki).is_ready():
        return "its node runs, but the API server does not answer"
    if not layout.complete.exists():
        return "its start has not come to a Ready node yet, or was cut short before"
    return None


def _why_dead(identity: dict[str, Any]) -> str:
    pid = identity.get("pid")
    if isinstance(pid, int) and processes.identify(pid)["started"] is not None:
        return f"its process {pid} is gone, and the number belongs to another program now"
    return f"its process {pid} is gone, though nobody stopped it: it was killed, or the machine was"
