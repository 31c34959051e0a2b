"""What is wrong with the machine is never held against a set: memory, files, sessions, servers that go."""

import os
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH, create
from tests.lib.hooks import start_until
from tests.lib.pod import Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import processes_below
from tests.lib.scripts import Scripts
from tests.lib.store import Store, refresh_sums
from tests.lib.toolbox import shim

pytestmark = pytest.mark.usefixtures("filled")

OLDER = "backup_20200101_000000"
REAL = 'PATH="${PATH#*:}" %s "$@"'
ENDS = {
    "pg_restore": ("pg_restore", '[[ "$*" == *--list* ]] || kill -9 $$'),
    "pg_restore half-way": (
        "pg_restore",
        f'[[ "$*" == *--list* ]] || {{ {REAL % "pg_restore"} | head -c 40000; kill -9 $$; }}',
    ),
    "psql while it compares": ("psql", '[[ "$*" != *contents.sql* ]] || kill -9 $$'),
    "psql at the objects": ("psql", '[[ "$*" != *objects.sql* ]] || kill -9 $$'),
    "zstd at once": ("zstd", '[[ "$*" != *brewget_auth* ]] || kill -9 $$'),
    "zstd half-way": (
        "zstd",
        f'[[ "$*" != *brewget_auth* ]] || {{ {REAL % "zstd"} | head -c 400; kill -9 $$; }}',
    ),
    # Not sha256sum itself: busybox' xargs runs its own.
    "xargs at the sums": ("xargs", '[[ "$*" != *sha256sum* ]] || kill -9 $$'),
    "xargs, as sha256sum was killed": ("xargs", '[[ "$*" != *sha256sum* ]] || exit 125'),
    "awk at the manifest": ("awk", '[[ "$*" != */manifest.json ]] || kill -9 $$'),
    "awk at the manifest, for memory": (
        "awk",
        '[[ "$*" != */manifest.json ]] || { echo "awk: out of memory" >&2; exit 1; }',
    ),
    "awk half-way": (
        "awk",
        f'[[ "$*" != *"(tables|sequences"* ]] || {{ {REAL % "awk"} | head -n 30; kill -9 $$; }}',
    ),
    "awk at the sums": ("awk", '[[ "$*" != */SHA256SUMS ]] || kill -9 $$'),
}
"""A program, and what makes it end as where memory is short."""

SAYS = {
    "ERROR:  53000: could not open a file: Too many open files": 69,
    "ERROR:  53100: could not extend file: No space left on device": 73,
    "ERROR:  53200: out of memory": 69,
    "FATAL:  57P03: the database system is in recovery mode": 69,
    "FATAL:  57P01: terminating connection due to administrator command": 69,
    "ERROR:  58030: could not read block 1: I/O error": 69,
    "ERROR:  XX001: invalid page in block 1": 78,
}
"""What a server says of rows, and what a run then ends with. The last speaks of rows, not of the machine."""


def faulty(scripts: Scripts, program: str, fault: str) -> Scripts:
    """Return the scripts with a program that has this fault."""
    body = f"{fault}\nexec env {REAL % program}"
    shims = shim(scripts.box.directory("shims"), program, body)
    return scripts.with_(path=f"{shims}:{scripts.path}")


def assert_nobody_is_blamed(
    scripts: Scripts, kept: Store, binaries: Path, status: int = 69, said: str = ""
) -> None:
    """Neither a verification nor a start judges, and the set stays what it was."""
    (name,) = kept.names()
    before = kept.snapshot()
    assert said in scripts.verify(name).expect(status).stderr
    pod = Pod.make(scripts, binaries)
    assert said in pod.prepare().expect(status).stderr
    assert not pod.data.exists()
    assert kept.snapshot() == before


@pytest.mark.trap(31)
@pytest.mark.trap(39)
@pytest.mark.parametrize("case", some(ENDS))
def test_a_program_that_is_killed_has_found_out_nothing(
    case: str, both: Scripts, kept: Store, binaries: Path
) -> None:
    assert_nobody_is_blamed(faulty(both, *ENDS[case]), kept, binaries)


@pytest.mark.trap(56)
@pytest.mark.trap(31)
@pytest.mark.parametrize("text", some(SAYS))
def test_what_the_server_says_of_the_machine_is_told_by_its_code(
    text: str, scripts: Scripts, kept: Store, binaries: Path
) -> None:
    refused = f"cat >/dev/null; echo '{text}' >&2; exit 1"
    rows_are_refused = """[[ "$*" != *--section=data* ]] ||
        { echo 'pg_restore: warning: errors ignored on restore: 1' >&2; exit 1; }"""
    runner = faulty(scripts, "pg_restore", rows_are_refused)
    runner = faulty(runner, "psql", f'[[ "$*" != *"COPY public."* ]] || {{ {refused}; }}')

    assert_nobody_is_blamed(runner, kept, binaries, SAYS[text], text.rpartition(": ")[2])


def test_a_server_that_crashes_in_a_verification_or_a_start_blames_nobody(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    """It would come up again by itself, without what was not on disk yet."""
    (name,) = kept.names()
    before = kept.snapshot()
    scratch = scripts.box.directory("scratch")
    pod = Pod.make(scripts, binaries)
    for directory, runner, words in (
        (scratch, scripts.with_(VERIFY_SCRATCH=str(scratch)), ("verify", name)),
        (pod.volume, pod.in_image(), ("prepare-data",)),
    ):
        running, hook = start_until(runner, "loaded", *words)
        (writer,) = [x for x in processes_below(directory) if "walwriter" in command(x)]
        os.kill(writer, signal.SIGKILL)
        hook.release()

        running.wait().expect(69)

    assert kept.snapshot() == before
    assert not pod.data.exists()


def command(process: int) -> str:
    """Its command line; empty once it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except FileNotFoundError:
        return ""


@pytest.mark.trap(4)
def test_retention_removes_nothing_whose_verdict_cannot_be_read(both: Scripts, kept: Store) -> None:
    (name,) = kept.names()
    verdict = kept.copy_set(name, OLDER) / "verified.json"
    verdict.write_text(verdict.read_text().replace(name, OLDER))
    before = kept.snapshot()
    fault = f'[[ "$*" != */{OLDER}/verified.json ]] || {{ echo "awk: out of memory" >&2; exit 1; }}'

    done = faulty(both, "awk", fault).run("backup")

    assert done.returncode == 69, done.said
    assert kept.snapshot() == before


def test_sums_that_cannot_be_opened_are_not_missing(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    (kept.newest() / "SHA256SUMS").chmod(0)

    assert_nobody_is_blamed(scripts, kept, binaries)


def test_roles_that_cannot_be_unpacked_are_named(scripts: Scripts, kept: Store) -> None:
    (name,) = kept.names()
    roles = kept.newest() / "globals.sql.zst"
    roles.write_bytes(roles.read_bytes()[:-20])
    refresh_sums(kept.newest())
    (kept.newest() / "verified.json").unlink()

    done = scripts.verify(name).expect(69)

    assert kept.names() == [name]
    assert "globals.sql.zst" in done.stderr
    assert "globals.sql.zst" in (kept.root / name / "unverified.json").read_text()


@pytest.mark.usefixtures("kept")
def test_a_database_that_cannot_be_looked_into_is_not_dropped(
    target: Server, scripts: Scripts
) -> None:
    """It was empty when the restore began; whether it still is nobody can tell."""
    create(target, AUTH, password="in force")
    fault = '[[ "$*" != *name=brewget_drop_* ]] || { echo "FATAL:  too many clients" >&2; exit 2; }'
    runner = faulty(scripts.with_(server=target), "psql", fault)
    restore, hook = start_until(runner, "roles", "restore", "--database", AUTH)
    target.sql("create table first_user as select 1 as n", AUTH)
    hook.release()

    done = restore.wait().expect(0)

    (left,) = [x for x in target.databases() if x.startswith("brewget_drop_")]
    assert target.sql("select n from first_user", left) == "1"
    assert "brewget_drop_" in done.stderr


def test_an_empty_password_file_stops_a_start_before_any_password_is_changed(
    scripts: Scripts, binaries: Path
) -> None:
    pod = Pod.make(scripts, binaries)
    pod.prepare().expect(0)
    pod.passwords = dict.fromkeys(pod.passwords, "new") | {AUTH: ""}

    done = pod.prepare()

    assert done.returncode == 69, done.said
    assert f"roles/{AUTH} is empty" in done.stderr


@pytest.mark.trap(18)
@pytest.mark.trap(19)
@pytest.mark.parametrize(("mode", "status"), [(None, 65), (0, 69)])
def test_a_set_without_a_manifest_is_no_reason_for_a_fresh_start(
    mode: int | None, status: int, scripts: Scripts, kept: Store, binaries: Path
) -> None:
    if mode is None:
        (kept.newest() / "manifest.json").unlink()
    else:
        kept.newest().chmod(mode)
    pod = Pod.make(scripts, binaries)

    pod.prepare().expect(status)

    assert not pod.data.exists()


def test_a_manifest_that_cannot_be_opened_is_not_missing(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    (kept.newest() / "manifest.json").chmod(0)

    assert_nobody_is_blamed(scripts, kept, binaries)


def test_a_newer_set_without_a_manifest_is_named_by_the_start_that_passes_it_over(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    lost = kept.copy_set(kept.names()[0], "backup_20991231_000000")
    (lost / "manifest.json").unlink()
    pod = Pod.make(scripts, binaries)

    pod.prepare().expect(0)

    assert lost.name in pod.started


@pytest.mark.trap(39)
@pytest.mark.parametrize("state", ["missing", "empty"])
@pytest.mark.parametrize("text", ["sql/database_settings.sql", "sql/contents.sql", "awk/tidy.awk"])
@pytest.mark.usefixtures("filled")
def test_a_backup_that_does_not_know_what_to_ask_is_not_published(
    text: str, state: str, scripts: Scripts, kept: Store
) -> None:
    """An empty question has an empty answer: no settings, no rows, no sequences."""
    damaged = scripts.box.directory("damaged") / "scripts"
    shutil.copytree(scripts.directory, damaged)
    (damaged / text).unlink()
    if state == "empty":
        (damaged / text).touch()
    before = kept.snapshot()

    done = replace(scripts, directory=damaged).run("backup").expect(70)

    assert f"cannot read {damaged / text}" in done.stderr
    assert kept.snapshot() == before


def test_a_list_of_sequences_that_cannot_be_read_is_not_empty(
    scripts: Scripts, kept: Store
) -> None:
    before = kept.snapshot()
    limited = scripts.with_(BACKUP_DATABASES=AUTH)
    home = scripts.box.base / "home"
    killed = set(home.glob("brewget.*/sequence.keys"))  # of runs that were killed
    running, hook = start_until(limited, "dumped", "backup")
    (keys,) = set(home.glob("brewget.*/sequence.keys")) - killed
    keys.chmod(0)
    hook.release()

    assert running.wait().returncode == 73
    assert kept.snapshot() == before


def test_rows_that_the_server_cannot_read_are_named(
    filled: Server, scripts: Scripts, store: Store
) -> None:
    """With two workers the leader says that one of them died, whatever the reason."""
    runner = scripts.with_(BACKUP_FORMAT="directory", BACKUP_COMPRESSION="none", BACKUP_JOBS=2)
    name = runner.with_(BACKUP_DATABASES=AUTH).backup()
    (rows,) = (store.newest() / AUTH).glob("[0-9]*.dat")
    rows.write_text("no rows\n" + rows.read_text())
    refresh_sums(store.newest())

    done = runner.verify(name).expect(78)

    assert 'table "public"."users": saved 4000, restored 0' in done.stderr
    assert "the server refused TABLE DATA public users" in done.stderr
    assert 'invalid input syntax for type integer: "no rows"' in done.stderr
    assert store.names() == [name]


@pytest.mark.usefixtures("kept")
def test_a_session_lost_after_the_swap_is_a_restore(target: Server, scripts: Scripts) -> None:
    create(target, AUTH, "create table mine as select 1 as n")
    fault = f'[[ "$*" != *swap.sql* ]] || {{ {REAL % "psql"}; kill -9 $$; }}'
    runner = faulty(scripts.with_(server=target), "psql", fault)

    done = runner.run("restore", "--replace", "--database", AUTH).expect(0)

    assert f"restored {AUTH}" in done.stdout
    assert target.sql("select count(*) from users", AUTH) != "0"
    assert [x for x in target.databases() if x.startswith(f"{AUTH}_replaced_")]


def test_sets_set_aside_by_an_earlier_run_are_named_by_the_start_that_passes_them_over(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    newest = kept.copy_set(kept.names()[0], "backup_20991231_000000")
    newest.rename(kept.root / "failed" / newest.name)
    pod = Pod.make(scripts, binaries)

    pod.prepare().expect(0)

    assert newest.name in pod.started


def test_a_set_that_only_its_link_remembers_is_no_reason_for_a_fresh_start(
    scripts: Scripts, kept: Store, binaries: Path
) -> None:
    shutil.rmtree(kept.newest())

    Pod.make(scripts, binaries).prepare().expect(65)
