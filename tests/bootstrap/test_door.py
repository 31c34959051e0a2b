"""`make console`: its address when the forward stands, a free port, and back after a restart."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bootstrap.place import ROOT
from tests.lib.waiting import wait_for

# Stands in for kubectl, which needs a cluster: it says what kubectl says, as often as it is told.
KUBECTL = """#!/bin/sh
cd "$(dirname "$0")" || exit 1
echo "$$ $*" >>asked
while [ -e pending ]; do sleep 0.05; done
[ ! -e broken ] || { echo "error: timed out waiting for the condition" >&2; exit 1; }
for last; do :; done
echo "Forwarding from 127.0.0.1:${last%%:*} -> 8080"
echo "Handling connection for ${last%%:*}"
while [ ! -e gone ]; do sleep 0.05; done
rm gone
echo "error: lost connection to pod" >&2
exit 1
"""
PATIENCE = 20.0
CALL = """
import os, sys
from bootstrap import console
console.PORT, console.PAUSE = int(sys.argv[1]), 0.1
say = lambda text: print(text, file=sys.stderr, flush=True)
sys.exit(console.forward(["kubectl", "--context=c"], dict(os.environ), say))
"""


class Door:
    """`make console` behind a kubectl that we direct."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.said = folder, folder / "said"
        (folder / "kubectl").write_text(KUBECTL)
        (folder / "kubectl").chmod(0o755)
        self.process: subprocess.Popen[bytes] | None = None

    def open(self, port: int) -> "Door":
        environment = os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}"}
        with self.said.open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-c", CALL, str(port)], cwd=ROOT, env=environment, stderr=said
            )
        return self

    def wait_for(self, words: str) -> str:
        """What it has said once it has said this."""
        wait_for(words, lambda: words in self.said.read_text(), PATIENCE, every=0.05)
        return self.said.read_text()

    def asked(self) -> list[str]:
        """Every call of kubectl, with its process."""
        return (self.folder / "asked").read_text().splitlines()

    def end(self, how: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(timeout=PATIENCE)


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    yield made
    if made.process is not None and made.process.poll() is None:
        made.process.kill()
        made.process.wait()
    (tmp_path / "gone").touch()  # a stand-in that a failed test has left ends by that


def unused() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_the_address_is_said_when_it_leads_somewhere_and_holds_after_a_restart(door: Door) -> None:
    (door.folder / "pending").touch()
    port = unused()
    door.open(port)
    wait_for("a kubectl", (door.folder / "asked").exists, PATIENCE, every=0.05)
    assert door.said.read_text() == "", "nobody listens there yet"
    (door.folder / "pending").unlink()
    said = door.wait_for("  kubectl --context=c get secret postgres-console -o go-template=")
    assert said.startswith(f"http://localhost:{port} until Ctrl-C. The token:\n")

    (door.folder / "broken").touch()
    (door.folder / "gone").touch()
    door.wait_for("the console is away (lost connection to pod)")
    wait_for("more tries", lambda: len(door.asked()) > 3, PATIENCE, every=0.05)
    (door.folder / "broken").unlink()
    said = door.wait_for(f"http://localhost:{port} again")
    assert said.count("is away") == 1, said
    assert {line.split()[-1] for line in door.asked()} == {f"{port}:{port}"}

    last = int(door.asked()[-1].split()[0])
    assert door.end(signal.SIGTERM) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)


def test_a_port_that_is_taken_is_left_alone(door: Door) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        said = door.open(taken).wait_for("The token:")
        found = re.search(r"http://localhost:(\d+) until", said)
        assert found
        assert int(found[1]) != taken
        assert door.asked()[0].split()[-1] == f"{found[1]}:{taken}", "that of the service stays"
        assert door.end(signal.SIGINT) == 0


def test_a_port_that_another_took_meanwhile_is_left_for_a_free_one(door: Door) -> None:
    port = unused()
    door.open(port).wait_for("The token:")
    (door.folder / "pending").touch()
    (door.folder / "gone").touch()
    door.wait_for("the console is away")
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        (door.folder / "pending").unlink()
        (door.folder / "gone").touch()
        wait_for("a new address", lambda: door.said.read_text().count("The token:") > 1, PATIENCE)
    first, second = re.findall(r"http://localhost:(\d+) until Ctrl-C", door.said.read_text())
    assert (int(first), int(second) != port) == (port, True)
    assert door.end(signal.SIGINT) == 0


def test_a_terminal_that_is_closed_leaves_no_kubectl(door: Door) -> None:
    door.open(unused()).wait_for("The token:")
    assert door.end(signal.SIGHUP) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(int(door.asked()[-1].split()[0]), 0)


def test_one_that_never_stood_is_an_error_with_the_next_step(door: Door) -> None:
    (door.folder / "broken").touch()
    door.open(unused())
    assert door.process is not None
    assert door.process.wait(timeout=PATIENCE) == 1
    said = door.said.read_text()
    assert "cannot be reached (timed out waiting for the condition). See: kubectl" in said
    assert len(door.asked()) == 1
