"""What goes on beside pg_dump, and what changes while it runs."""

import fcntl
import socket
import time

import pytest

from tests.lib.content import AUTH, DATABASES, SETTINGS
from tests.lib.hooks import count_steps, start_until
from tests.lib.postgres import Server
from tests.lib.scripts import Running, Scripts
from tests.lib.store import Store
from tests.lib.toolbox import shim
from tests.lib.waiting import wait_for

pytestmark = pytest.mark.usefixtures("filled")

STARTED = 30.0
"""Until a backup holds its locks, in seconds."""
LATE = 4
"""Seconds by which a pg_dump is late: an ALTER comes before it."""
REAL = 'exec env PATH="${PATH#*:}" pg_dump "$@"'
MANY_SETS = 40
"""Looked through beside the dump: longer than a pg_dump that fails at once."""


def is_locked(store: Store) -> bool:
    """Whether anybody holds the store's lock."""
    with (store.root / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def wait_for_locks(server: Server, script: Running) -> None:
    """Wait until it holds the locks of its dump."""
    asks = "select count(*) from pg_locks where relation = 'users'::regclass and granted"

    def look() -> bool:
        assert script.process.poll() is None, script.errors()
        return server.sql(asks, AUTH) != "0"

    wait_for("the dump's locks", look, STARTED, every=0.05)


@pytest.mark.trap(46)
def test_an_alter_that_comes_between_our_sessions_stops_nobody_for_long(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    """It waits for the locks of the one, the other waits behind it, and all readers behind both."""
    late = shim(scripts.box.directory("shim") / "bin", "pg_dump", f"sleep {LATE}; {REAL}")
    backup = scripts.with_(path=f"{late}:{scripts.path}", BACKUP_DATABASES=AUTH).start("backup")
    wait_for_locks(filled, backup)
    began = time.monotonic()

    filled.sql("alter table users add column late int", AUTH)

    assert time.monotonic() - began < LATE + 20
    done = backup.wait().expect(0)
    assert "once more" in done.stderr
    assert "public.users" in done.stderr, "what somebody wanted for himself alone"
    assert store.names() == [done.stdout.strip()]
    scripts.verify(done.stdout.strip()).expect(0)


@pytest.mark.parametrize("hashes", ["rows", "full"])
def test_when_the_dump_fails_nothing_of_the_run_goes_on(
    hashes: str, filled: Server, both: Scripts, kept: Store
) -> None:
    filled.sql("create table more as select generate_series(1, 3000000) as n", AUTH)
    (golden,) = kept.names()
    for number in range(MANY_SETS):
        kept.copy_set(golden, f"backup_20200101_0000{number:02}")
    directory = shim(both.box.directory("shim") / "bin", "pg_dump", "echo no >&2; exit 1")
    failing = both.with_(path=f"{directory}:{both.path}", BACKUP_HASHES=hashes)

    done = failing.run("backup").expect(69)

    assert not is_locked(kept), "a helper outlived the run and holds its lock"
    assert "does not count" not in done.stderr, "sound sets, read while they were let go"
    assert "BACKUP_DATABASES" not in done.stderr
    assert done.stderr.count("error:") == 1


def test_a_role_dropped_during_the_dump_does_not_make_the_set_bad(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql(f"create role leaving; grant connect on database {SETTINGS} to leaving")
    filled.sql(f"alter role leaving in database {SETTINGS} set work_mem = '5MB'")
    running, hook = start_until(scripts.with_(BACKUP_DATABASES=SETTINGS), "dumped", "backup")
    filled.sql(f"revoke all on database {SETTINGS} from leaving; drop role leaving")
    hook.release()

    name = running.wait().expect(0).stdout.strip()

    settings = store.database(SETTINGS, name)["settings"]
    assert any("leaving" in line for line in settings), settings
    assert not any("unknown" in line for line in settings), settings
    scripts.verify(name).expect(0)


def test_a_verified_set_taken_away_by_hand_is_not_counted(scripts: Scripts, kept: Store) -> None:
    (golden,) = kept.names()
    kept.copy_set(golden, "backup_20200101_000000")
    keeping = scripts.with_(BACKUP_KEEP=1)
    running, hook = start_until(keeping, "manifest", "backup")
    (kept.root / golden).rename(scripts.box.directory("elsewhere") / golden)
    hook.release()

    new = running.wait().expect(0).stdout.strip()

    assert kept.names() == ["backup_20200101_000000", new]


def test_a_set_without_any_database_is_flagged(
    filled: Server, scripts: Scripts, kept: Store
) -> None:
    for name in DATABASES:
        filled.sql(f"alter database {name} allow_connections false")
    try:
        new = scripts.with_(BACKUP_DATABASES="\n".join(DATABASES)).backup()
    finally:
        for name in DATABASES:
            filled.sql(f"alter database {name} allow_connections true")

    assert "more than half of the rows (0 of" in kept.manifest(new)["flagged"]


@pytest.mark.parametrize("step", ["globals", "dumped"])
def test_a_database_that_is_dropped_meanwhile_does_not_end_the_sets_of_the_others(
    step: str, filled: Server, scripts: Scripts, store: Store
) -> None:
    """A test runner's: there when the list was made, gone when it should be dumped, or was."""
    first = count_steps(scripts, "backup").index(step) + 1
    filled.sql("create database aa_test_42")
    running, hook = start_until(scripts, first, "backup")
    filled.sql("drop database aa_test_42 with (force)")
    hook.release()

    done = running.wait().expect(0)

    assert not list((store.root / done.stdout.strip()).glob("aa_test_42*"))

    assert set(DATABASES) <= {x["name"] for x in store.manifest()["databases"]}
    assert store.manifest()["skipped"] == [
        {"name": "aa_test_42", "why": "was dropped or renamed meanwhile"}
    ]
    assert 'skipped "aa_test_42"' in done.stderr


def test_a_database_that_refuses_us_is_not_taken_for_a_dropped_one(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    filled.sql("create database zz_closed")
    running, hook = start_until(scripts, "globals", "backup")
    filled.sql("alter database zz_closed allow_connections false")
    hook.release()

    done = running.wait().expect(69)

    assert "cannot take a snapshot of zz_closed" in done.stderr
    assert store.names() == []


def test_links_stay_when_the_sets_cannot_be_listed(scripts: Scripts, kept: Store) -> None:
    links = (kept.link("latest"), kept.link("latest-verified"))
    lines = "sets_list() { return 1; }; store_require; store_lock; sets_refresh_links"

    done = scripts.functions("list", lines)

    assert done.returncode != 0
    assert (kept.link("latest"), kept.link("latest-verified")) == links


def test_a_server_that_accepts_and_never_answers_is_given_up_in_time(
    bare: Scripts, store: Store
) -> None:
    home = bare.box.directory("mute")
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(home / ".s.PGSQL.5432"))
        mute.listen()
        (home / ".s.PGSQL.5432").chmod(0o777)
        waiting = bare.with_(
            also={"PGHOST": str(home), "PGUSER": "postgres", "PGCONNECT_TIMEOUT": "2"},
            BACKUP_SERVER_WAIT=4,
        )

        done = waiting.run("backup").expect(69)

    assert time.monotonic() - began < 25
    assert "cannot work with the server" in done.stderr
    assert store.names() == []
