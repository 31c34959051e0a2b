"""What is wrong with the machine is never held against a set: memory, files, sessions, servers that go."""

import os
import signal
from pathlib import Path

import pytest

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
    "psql while it restores": (
        "psql",
        '[[ "$PGDATABASE" != brewget_* || "$*" == *" -"[cf]" "* ]] || kill -9 $$',
    ),
    "zstd at once": ("zstd", '[[ "$*" != *brewget_auth* ]] || kill -9 $$'),
    "zstd half-way": (
        "zstd",
        f'[[ "$*" != *brewget_auth* ]] || {{ {REAL % "zstd"} | head -c 40000; kill -9 $$; }}',
    ),
    "sha256sum": ("sha256sum", '[[ "$*" != "-c "* ]] || kill -9 $$'),
    "sha256sum is no more to be started": ("sha256sum", '[[ "$*" != "-c "* ]] || exit 126'),
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
    "psql": (
        "ERROR:  could not open a file: Too many open files",
        "ERROR:  could not write to file: Read-only file system",
        "ERROR:  could not read block 1: Input/output error",
        "FATAL:  the database system is in recovery mode",
    ),
    "zstd": ("zstd: error 11 : Allocation error : not enough memory",),
}


def faulty(scripts: Scripts, program: str, fault: str) -> Scripts:
    """Return the scripts with a program that has this fault."""
    body = f"{fault}\nexec env {REAL % program}"
    shims = shim(scripts.box.directory("shims"), program, body)
    return scripts.with_(path=f"{shims}:{scripts.path}")


def assert_nobody_is_blamed(scripts: Scripts, kept: Store, binaries: Path) -> None:
    """Neither a drill nor a start judges, and the set stays what it was."""
    (name,) = kept.names()
    before = kept.snapshot()
    scripts.verify(name).expect(69)
    pod = Pod.make(scripts, binaries)
    pod.prepare().expect(69)
    assert not pod.data.exists()
    assert kept.snapshot() == before


@pytest.mark.parametrize("case", ENDS)
def test_a_program_that_is_killed_has_found_out_nothing(
    case: str, both: Scripts, kept: Store, binaries: Path
) -> None:
    assert_nobody_is_blamed(faulty(both, *ENDS[case]), kept, binaries)


@pytest.mark.parametrize(
    ("program", "text"), [(program, text) for program in SAYS for text in SAYS[program]]
)
def test_a_message_about_the_machine_is_no_finding(
    program: str, text: str, scripts: Scripts, kept: Store, binaries: Path
) -> None:
    when = {
        "psql": '"$PGDATABASE" == brewget_* && "$*" != *" -"[cf]" "*',
        "zstd": '"$*" == *brewget_auth*',
    }
    fault = f"[[ ! ({when[program]}) ]] || {{ cat >/dev/null; echo '{text}' >&2; exit 3; }}"
    if program == "zstd":
        fault = fault.replace("cat >/dev/null; ", "")
    assert_nobody_is_blamed(faulty(scripts, program, fault), kept, binaries)


def test_a_server_that_crashes_in_a_drill_or_a_start_blames_nobody(
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


def test_damaged_roles_are_the_sets_fault(scripts: Scripts, kept: Store) -> None:
    roles = kept.newest() / "globals.sql.zst"
    roles.write_bytes(roles.read_bytes()[:-20])
    refresh_sums(kept.newest())

    scripts.verify(kept.names()[0]).expect(65)

    assert kept.names() == []


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
