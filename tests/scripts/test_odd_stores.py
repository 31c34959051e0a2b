"""File systems that answer oddly: mounts of virtual machines, locks that are none, disks that fail at any call."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.lib.choice import some
from tests.lib.hooks import start_until
from tests.lib.mounts import volatile
from tests.lib.postgres import Server
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Done, Scripts
from tests.lib.store import ASIDE, Store, sha256
from tests.lib.toolbox import shim

REAL = 'PATH="${PATH#*:}" exec %s "$@"'

NO_LINKS = 'echo "ln: failed to create symbolic link: Operation not permitted" >&2; exit 1'
NO_DIRECTORY_SYNC = f"""
for each in "$@"; do
	[[ ! -d "$each" ]] || {{ echo "sync: error syncing '$each': Invalid argument" >&2; exit 1; }}
done
{REAL % "sync"}"""
COPIES = 'PATH="${PATH#*:}"; args=("$@"); cp -a -- "${@: -2:2}" && rm -rf -- "${args[-2]}"; exit'
LOCKS = {
    # A bind mount of Docker Desktop on macOS: two at once have the same lock.
    "keep nobody out": "exit 0",
    # Some NFS, FUSE and SMB mounts.
    "has no locks": 'echo "flock: 9: No locks available" >&2; exit 71',
    "has no locks (flock: No": 'echo "flock: No locks available" >&2; exit 1',  # busybox
}

AT_CALL = """
args=("$@")
reach="$* $(readlink "/proc/$$/fd/1" "/proc/$$/fd/${args[*]: -1}")"
[[ "$reach" == *"$BACKUP_ROOT"* ]] || %(real)s
printf x >>"$FAULT_CALLS"
[[ "$(wc -c <"$FAULT_CALLS")" -eq $FAULT_AT ]] || %(real)s
echo "$*" >>"$FAULT_CALLS.hit"
%(fault)s"""

TOO_FULL, DENIED, BROKEN = (
    "No space left on device",
    "Operation not permitted",
    "Input/output error",
)
FAULTS = {
    "mv": [
        COPIES,
        *(
            f"echo \"mv: cannot move '$3' to '$4': {x}\" >&2; exit 1"
            for x in (BROKEN, TOO_FULL, DENIED)
        ),
    ],
    "ln": [f"echo 'ln: failed to create symbolic link: {x}' >&2; exit 1" for x in (DENIED, BROKEN)],
    "sync": [
        f"echo \"sync: error syncing '$2': {x}\" >&2; exit 1"
        for x in (BROKEN, TOO_FULL, "Invalid argument")
    ],
    "mkdir": [
        f"echo \"mkdir: cannot create directory '$2': {x}\" >&2; exit 1" for x in (TOO_FULL, DENIED)
    ],
    "stat": [f"echo \"stat: cannot statx '$4': {BROKEN}\" >&2; exit 1"],
    "flock": ['echo "flock: 9: No locks available" >&2; exit 71'],
    "cat": [f"echo 'cat: write error: {TOO_FULL}' >&2; exit 1"],
    "rm": [f"echo \"rm: cannot remove '$3': {x}\" >&2; exit 1" for x in (BROKEN, DENIED)],
    "tee": [f"cat >/dev/null; echo 'tee: $2: {TOO_FULL}' >&2; exit 1"],
}
"""What the real programs say and end with; the n-th call gets one of them after the other."""

OLD = "backup_20200101_000000"
MOST = 60
"""Calls of one program in one run, at most."""


def faulty(scripts: Scripts, **programs: str) -> Scripts:
    """The scripts with programs that have these bodies."""
    shims = scripts.box.directory("shims") / "bin"
    for program, body in programs.items():
        shim(shims, program, body)
    return scripts.with_(path=f"{shims}:{scripts.path}")


def each_call(
    scripts: Scripts, program: str, *words: str, ends: int = 0, prepare: Callable[[], object] = dict
) -> Iterator[Done]:
    """Run a script until no call is left, each time with a fault at the next one that reaches the store."""
    count = scripts.box.identity.own(scripts.box.directory("count")) / "calls"
    for number in range(1, MOST):
        prepare()
        fault = FAULTS[program][number % len(FAULTS[program])]
        body = AT_CALL % {"real": REAL % program, "fault": fault}
        for file in count.parent.iterdir():
            file.unlink()
        shims = faulty(scripts, **{program: body}).with_(FAULT_AT=number, FAULT_CALLS=str(count))
        done = shims.run(*words)
        if not Path(f"{count}.hit").exists():
            done.expect(ends)
            return
        # Either it went well, or one sentence says why not, with a code that is documented.
        assert done.returncode in {0, 69, 73, 78, ends}, f"call {number}: {done.said}"
        errors = [line for line in done.stderr.splitlines() if "Z error: " in line]
        errors = [x for x in errors if "failed with status 69" not in x]  # where it was noticed
        assert len(errors) == (done.returncode not in {0, ends}) or ends, (
            f"call {number}: {done.said}"
        )
        yield done
    raise AssertionError(f"more than {MOST} calls of {program}")


def assert_whole(store: Store, *names: str) -> None:
    """The sets are there, and whatever is published is whole."""
    assert set(names) <= set(store.names())
    store.assert_sound()


def verify_by_hand(directory: Path) -> Path:
    """Give a set a verdict without the work."""
    said = {"set": directory.name, "result": "good", "sums": sha256(directory / "SHA256SUMS")}
    (directory / "verified.json").write_text(json.dumps(said))
    return directory


@pytest.mark.parametrize("program", some(FAULTS))
def test_a_file_system_that_fails_at_any_call_loses_nothing(
    program: str, source: Server, bare: Scripts
) -> None:
    """Over a store's making, a pin, backups with a set that is to go, and a set that is set aside."""
    store, own = Store(bare.root), bare.box.identity.own
    for done in each_call(bare, program, "init-store"):
        made = (store.root / ".store.json").exists()
        assert made or list(store.root.iterdir()) == [], f"something is left: {done.said}"
        bare.run("init-store").expect(0)
        for path in store.root.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    scripts = bare.with_(server=source, BACKUP_KEEP=1)
    first = scripts.backup()
    for _ in each_call(scripts, program, "pin", first):
        assert_whole(store, first)
        scripts.run("pin", first).expect(0)

    def make(name: str) -> Path:
        shutil.rmtree(store.root / "failed" / name, ignore_errors=True)
        if (store.root / name).exists():
            return store.root / name
        return own(verify_by_hand(store.copy_set(first, name)))

    verify_by_hand(store.newest())
    for done in each_call(scripts, program, "backup", prepare=lambda: make(OLD)):
        assert_whole(store, first)
        assert done.returncode != 0 or done.stdout.strip() in store.names()
    newest = scripts.backup()
    assert (store.link("latest"), store.link("latest-verified")) == (newest, first)
    assert list(store.root.glob(ASIDE)) == [], "all that the others left is gone"
    make(OLD)
    (store.root / first / "pinned.json").unlink()

    def damage() -> None:
        (make(OLD) / "globals.sql.zst").write_bytes(b"cut")

    verifier = scripts.with_(VERIFY_SCRATCH=str(own(scripts.box.directory("scratch"))))
    for done in each_call(verifier, program, "verify", OLD, ends=65, prepare=damage):
        assert {OLD} & {*store.failed(), *store.names()}, f"kept to look at: {done.said}"
        verifier.run("verify", OLD)
        assert store.failed() == [OLD]


def test_a_mount_without_links_flushes_of_directories_and_free_space_is_a_store(
    source: Server, both: Scripts
) -> None:
    """minikube's 9p mounts. Of no blocks is a tmpfs without a limit, the rest are shims."""
    scripts = faulty(both, ln=NO_LINKS, sync=NO_DIRECTORY_SYNC)
    with volatile(both.box, "0") as directory:
        scripts = scripts.with_(server=source, root=directory, BACKUP_ALLOW_VOLATILE=1)
        scripts = scripts.with_(BACKUP_KEEP=1)
        said = scripts.run("init-store").expect(0).stderr
        for lack in ("does not say how much is free", "cannot flush directories", "has no links"):
            assert said.count(lack) == 1
        store, first = Store(directory), scripts.run("backup").expect(0)
        scripts.verify("latest").expect(0)
        second = scripts.backup()
        scripts.verify("latest").expect(0)
        third = scripts.backup()

        assert first.stderr.count("the link latest to") == 1, "a warning once"
        assert "latest-verified" not in first.stderr
        assert store.names() == [second, third], "retention does its work"
        assert scripts.run("pin", "latest").expect(0).stdout == f"{third} pinned\n"
        assert not (directory / "latest").is_symlink()
        bad = store.newest() / "globals.sql.zst"
        bad.write_bytes(b"cut")
        scripts.run("verify", "latest").expect(65)
        assert store.failed() == [third]


@pytest.mark.trap(55)
def test_a_mount_that_copies_where_it_should_rename_is_no_store(both: Scripts) -> None:
    root = both.box.directory("copies")

    done = faulty(both.with_(root=root), mv=COPIES).run("init-store").expect(78)

    assert "was copied where it should have been renamed" in done.stderr
    assert "What a store needs" in done.stderr
    assert list(root.iterdir()) == []


@pytest.mark.parametrize("lack", LOCKS)
def test_a_mount_whose_locks_are_none_is_no_store(
    lack: str, source: Server, both: Scripts, store: Store
) -> None:
    before = store.snapshot()
    without = faulty(both.with_(server=source), flock=LOCKS[lack])
    root = both.box.directory("unlocked")

    made = without.with_(root=root).run("init-store").expect(78)
    taken = without.run("backup", timeout=20).expect(78)

    assert lack in made.stderr
    assert lack in taken.stderr
    assert list(root.iterdir()) == []
    assert store.snapshot() == before


def test_a_planted_link_is_refused_and_not_followed(
    source: Server, both: Scripts, store: Store
) -> None:
    scripts = both.with_(server=source)
    name = scripts.backup()
    elsewhere = both.box.identity.own(both.box.directory("elsewhere"))
    (elsewhere / "mine").write_text("a person's file")
    places = (".lock", ".staging", ".latest.new", ".backup_20200101_000000.new")
    scripts.run("pin", name).expect(0)
    for place in (*places, f"{name}/.pinned.json.new"):
        for target in (elsewhere, elsewhere / "mine", elsewhere / "to be made"):
            path = store.root / place
            path.unlink(missing_ok=True)
            path.symlink_to(target)
            before = store.snapshot()
            for words in (["backup"], ["pin", name, "--remove"]):
                if words == ["backup"] or place == ".lock" or "pinned" in place:
                    assert str(path) in scripts.run(*words).expect(78).stderr
            assert store.snapshot() == before
            assert path.readlink() == target
            path.unlink()
    assert [x.read_text() for x in elsewhere.iterdir()] == ["a person's file"]
    scripts.backup()


def test_a_dump_is_on_the_disk_before_it_is_read_back(
    source: Server, scripts: Scripts, store: Store
) -> None:
    log = scripts.box.identity.own(scripts.box.directory("log")) / "log"
    says = f'echo "{{}} $*" >>"{log}"; '
    programs = {x: says.format(x) + REAL % x for x in ("sync", "pg_restore", "zstd")}

    faulty(scripts.with_(server=source), **programs).backup()

    lines = log.read_text().splitlines()
    for file, reader in (("postgres.dump", "pg_restore"), ("globals.sql.zst", "zstd")):
        reads = [i for i, x in enumerate(lines) if x.startswith(f"{reader} ") and file in x]
        flushed = [i for i, x in enumerate(lines) if x.startswith("sync ") and file in x]
        assert flushed[0] < reads[0], lines
    assert not [x for x in lines if x == "sync"], "and nobody else's files"
    assert store.names()


def test_names_that_differ_by_case_only_are_files_that_do_not(
    source: Server, scripts: Scripts, store: Store
) -> None:
    for name in ("app", "App", "APP", "globals", "Globals", "GLOBALS"):
        source.sql(f'create database "{name}"')
        source.sql(f"create table t as select '{name}' as name", name)

    name = scripts.with_(server=source).backup()

    files = [str(x.relative_to(store.root)).lower() for x in store.files(name)]
    assert len(files) == len(set(files))
    scripts.verify(name).expect(0)


def test_a_store_that_goes_away_and_comes_back_has_all_and_nothing_else(
    source: Server, scripts: Scripts, box: Sandbox
) -> None:
    """Renamed away, or covered by another mount, at each of these steps; then as it was."""
    store = Store(scripts.root)
    scripts = scripts.with_(server=source)
    first = scripts.backup()
    away = scripts.root.with_name("away")
    for step, cover in [(x, y) for x in ("locked", "staging", "dumped", "sums") for y in (0, 1)]:
        running, hook = start_until(scripts, step, "backup")
        if cover:
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=777", "x", store.root], check=True)
        else:
            store.root.rename(away)
        hook.release()
        done = running.wait()
        assert done.returncode in {69, 73}, f"{step}: {done.said}"
        assert len([x for x in done.stderr.splitlines() if "Z error: " in x]) == 1, done.said
        if cover:
            assert not list(store.root.glob("backup_*")), "no set that nobody finds again"
            subprocess.run(["umount", store.root], check=True)
        else:
            assert not store.root.exists()
            away.rename(store.root)
        assert store.names() == [first], step
    assert scripts.backup() == store.names()[-1]
    assert list(store.root.glob(ASIDE)) == []
    store.assert_sound()
