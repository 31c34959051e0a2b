"""What a killed run has left: locks, unfinished operations, objects that the state does not know."""

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from bootstrap import memory
from bootstrap.clusters import Cluster, Kind
from bootstrap.lifecycle import destroy, prepare_stack
from bootstrap.locks import Holder, holder_of, stale_locks
from bootstrap.place import Place
from bootstrap.progress import Steps
from bootstrap.stack import Stack
from tests.bootstrap.conftest import CutOff, stack_environment
from toolchain.errors import SetupError

HERE = socket.gethostname()
ELSEWHERE = Cluster(Kind.NAMED, "work")
LOCK_LEFT = "a run that was killed had left its lock: removed"
UNFINISHED = "a run that was interrupted had left operations unfinished: cleared"
TAKEN_OVER = "what that run made and did not record is taken over by `make up` (setting adopt)"
PENDING = {
    "resource": {
        "urn": "urn:pulumi:dev::brewget::kubernetes:core/v1:Namespace::namespace",
        "custom": True,
        "type": "kubernetes:core/v1:Namespace",
    },
    "type": "creating",
}
ANSWERS = """#!/bin/sh
case "$*" in
"config get-contexts --output=name") echo two ;;
*/version) echo '{"major": "1", "minor": "34"}' ;;
*/nodes) exit 1 ;;
esac
"""


@pytest.fixture(name="stack")
def _stack(place: Place) -> Stack:
    (place.root / "Pulumi.yaml").write_text("name: brewget\nruntime: python\n")
    (place.root / "__main__.py").write_text("")
    stack = Stack(place, stack_environment(place))
    stack.select()
    return stack


def lock_of(path: Path, process: int, hostname: str = HERE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"pid": process, "hostname": hostname}))
    return path


def own_lock(stack: Stack) -> Path:
    return stack.place.backend / ".pulumi/locks/organization/brewget/dev/0b9d.json"


def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def leave_pending(stack: Stack) -> None:
    """As an `up` that was killed while it made its first object."""
    path = stack.place.root / "state.json"
    path.write_text(json.dumps(stack.export()))
    stack.pulumi("stack", "import", "--stack", "dev", "--file", str(path))
    # `stack import` would leave them out.
    file = stack.place.backend / ".pulumi/stacks/brewget/dev.json"
    state = json.loads(file.read_text())
    state["checkpoint"]["latest"]["pending_operations"] = [PENDING]
    file.write_text(json.dumps(state))


def test_a_lock_is_held_only_by_a_live_pulumi(tmp_path: Path) -> None:
    assert holder_of(lock_of(tmp_path / "gone", gone())) is None
    # The number was given out again, to this test.
    assert holder_of(lock_of(tmp_path / "other", os.getpid())) is None
    assert holder_of(lock_of(tmp_path / "elsewhere", 1, "another")) == Holder(1, "another")

    (tmp_path / "pulumi").symlink_to("/bin/sleep")
    alive = subprocess.Popen([tmp_path / "pulumi", "60"])
    try:
        assert holder_of(lock_of(tmp_path / "alive", alive.pid)) == Holder(alive.pid, HERE)
        alive.kill()
        os.waitid(os.P_PID, alive.pid, os.WEXITED | os.WNOWAIT)
        assert holder_of(lock_of(tmp_path / "dead", alive.pid)) is None
    finally:
        alive.kill()
        alive.wait()


def test_a_lock_of_another_host_is_no_process_to_kill_here(place: Place) -> None:
    lock_of(place.backend / ".pulumi/locks/organization/brewget/dev/0b9d.json", 17, "another")
    with pytest.raises(SetupError) as refused:
        stale_locks(place)
    assert str(refused.value) == (
        "another pulumi (process 17 on another) is working on the stack 'dev': wait for it; "
        "if that is gone: `pulumi cancel` in a shell of `make env`"
    )


def test_the_lock_of_a_killed_pulumi_is_removed(stack: Stack) -> None:
    lock_of(own_lock(stack), gone())
    assert stack.clear_interrupted(stack.export()) == [LOCK_LEFT, TAKEN_OVER]
    assert stack.own("adopt") == "true"
    assert stack.clear_interrupted(stack.export()) == []


@pytest.mark.parametrize("left", [b"", b'{"pid": 12', b"\0" * 64, b"[]", b"{}"])
def test_a_lock_torn_by_a_power_cut_is_removed(stack: Stack, left: bytes) -> None:
    own_lock(stack).parent.mkdir(parents=True, exist_ok=True)
    own_lock(stack).write_bytes(left)
    assert stack.clear_interrupted(stack.export()) == [LOCK_LEFT, TAKEN_OVER]
    assert not own_lock(stack).exists()


def test_what_was_not_recorded_is_adopted_before_its_trace_is_cleared(stack: Stack) -> None:
    leave_pending(stack)
    lock_of(own_lock(stack), gone())
    for before in ("cancel", "refresh"):
        with pytest.raises(KeyboardInterrupt):
            CutOff(stack.place, stack.environment, before).clear_interrupted(stack.export())
        assert stack.own("adopt") == "true"
        stack.adopted()

    assert stack.clear_interrupted(stack.export()) == [UNFINISHED, TAKEN_OVER]


def test_a_first_run_that_was_cut_off_is_adopted_by_the_next(stack: Stack) -> None:
    """The stack is there, so that it is not new, and nothing was noted in it."""
    with Steps(total=1).step("Stack dev") as step:
        assert prepare_stack(stack, ELSEWHERE, step) == "already there"
    assert stack.own("adopt") == "true"


def test_destroy_after_an_interrupted_up_lets_the_next_up_take_over(
    stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    place = stack.place
    memory.save(place.root, "dev", memory.Memory("named", "two", "/srv/sets"))
    kubectl = place.bin / "kubectl"
    kubectl.parent.mkdir(parents=True)
    kubectl.write_text(ANSWERS)
    kubectl.chmod(0o755)
    leave_pending(stack)

    assert destroy(place).startswith("The stack is gone.")

    assert capsys.readouterr().err == f"{UNFINISHED}\n{TAKEN_OVER}\n"
    assert stack.own("adopt") == "true"
