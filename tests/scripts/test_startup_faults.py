"""Start-up that is killed, or runs out of room, is all or nothing."""

import random
import shutil
from pathlib import Path

import pytest

from tests.lib.choice import EACH, TURNS
from tests.lib.content import AUTH, SETTINGS, USERS, count
from tests.lib.hooks import Hook
from tests.lib.mounts import volatile
from tests.lib.pod import Pod
from tests.lib.sandbox import end_processes_below
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import shim

SEED = 20261122


@pytest.fixture
def pod(scripts: Scripts, binaries: Path) -> Pod:
    """A pod with an empty volume."""
    return Pod.make(scripts, binaries)


def whole(pod: Pod) -> bool:
    """Tell whether there is a data directory; if so, all must be in it."""
    if not pod.data.exists():
        return False
    with pod.running() as server:
        assert count(server, AUTH, "users") == USERS
        assert count(server, SETTINGS, "settings") == 100
    return True


@pytest.mark.trap(17)
@pytest.mark.parametrize("turn", TURNS)
def test_a_start_killed_at_any_step_is_repeated_to_the_whole_content(
    turn: int, pod: Pod, kept: Store
) -> None:
    """Each start comes further than the one before, over all that the killed ones left."""
    names = kept.names()
    number, killed, outcomes = 1 + turn - EACH, set(), []
    while True:
        number += EACH
        hook = Hook.make(pod.scripts.box)
        waiting = pod.in_image(BACKUP_LOCK_WAIT="5")
        done = hook.arm(waiting, "kill", number).run("prepare-data")
        end_processes_below(pod.volume)  # the pod's end takes the temporary server along
        if len(hook.steps()) < number:
            break
        killed.add(hook.steps()[-1])
        assert kept.names() == names, f"a good set was set aside at {hook.steps()[-1]}"
        outcomes.append(pod.data.exists())
        if outcomes[-1]:
            pod.prepare().expect(0)
            assert whole(pod), f"step {hook.steps()[-1]}"
            shutil.rmtree(pod.data)
    done.expect(0)
    assert whole(pod)
    assert not (pod.volume / "pgdata.init").exists()
    assert len(killed) == len(outcomes), "each at another step"
    assert turn or not outcomes[0]
    assert kept.failed() == []


@pytest.mark.long
@pytest.mark.trap(17)
def test_a_start_killed_at_random_times_is_repeated_to_the_whole_content(
    pod: Pod, kept: Store
) -> None:
    chance = random.Random(SEED)
    for _ in range(4):
        running = pod.start_preparing()
        try:
            running.process.wait(chance.uniform(0.2, 3.5))
        except Exception:  # noqa: BLE001 - it still runs, which is what we want
            running.kill()
        end_processes_below(pod.volume)
        whole(pod)
    pod.prepare(BACKUP_LOCK_WAIT="5").expect(0)
    assert whole(pod)
    assert kept.failed() == []


@pytest.mark.trap(17)
@pytest.mark.parametrize("program", ["initdb", "pg_ctl", "psql"])
def test_a_start_whose_tools_fail_leaves_no_data_directory(
    program: str, pod: Pod, kept: Store, binaries: Path
) -> None:
    before = kept.names()
    broken = shim(pod.scripts.box.directory("shim") / "bin", program, "echo broken >&2; exit 1")
    path = pod.scripts.path
    pod.scripts = pod.scripts.with_(path=f"{broken}:{path}")

    done = pod.prepare()

    assert done.returncode != 0, done.said
    assert not pod.data.exists()
    assert kept.names() == before, "a set is not set aside for a tool's fault"
    pod.scripts = pod.scripts.with_(path=path)
    pod.prepare().expect(0)
    assert whole(pod)
    assert binaries.is_dir()


def test_a_volume_that_is_full_gives_no_data_directory_and_blames_no_set(
    pod: Pod, kept: Store
) -> None:
    before = kept.names()
    with volatile(pod.scripts.box, "48m") as small:
        pod.volume = small
        done = pod.prepare()

        assert done.returncode in {69, 73}, done.said
        assert not pod.data.exists()
        assert kept.names() == before


@pytest.mark.trap(17)
def test_a_dead_servers_number_that_is_anothers_now_does_not_keep_the_database_down(
    pod: Pod, kept: Store
) -> None:
    """In a new container the numbers begin anew, so what `pg_ctl status` asks says nothing."""
    other = pod.scripts.functions("list", "sleep 60 & echo $!")
    (pod.volume / "pgdata.init").mkdir()
    (pod.volume / "pgdata.init" / "PG_VERSION").write_text("16\n")
    stale = pod.volume / "pgdata.init" / "postmaster.pid"
    stale.write_text(f"{int(other.stdout)}\n{stale.parent}\n1\n{pod.port}\n/run/postgresql\n\n")
    pod.scripts.box.identity.own(stale.parent)

    pod.prepare().expect(0)

    assert whole(pod)
    assert kept.failed() == []
