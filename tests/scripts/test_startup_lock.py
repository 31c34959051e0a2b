"""One server on a data directory, whatever pods there are.

The node of a pod that is deleted by force may still run its server. The successor's container has
process numbers of its own, so postmaster.pid says nothing there: both servers wrote.
"""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lib.content import AUTH
from tests.lib.hooks import start_until
from tests.lib.pod import Attached, Pod
from tests.lib.sandbox import end_processes_below, processes_below
from tests.lib.scripts import Running, Scripts
from tests.lib.toolbox import Tools, path_of, shim
from tests.lib.waiting import wait_for

SERVER_UP = 60.0
"""From the main container's start to the server's first answer, in seconds."""
SAID = 30.0
"""Until a script has logged what it is waiting for, in seconds."""


@pytest.fixture
def pod(scripts: Scripts, binaries: Path) -> Iterator[Pod]:
    """A pod whose data directory is complete."""
    made = Pod.make(scripts, binaries)
    made.prepare().expect(0)
    yield made
    end_processes_below(made.volume)


@pytest.fixture
def either(pod: Pod, tools: Tools) -> Pod:
    """The same pod, in either world."""
    path = path_of(tools, pod.scripts.box, pod.binaries)
    return replace(pod, scripts=pod.scripts.with_(path=path))


def serve(pod: Pod, **settings: str) -> Running:
    """Start the main container."""
    options = [f"port={pod.port}", f"unix_socket_directories={pod.volume}", "fsync=off"]
    words = [word for option in options for word in ("-c", option)]
    return pod.in_image(**settings).start("serve", *words, apart=True)


def client(pod: Pod) -> Attached:
    """A client of the server that the main container runs."""
    server = Attached(pod.scripts.box, pod.binaries, pod)
    server.home = pod.volume
    return server


@contextmanager
def served(pod: Pod) -> Iterator[tuple[Running, Attached]]:
    """A pod that runs its server, and a client of it; as it is when the pod is forgotten."""
    running, server = serve(pod, HOSTNAME="postgres-old"), client(pod)

    def answers() -> bool:
        assert running.process.poll() is None, running.errors()
        return server.sql("select 1") == "1"

    try:
        wait_for("the server's first answer", answers, SERVER_UP, every=0.05)
        yield running, server
    finally:
        running.kill()


def prepare_next(pod: Pod, **settings: str) -> Running:
    """Start the init container of the pod that takes the place of the forgotten one."""
    return pod.in_image(HOSTNAME="postgres-new", **settings).start("prepare-data", apart=True)


def wait_until_said(running: Running, words: str) -> None:
    """Wait until it has logged these words."""

    def look() -> bool:
        assert words in running.errors() or running.process.poll() is None, running.errors()
        return words in running.errors()

    wait_for(f"the words {words}", look, SAID, every=0.05)


def test_a_second_pod_says_for_whom_it_waits_and_gives_up(either: Pod) -> None:
    with served(either) as (_, server):
        server.sql("create table t as select 1 as n", AUTH)

        done = prepare_next(either, STARTUP_LOCK_WAIT="1").wait().expect(75)

        found = re.search(
            r"in use by the server on postgres-old, process 1, since 20\d\d-\S+Z; waited 1 s",
            done.stderr,
        )
        assert found, done.said
        server.sql("insert into t values (2)", AUTH)
        assert server.sql("select count(*) from t", AUTH) == "2"
        assert "use" not in either.started, "the journal is the other's"


@pytest.mark.trap(47)
def test_a_second_pod_goes_on_when_the_first_has_ended(either: Pod) -> None:
    with served(either) as (first, server):
        server.sql("create table t as select 1 as n", AUTH)
        second = prepare_next(either)
        wait_until_said(second, "in use by the server on postgres-old")
        server.sql("insert into t values (2)", AUTH)
        first.kill()

    second.wait().expect(0)

    with either.running() as server:
        assert server.sql("select count(*) from t", AUTH) == "2", "what the first wrote is there"


def test_no_server_starts_while_a_start_is_at_work(pod: Pod) -> None:
    preparing, hook = start_until(pod.in_image(HOSTNAME="postgres-old"), "server", "prepare-data")

    done = serve(pod, STARTUP_LOCK_WAIT="1").wait().expect(75)

    assert "in use by prepare-data.sh on postgres-old" in done.stderr
    hook.release()
    preparing.wait().expect(0)


def test_the_lock_is_held_until_the_last_of_the_servers_processes_has_ended(pod: Pod) -> None:
    """A postmaster that was killed leaves busy processes, which go on writing."""
    running = pod.in_image().start(
        "serve", "-c", f"port={pod.port}", "-c", f"unix_socket_directories={pod.volume}"
    )
    wait_for("the socket", (pod.volume / f".s.PGSQL.{pod.port}").exists, SERVER_UP, every=0.05)
    server = client(pod)
    wait_for("the first answer", lambda: server.sql("select 1") == "1", SERVER_UP, every=0.2)
    # One that does not notice that its postmaster is gone: it stands still.
    writer = int(
        server.sql("select pid from pg_stat_activity where backend_type = 'background writer'")
    )
    os.kill(writer, signal.SIGSTOP)
    running.process.kill()
    running.process.wait(10)
    (pod.data / "postmaster.pid").unlink()

    prepare_next(pod, STARTUP_LOCK_WAIT="1").wait().expect(75)

    os.kill(writer, signal.SIGKILL)
    prepare_next(pod).wait().expect(0)


def test_the_server_of_a_start_that_was_killed_here_is_ended(pod: Pod) -> None:
    """On a machine of one's own no container ends with the script."""
    preparing, _ = start_until(pod.in_image(), "server", "prepare-data")
    preparing.kill()
    assert processes_below(pod.data), "its server runs on"

    done = pod.prepare(STARTUP_LOCK_WAIT="5").expect(0)

    assert "stopping the server that an unfinished run left" in done.stderr


def test_a_file_system_without_locks_is_named_at_once(pod: Pod) -> None:
    body = "echo 'flock: 6: No locks available' >&2; exit 71"
    without = shim(pod.scripts.box.directory("shim") / "bin", "flock", body)
    pod.scripts = pod.scripts.with_(path=f"{without}:{pod.scripts.path}")

    done = pod.prepare().expect(78)

    assert "gives no locks (flock: 6: No locks available)" in done.stderr
    assert ".server-lock" in done.stderr


def test_the_server_does_not_make_a_database_of_its_own(scripts: Scripts, binaries: Path) -> None:
    """The image's entrypoint would: an empty one, in the place of the data."""
    pod = Pod.make(scripts, binaries)

    done = serve(pod).wait().expect(78)

    assert "prepare-data.sh has to run first" in done.stderr
    assert not pod.data.exists()


def test_the_servers_log_begins_with_the_decision(pod: Pod) -> None:
    with served(pod) as (running, _):
        first = (running.output / "out").read_text().splitlines()[0]

    assert first == pod.started.splitlines()[-1]
