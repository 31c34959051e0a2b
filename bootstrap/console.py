"""The console's door: `make console`."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from bootstrap import clusters, reachable
from bootstrap.environment import for_children
from bootstrap.place import Place
from bootstrap.stack import Stack
from toolchain.errors import SetupError
from toolchain.run import ask

PORT = 8080
NAME = "postgres-console"
STANDS = "Forwarding from "
"""How kubectl says that connections are taken now."""
PAUSE = 1.0
"""Seconds between two tries to reach a pod that is gone."""

Say = Callable[[str], None]


def open_door(place: Place) -> int:
    """Forwards a port until it is stopped; says where, and how to get the token."""
    cluster = clusters.find(place)
    environment = for_children(place, cluster)
    reachable.require(cluster, environment)
    stack = Stack(place, environment)
    namespace = str(stack.outputs().get("namespace", "brewget")) if stack.exists() else "brewget"
    kubectl = ["kubectl", f"--context={cluster.context}", f"--namespace={namespace}"]
    asked = ask([*kubectl, "get", "service", NAME], env=environment)
    if asked.returncode != 0:
        raise SetupError(
            f"there is no console in namespace {namespace}. To have one: "
            "pulumi config set --path console.enabled true, then make up"
        )
    return forward(kubectl, environment, _say)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def forward(kubectl: Sequence[str], environment: Mapping[str, str], say: Say) -> int:
    """Until Ctrl-C. A pod that is replaced is reached again, at the same address."""
    door = _Door(kubectl, free_port(), say)
    with _stopped_by_signals():
        while True:
            command = [*kubectl, "port-forward", f"service/{NAME}", f"{door.port}:{PORT}"]
            why = _attempt(command, environment, door.stands)
            if door.has_stood:
                door.is_away(why)
                time.sleep(PAUSE)
            if not is_free(door.port):
                door.port = free_port()  # somebody was quicker
            elif not door.has_stood:
                raise SetupError(
                    f"the console cannot be reached ({why}). See: "
                    f"{' '.join(kubectl)} get pods -l app={NAME}"
                )
    return 0


@dataclass
class _Door:
    """What was said of it: each address once, then each end and each return."""

    kubectl: Sequence[str]
    port: int
    say: Say
    said: str = ""
    was_away: bool = False

    @property
    def has_stood(self) -> bool:
        """Whether it ever led there: then it is worth another try."""
        return self.said != ""

    def stands(self) -> None:
        """From now on the address leads somewhere."""
        address = f"http://localhost:{self.port}"
        if address != self.said:
            template = "-o go-template='{{.data.token | base64decode}}{{\"\\n\"}}'"
            self.say(f"{address} until Ctrl-C. The token:")
            self.say(f"  {' '.join(self.kubectl)} get secret {NAME} {template}")
        elif self.was_away:
            self.say(f"{address} again")
        self.said, self.was_away = address, False

    def is_away(self, why: str) -> None:
        """Said once, however often it is tried."""
        if not self.was_away:
            self.say(f"the console is away ({why}); it is tried again until Ctrl-C")
        self.was_away = True


def free_port() -> int:
    """8080, or where that is taken any other."""
    if is_free(PORT):
        return PORT
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens there, on either kind of localhost: a browser may take each."""
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as probe:
                probe.settimeout(1)
                if probe.connect_ex((address, port)) == 0:
                    return False
        except OSError:
            continue  # a machine without IPv6
    return True


def _attempt(
    command: Sequence[str], environment: Mapping[str, str], stands: Callable[[], None]
) -> str:
    """One kubectl to its end, and what it said last."""
    last = "it said nothing"
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            for line in process.stdout or ():
                if line.startswith(STANDS):
                    stands()
                elif line.strip() and not line.startswith("Handling connection"):
                    last = line.strip().removeprefix("error: ")
        finally:
            process.terminate()
    return last


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Ctrl-C is how it ends; neither a kill nor a terminal that is closed leaves a kubectl."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = {each: signal.signal(each, stop) for each in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
