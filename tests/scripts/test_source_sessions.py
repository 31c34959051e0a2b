"""The sessions of a backup: no lock of theirs stops an application, and they end with us."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lib.content import create, password_of
from tests.lib.postgres import Server
from tests.lib.sandbox import processes_below
from tests.lib.scripts import Running, Scripts
from tests.lib.store import Store
from tests.lib.toolbox import shim
from tests.lib.waiting import wait_for

QUEUE_WAIT = 5
"""Seconds that a backup, with locks of its own, waits for one more (lib/dump.bash)."""
SLACK = 3
HELD = 14
"""Seconds that somebody has a table for himself."""
ENDED = 30
"""Seconds until a server has noticed that its client is gone."""
ASLEEP = "create function slow(int) returns int immutable language plpgsql as $$ begin perform pg_sleep(%s); return $1; end $$"
"""For an index: the planner computes what is constant, so whoever counts the rows waits."""


def client(server: Server, text: str, database: str) -> Running:
    """A session of an application."""
    words = [server.binaries / "psql", "-Xq", "-d", database, "-c", text]
    return Running(words, {**server.environment(), **server.client()}, server.box)


@contextmanager
def reading(server: Server, table: str, database: str) -> Iterator[list[float]]:
    """An application that reads all the time; how long it waited for each answer."""
    ended, waited = threading.Event(), [0.0]

    def read() -> None:
        while not ended.is_set():
            began = time.monotonic()
            server.sql(f"select count(*) from {table}", database)
            waited.append(time.monotonic() - began)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield waited
    finally:
        ended.set()
        thread.join()


@pytest.mark.trap(46)
def test_a_backup_that_waits_for_one_table_keeps_nobody_from_the_others(
    source: Server, scripts: Scripts, store: Store
) -> None:
    """An ALTER waits for its locks, and all who want to read that table wait for the ALTER."""
    create(source, "app", "create table users as select 1 as id; create table zz as select 1 as id")
    holder = client(source, f"begin; lock table zz; select pg_sleep({HELD}); commit", "app")
    locked = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = 'zz'::regclass"
    wait_for("the exclusive lock", lambda: source.sql(locked, "app") == "1", 10, every=0.05)
    backup = scripts.start("backup")
    waits = "select count(*) from pg_stat_activity where application_name = 'backup.sh' and wait_event_type = 'Lock'"
    wait_for("the backup at that lock", lambda: source.sql(waits) == "1", 20, every=0.05)

    with reading(source, "users", "app") as waited:
        alter = client(source, "alter table users add column late int", "app")
        done = backup.wait().expect(0)

    alter.wait().expect(0)
    holder.wait().expect(0)
    assert max(waited) < QUEUE_WAIT + SLACK
    assert "public.zz (process" in done.stderr, "what others have, and who"
    scripts.verify(done.stdout.strip()).expect(0)
    assert store.names() == [done.stdout.strip()]


@pytest.mark.long
def test_two_alters_one_after_the_other_end_the_backup_with_the_name_of_their_table(
    source: Server, scripts: Scripts, store: Store
) -> None:
    create(source, "app", "create table users as select 1 as id")
    late = shim(
        scripts.box.directory("shim") / "bin",
        "pg_dump",
        'sleep 1; exec env PATH="${PATH#*:}" pg_dump "$@"',
    )
    backup = scripts.with_(
        path=f"{late}:{scripts.path}", BACKUP_DATABASES="app", BACKUP_FORMAT="directory"
    ).start("backup")
    holds = "select count(*) from pg_locks where relation = 'users'::regclass and granted and mode = 'AccessShareLock'"
    try:
        for column in ("one", "two"):
            wait_for("the backup's lock", lambda: source.sql(holds, "app") == "1", 20, every=0.02)
            with reading(source, "users", "app") as waited:
                client(source, f"alter table users add column {column} int", "app").wait().expect(0)
            assert max(waited) < QUEUE_WAIT + SLACK
    finally:
        done = backup.wait()

    done.expect(69)
    assert (
        "cannot dump app, of which others have or want for themselves alone: public.users (process"
        in done.stderr
    )
    assert "backup.skip" in done.stderr
    assert store.names() == []


@pytest.fixture
def slow(source: Server) -> Server:
    """A server with a table that takes a minute to be counted."""
    create(
        source,
        "app",
        ASLEEP % 0
        + "; create table t as select 1 as n; create index late on t (n) where n > slow(0)",
    )
    source.sql("create or replace " + (ASLEEP % 61.7).removeprefix("create "), "app")
    return source


SESSIONS = "select count(*) from pg_stat_activity where application_name in ('backup.sh', 'pg_dump') and datname = 'app'"


def asking(server: Server) -> int:
    """How many ends of connections to it have the timer of keepalives running, for 20 seconds at most."""
    found = 0
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, here, there, state, _, timer, *_ = line.split()
        if server.port in {int(x.split(":")[1], 16) for x in (here, there)} and state == "01":
            number, when = timer.split(":")
            found += number == "02" and int(when, 16) <= 20 * os.sysconf("SC_CLK_TCK")
    return found


def test_a_backup_that_is_killed_ends_its_sessions_on_the_server(
    slow: Server, scripts: Scripts, store: Store
) -> None:
    """Its pod, or its network, is gone in the middle of a statement: locks must not stay."""
    far = scripts.with_(PGHOST="127.0.0.1")
    lines = (
        "psql_prepare; psql_run postgres -c 'show tcp_user_timeout' -c 'show tcp_keepalives_count'"
    )
    assert far.functions("backup", lines).stdout.split() == ["50000", "3"]
    backup = far.start("backup")
    wait_for(
        "the long statement",
        lambda: slow.sql(f"{SESSIONS} and query like '%rows_for%'") == "1",
        20,
        every=0.05,
    )
    wait_for("both ends of the connection asking for signs of life", lambda: asking(slow) == 2, 10)

    backup.kill()

    began = time.monotonic()
    wait_for("the end of its sessions", lambda: slow.sql(SESSIONS) == "0", ENDED)
    assert time.monotonic() - began < ENDED


@pytest.mark.parametrize("program", ["pg_dump", "psql", "pg_restore", "sha256sum", "pg_dumpall"])
def test_term_ends_a_backup_within_a_second_with_all_that_it_runs(
    program: str, slow: Server, scripts: Scripts, kept: Store
) -> None:
    """In a pod the signal comes to the script alone, and soon after it KILL to all."""
    before = kept.snapshot()
    if program != "psql":
        slow.sql("drop index late", "app")
    asleep = (
        shim(
            scripts.box.directory("shim") / "bin",
            program,
            ': >"${0%/*}/asleep"; sleep 61.5 | sleep 61.5',
        )
        if program != "psql"
        else None
    )
    path = f"{asleep}:{scripts.path}" if asleep else scripts.path
    backup = scripts.with_(path=path, BACKUP_DATABASES="app").start("backup")
    if asleep:
        asleep.chmod(0o777)
        wait_for("the program", (asleep / "asleep").exists, 20, every=0.05)
    else:
        wait_for(
            "the long statement",
            lambda: slow.sql(f"{SESSIONS} and query like '%rows_for%'") == "1",
            20,
            every=0.05,
        )
        time.sleep(1)  # pg_dump is done by then: it is the contents that are waited for
    began = time.monotonic()

    backup.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    backup.process.send_signal(signal.SIGTERM)
    done = backup.wait(20).expect(143)

    assert time.monotonic() - began < 1.5, done.stderr
    assert kept.snapshot() == before
    assert not [x for x in processes_below(scripts.root) if x != slow.process], (
        "it left something behind"
    )


@pytest.mark.parametrize("free", [2, 0])
def test_a_backup_takes_the_connections_that_there_are(
    free: int, lone: Server, scripts: Scripts, store: Store
) -> None:
    """An application that leaks connections has them all; three are left for the superuser."""
    lone.stop()
    lone.extra = ["-c", "max_connections=8"]
    lone.start()
    create(lone, "app", "create table t as select 1 as n")
    hogs = []
    try:
        for user, word in [("app", password_of("app"))] * 5 + [("postgres", lone.password)] * (
            3 - free
        ):
            words = [
                lone.binaries / "psql",
                "-XqAt",
                "-d",
                "app",
                "-c",
                "select 'in'",
                "-c",
                "select pg_sleep(100)",
            ]
            hogs.append(
                Running(
                    words, {**lone.environment(), **lone.client(user=user, password=word)}, lone.box
                )
            )
            wait_for("a connection", (hogs[-1].output / "out").read_text, 20, every=0.02)
        done = scripts.with_(server=lone, BACKUP_FORMAT="directory", BACKUP_JOBS=4).run("backup")
    finally:
        for hog in hogs:
            hog.kill()

    if free:
        assert "trying once more to dump app" in done.expect(0).stderr
        scripts.verify(done.stdout.strip()).expect(0)
    else:
        done.expect(69)
        assert "max_connections" in done.stderr
        assert store.names() == []
