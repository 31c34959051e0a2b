"""One writer at a time, and nobody waits for a dead one."""

import os
import signal
from pathlib import Path

import pytest

from tests.lib.content import AUTH, USERS, count, users_sql
from tests.lib.hooks import start_until
from tests.lib.postgres import Server
from tests.lib.scripts import Running, Scripts
from tests.lib.store import Store
from tests.lib.waiting import wait_for

pytestmark = pytest.mark.usefixtures("filled")


@pytest.mark.trap(34)
def test_three_writers_at_once_give_three_whole_sets(both: Scripts, store: Store) -> None:
    runs = [both.start("backup", "--reason", x) for x in ("one", "two", "three")]

    names = {run.wait().expect(0).stdout.strip() for run in runs}

    assert set(store.names()) == names
    assert len(names) == 3
    assert {store.manifest(x)["reason"] for x in names} == {"one", "two", "three"}
    store.assert_sound()
    assert store.link("latest") == max(names)


def test_the_second_waits_as_long_as_it_was_told_and_says_who_holds_the_lock(
    both: Scripts, kept: Store
) -> None:
    holder, hook = start_until(both, 3, "backup")
    before = kept.snapshot()

    done = both.with_(BACKUP_LOCK_WAIT=1).run("backup").expect(75)

    first = holder.process.pid  # waits for signals; below it is the one at work
    (worker,) = Path(f"/proc/{first}/task/{first}/children").read_text().split()
    assert f"process {worker}," in done.stderr
    assert done.stdout == ""
    assert kept.snapshot() == before
    hook.release()
    holder.wait().expect(0)
    assert len(kept.names()) == 2


@pytest.mark.trap(15)
def test_a_holder_that_was_killed_blocks_nobody(both: Scripts, kept: Store) -> None:
    holder, _ = start_until(both, 3, "backup")
    holder.kill()

    both.with_(BACKUP_LOCK_WAIT=3).run("backup").expect(0)

    kept.assert_sound()
    assert len(kept.names()) == 2


@pytest.mark.trap(15)
def test_a_holder_whose_shell_alone_was_killed_blocks_nobody_for_long(
    scripts: Scripts, kept: Store
) -> None:
    holder, hook = start_until(scripts, 3, "backup")
    os.kill(holder.process.pid, signal.SIGKILL)
    holder.process.wait(10)
    hook.release()

    scripts.with_(BACKUP_LOCK_WAIT=20).run("backup").expect(0)

    kept.assert_sound()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_run_that_is_asked_to_stop_stops_and_leaves_the_store_as_it_was(
    number: signal.Signals, scripts: Scripts, kept: Store
) -> None:
    before = kept.snapshot()
    running, _ = start_until(scripts, 3, "backup")
    os.killpg(running.process.pid, number)

    done = running.wait(30)

    assert done.returncode != 0, done.said
    assert kept.snapshot() == before
    scripts.with_(BACKUP_LOCK_WAIT=3).run("backup").expect(0)


def test_a_restore_waits_for_a_backup_and_a_backup_for_a_restore(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    restorer = scripts.with_(server=target)
    for first, second in ((scripts, restorer), (restorer, scripts)):
        script = {id(scripts): "backup", id(restorer): "restore"}
        holder, hook = start_until(first, 3, script[id(first)])
        second.with_(BACKUP_LOCK_WAIT=1).run(script[id(second)]).expect(75)
        hook.release()
        holder.wait().expect(0)
        target.reset()
    kept.assert_sound()


def test_a_backup_during_a_restore_waits_and_then_saves_the_restored_state(
    target: Server, scripts: Scripts, kept: Store
) -> None:
    restore, hook = start_until(scripts.with_(server=target), 4, "restore")
    backup = scripts.with_(server=target, BACKUP_LOCK_WAIT=60).start("backup")
    hook.release()
    restore.wait().expect(0)
    name = backup.wait().expect(0).stdout.strip()

    (table,) = kept.database(AUTH, name)["tables"]
    assert table["rows"] == USERS


def test_two_restores_at_once_do_not_mix(target: Server, scripts: Scripts, kept: Store) -> None:
    runs: list[Running] = [scripts.with_(server=target).start("restore") for _ in range(2)]

    statuses = sorted(run.wait().returncode for run in runs)

    assert statuses == [0, 78], "the later one finds databases that are not empty"
    assert count(target, AUTH, "users") == USERS
    assert len(kept.names()) == 1


@pytest.mark.trap(40)
@pytest.mark.long
def test_writers_during_the_dump_do_not_make_the_set_disagree_with_itself(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql(users_sql(10).replace("users", "busy"), AUTH)
    filled.sql(
        "create procedure churn() language plpgsql as $$ declare i int := 0; begin"
        " loop i := i + 1;"
        " insert into busy (name, joined) values ('w', now());"
        " delete from busy where id < i - 50; commit; end loop; end $$",
        AUTH,
    )
    writer = Running(
        [filled.binaries / "psql", "-Xq", "-d", AUTH, "-c", "call churn()"],
        {**filled.environment(), **filled.client()},
        scripts.box,
    )
    try:
        names = [scripts.backup() for _ in range(3)]
        assert writer.process.poll() is None, "it wrote all the time"
    finally:
        # The server would go on without its client: nothing is ever sent to that.
        ended = (
            "select pg_terminate_backend(pid) from pg_stat_activity where query = 'call churn()'"
        )
        filled.sql(ended)
        writer.kill()

    scripts.verify("--pending").expect(0)

    assert store.link("latest-verified") == names[-1]
    assert store.failed() == []


@pytest.mark.trap(37)
def test_a_backup_waits_for_a_server_that_starts_and_leaves_the_store_free_meanwhile(
    lone: Server, scripts: Scripts, store: Store
) -> None:
    lone.stop()
    waiting = scripts.with_(server=lone, BACKUP_SERVER_WAIT=60).start("backup")
    wait_for("the wait", lambda: "waiting for the server" in waiting.errors(), 30)

    other = scripts.with_(BACKUP_LOCK_WAIT=1).backup()
    lone.start()
    late = waiting.wait().expect(0).stdout.strip()

    assert store.names() == [other, late]
