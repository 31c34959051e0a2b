"""A pod that is ended: TERM is heard at once, whatever runs, and the clean-up is done."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.lib.choice import TURNS, steps_of
from tests.lib.hooks import count_steps, start_until
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import processes_below
from tests.lib.scripts import Done, Running, Scripts
from tests.lib.store import Store
from tests.lib.waiting import wait_for

HEARD = 8.0
"""From TERM to the end of a script, at the most, in seconds: what it waits for takes for ever."""

pytestmark = pytest.mark.usefixtures("filled")


def end(running: Running, pid: int | None = None, number: int = signal.SIGTERM) -> Done:
    """Send the signal to the script alone, and again while it cleans up, as the impatient do."""
    os.kill(pid or running.process.pid, number)
    time.sleep(0.02)
    with suppress(ProcessLookupError):
        os.kill(pid or running.process.pid, number)
    return running.wait(HEARD)


def assert_clean(scripts: Scripts) -> None:
    """Nothing is left in TMPDIR, and no process of ours."""
    home = Path(scripts.environment()["TMPDIR"])
    assert not list(home.glob("brewget.*"))
    assert not processes_below(scripts.root)


def end_at_each_step(scripts: Scripts, turn: int, after: Callable[[], None], *words: str) -> None:
    """Run a program as often as a turn has steps, and end it at each: it stands there for ever."""
    scripts = scripts.with_(TMPDIR=str(scripts.box.directory("tmp")))
    for number in steps_of(turn, len(count_steps(scripts, *words))):
        running, _ = start_until(scripts, number, *words)
        done = end(running)
        assert done.returncode == 128 + signal.SIGTERM, f"step {number}: {done.said}"
        assert_clean(scripts)
        after()


@pytest.mark.parametrize("turn", TURNS)
def test_a_backup_ends_at_each_step(turn: int, scripts: Scripts, kept: Store) -> None:
    before = kept.names()

    def after() -> None:
        kept.assert_sound()
        assert set(before) <= set(kept.names())

    end_at_each_step(scripts, turn, after, "backup")
    scripts.with_(BACKUP_LOCK_WAIT=0).backup()


@pytest.mark.long
@pytest.mark.parametrize("turn", TURNS)
def test_a_restore_ends_at_each_step_and_takes_its_databases_away(
    turn: int, target: Server, scripts: Scripts, kept: Store
) -> None:
    def after() -> None:
        left = "select count(*) from pg_database where datname like 'brewget_load%'"
        assert target.sql(left) == "0"
        kept.assert_sound()
        target.reset()

    end_at_each_step(scripts.with_(server=target), turn, after, "restore", "--replace")


@pytest.mark.parametrize("turn", TURNS)
def test_a_verification_ends_at_each_step_with_its_server(
    turn: int, scripts: Scripts, kept: Store
) -> None:
    scratch = scripts.box.directory("scratch")

    def after() -> None:
        assert not processes_below(scratch)
        assert not (scratch / "verify-data").exists()
        kept.assert_sound()

    verifier = scripts.with_(VERIFY_SCRATCH=str(scratch))
    end_at_each_step(verifier, turn, after, "verify", "latest")
    # Each set in a shell of its own, which a signal does not let clean up.
    for name in kept.names():
        (kept.root / name / "verified.json").unlink(missing_ok=True)
    running, _ = start_until(verifier, "server", "verify", "--pending")
    end(running)
    after()


@pytest.mark.parametrize("turn", TURNS)
def test_a_start_ends_at_each_step_with_its_server(
    turn: int, scripts: Scripts, binaries: Path, kept: Store
) -> None:
    steps = len(count_steps(Pod.make(scripts, binaries).in_image(), "prepare-data"))
    for number in steps_of(turn, steps):
        fresh = Pod.make(scripts, binaries)
        running, _ = start_until(fresh.in_image(), number, "prepare-data")
        done = end(running)
        assert done.returncode == 128 + signal.SIGTERM, f"step {number}: {done.said}"
        assert not processes_below(fresh.volume), f"step {number}"
        kept.assert_sound()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_first_process_of_a_container_hears_it_while_a_program_waits(
    number: signal.Signals, filled: Server, scripts: Scripts, store: Store
) -> None:
    """The kernel gives process 1 no default action, and bash waits for the program in front."""
    assert filled.process
    os.kill(
        filled.process.pid, signal.SIGSTOP
    )  # connections are accepted by the kernel, and then nothing
    try:
        running = scripts.start("backup", apart=True)
        first, psql = wait_for("psql", lambda: psql_of(running.process.pid), 20, every=0.05)

        done = end(running, first, number)
    finally:
        os.kill(filled.process.pid, signal.SIGCONT)

    assert done.returncode == 128 + number, done.said
    assert not Path(f"/proc/{psql}").exists()
    assert store.names() == []


def psql_of(container: int) -> tuple[int, int] | None:
    """The numbers, as seen from here, of a container's process 1 and of the psql below it."""
    below = [container]
    for pid in below:  # grows while we go
        below += map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
        if Path(f"/proc/{pid}/comm").read_text().strip() == "psql":
            return below[1], pid
    return None
