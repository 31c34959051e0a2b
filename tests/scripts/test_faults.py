"""Kill -9 at every step and at any time: the old state or the new one, never a third."""

import random
import signal

import pytest

from tests.lib.choice import TURNS, steps_of
from tests.lib.content import AUTH, SETTINGS, USERS, count, users_sql
from tests.lib.hooks import count_steps, kill_at, start_until
from tests.lib.postgres import Server
from tests.lib.scripts import Scripts
from tests.lib.store import ASIDE, Store
from tests.lib.waiting import wait_for

SEED = 20261122
RANDOM_KILLS = 8

pytestmark = pytest.mark.usefixtures("filled")


@pytest.mark.trap(3)
def test_a_backup_killed_at_any_step_leaves_the_old_state_or_the_new(
    both: Scripts, kept: Store
) -> None:
    steps = count_steps(both, "backup")
    for number in range(1, len(steps) + 1):
        before = kept.names()
        done = kill_at(both, number, "backup")
        kept.assert_sound()
        assert len(kept.names()) in {len(before), len(before) + 1}, steps[number - 1]
        assert set(before) <= set(kept.names()), f"lost a set at {steps[number - 1]}"
        assert done.returncode == -signal.SIGKILL, done.said
    name = both.with_(BACKUP_LOCK_WAIT=30).backup()
    assert kept.link("latest") == name == kept.names()[-1]
    kept.assert_sound()


@pytest.mark.parametrize("turn", TURNS)
def test_retention_killed_at_any_step_loses_no_set_that_the_rules_protect(
    turn: int, scripts: Scripts, kept: Store
) -> None:
    (golden,) = kept.names()
    keeping = scripts.with_(BACKUP_KEEP=2)

    def refill() -> list[str]:
        for day in range(1, 5):
            if f"backup_2020010{day}_000000" not in kept.names():
                kept.copy_set(golden, f"backup_2020010{day}_000000")
        return kept.names()

    refill()
    steps = count_steps(keeping, "backup")
    assert len(kept.names()) < 6, "retention had something to do"
    for number in steps_of(turn, len(steps)):
        before = refill()
        newest = [x for x in before if (kept.root / x / "verified.json").exists()][-2:]
        kill_at(keeping, number, "backup")
        kept.assert_sound()
        assert set(newest) <= set(kept.names()), f"at {steps[number - 1]}"
    keeping.backup()
    kept.assert_sound()
    assert len([x for x in kept.names() if (kept.root / x / "verified.json").exists()]) == 2


@pytest.mark.parametrize("turn", TURNS)
def test_a_verification_killed_at_any_step_is_no_verdict_or_a_whole_one(
    turn: int, scripts: Scripts, kept: Store
) -> None:
    (name,) = kept.names()
    verification = scripts.with_(VERIFY_SCRATCH=str(scripts.box.directory("scratch")))
    (kept.root / name / "verified.json").unlink()
    steps = count_steps(verification, "verify", name)
    for number in steps_of(turn, len(steps)):  # each over what the one before has left
        (kept.root / name / "verified.json").unlink(missing_ok=True)
        kill_at(verification, number, "verify", name)
        kept.assert_sound()
        assert kept.names() == [name], f"a good set was lost at {steps[number - 1]}"
    (kept.root / name / "verified.json").unlink(missing_ok=True)
    verification.run("verify", name).expect(0)
    kept.assert_sound()


def test_a_bad_set_is_set_aside_even_if_the_first_verification_was_killed_at_any_step(
    scripts: Scripts, kept: Store
) -> None:
    (good,) = kept.names()
    verification = scripts.with_(VERIFY_SCRATCH=str(scripts.box.directory("scratch")))
    number = 0
    while True:
        number += 1
        bad = kept.copy_set(good, f"backup_20991231_0000{number:02}")
        (bad / "verified.json").unlink()
        (bad / "globals.sql.zst").write_bytes(b"not zstd")
        try:
            kill_at(verification, number, "verify", bad.name)
        except AssertionError:
            break  # it ended before it came so far: every step has been swept
        kept_links = (kept.link("latest"), kept.link("latest-verified"))
        verification.run("verify", "--pending")
        assert kept.names() == [good], kept_links
        kept.assert_sound()
    assert number > 1


@pytest.mark.trap(8)
@pytest.mark.trap(38)
@pytest.mark.parametrize("turn", TURNS)
def test_a_restore_killed_at_any_step_can_be_repeated_to_the_whole_content(
    turn: int, target: Server, scripts: Scripts, kept: Store
) -> None:
    restorer = scripts.with_(server=target)
    before = kept.snapshot()
    steps = count_steps(restorer, "restore")
    target.reset()
    whole = {AUTH: USERS, SETTINGS: 100}
    for number in steps_of(turn, len(steps)):  # each over what the one before has left
        kill_at(restorer, number, "restore")
        found = {x: rows_of(target, x) for x in whole}
        assert all(found[x] in {None, whole[x]} for x in whole), f"half at {steps[number - 1]}"
        if any(found.values()):
            restorer.with_(BACKUP_LOCK_WAIT=30).run("restore", "--replace").expect(0)
            assert {x: rows_of(target, x) for x in whole} == whole
            target.reset()
    restorer.with_(BACKUP_LOCK_WAIT=30).run("restore").expect(0)
    assert {x: rows_of(target, x) for x in whole} == whole
    assert kept.snapshot() == before


@pytest.mark.parametrize("turn", TURNS)
def test_a_replace_killed_at_any_step_loses_neither_the_old_nor_the_new(
    turn: int, target: Server, scripts: Scripts, kept: Store
) -> None:
    replacing = scripts.with_(server=target)
    replacing.run("restore").expect(0)
    steps = count_steps(replacing, "restore", "--replace")
    target.sql("create table mine as select 42 as answer", AUTH)
    for number in steps_of(turn, len(steps)):  # each over what the one before has left
        kill_at(replacing, number, "restore", "--replace")
        (holder,) = [x for x in target.databases() if has_table(target, x, "mine")]
        if holder != AUTH:  # it was swapped
            replacing.with_(BACKUP_LOCK_WAIT=30).run("restore", "--replace").expect(0)
            assert rows_of(target, AUTH) == USERS
            (kept_as,) = [x for x in target.databases() if has_table(target, x, "mine")]
            assert kept_as == holder
            target.sql("create table mine as select 42 as answer", AUTH)
            target.sql(f'drop database "{holder}"')
    replacing.with_(BACKUP_LOCK_WAIT=30).run("restore", "--replace").expect(0)
    assert rows_of(target, AUTH) == USERS
    assert any(has_table(target, x, "mine") for x in target.databases())
    kept.assert_sound()


def rows_of(server: Server, database: str) -> int | None:
    """Return the rows of the application's table, None where there is no such database or table."""
    table = {AUTH: "users", SETTINGS: "settings"}[database]
    if database not in server.databases() or not has_table(server, database, table):
        return None
    return count(server, database, table)


def has_table(server: Server, database: str, table: str) -> bool:
    """Tell whether a database has this table."""
    return server.sql(f"select to_regclass('public.{table}') is not null", database) == "t"


@pytest.mark.long
def test_a_backup_killed_at_random_times_leaves_the_old_state_or_the_new(
    scripts: Scripts, kept: Store
) -> None:
    chance = random.Random(SEED)
    for _ in range(RANDOM_KILLS):
        before = kept.names()
        running = scripts.start("backup")
        delay = chance.uniform(0.05, 2.0)
        try:
            running.process.wait(delay)
        except Exception:  # noqa: BLE001 - it still runs, which is what we want
            running.kill()
        kept.assert_sound()
        assert set(before) <= set(kept.names())
    scripts.with_(BACKUP_LOCK_WAIT=30).backup()
    assert not list(kept.root.glob(ASIDE))


# staging, the first database's dump, its read-back: later the server is no longer needed.
@pytest.mark.parametrize("step", [2, 4, 5])
def test_a_server_that_dies_in_mid_dump_gives_no_set(
    step: int, lone: Server, scripts: Scripts, kept: Store
) -> None:
    lone.sql("create database big")
    lone.sql(users_sql(20000), "big")
    before = kept.snapshot()
    running, hook = start_until(scripts.with_(server=lone), step, "backup")
    lone.signal(signal.SIGKILL)
    hook.release()

    done = running.wait()

    assert done.returncode == 69, done.said
    assert done.stdout == ""
    assert kept.snapshot() == before


def test_a_server_that_dies_while_pg_dump_reads_gives_no_set(
    lone: Server, scripts: Scripts, kept: Store
) -> None:
    lone.sql("create database big")
    lone.sql(users_sql(200000), "big")
    before = kept.snapshot()
    running = scripts.with_(server=lone).start("backup")
    reading = "select count(*) from pg_stat_activity where query like 'COPY%'"
    wait_for("pg_dump's COPY", lambda: lone.sql(reading) != "0", 60, every=0.01)
    lone.signal(signal.SIGKILL)

    done = running.wait().expect(69)

    assert done.stdout == ""
    assert kept.snapshot() == before
