"""Sets copied off this machine, into a real bucket over TLS: proven, refused, removed, and back."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from components.backup.recovery_sheet import recovery_sheet
from components.settings.archive import ArchiveSettings
from tests.lib import bucket as s3
from tests.lib import copies, fakesets
from tests.lib.archive import Archive
from tests.lib.bucket import Bucket
from tests.lib.choice import some
from tests.lib.content import AUTH, USERS, Golden
from tests.lib.copies import Copies
from tests.lib.fakesets import Fake
from tests.lib.hooks import count_steps, kill_at
from tests.lib.mounts import fill, volatile
from tests.lib.pod import Pod
from tests.lib.sandbox import run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store, copy_tree
from tests.lib.toolbox import Tools, path_of
from tests.lib.waiting import wait_for

ANOTHER = "another-passphrase-of-offsite"
WRITTEN = 60.0
"""From starting the job until restic's first writes, in seconds."""


@pytest.fixture
def empty(scripts: Scripts, bucket: Bucket, binaries: Path, kept: Store) -> Copies:
    """A store with one verified set, and a bucket without a repository."""
    assert kept.names()
    world = scripts.with_(path=path_of(Tools.BUSYBOX, scripts.box, binaries))
    return Copies.of(world, bucket)


@pytest.fixture
def made(empty: Copies) -> Copies:
    """The same with restic's repository in the bucket."""
    empty.restic("init")
    return empty


def add(made: Copies, *fakes: Fake) -> None:
    """Put sets into the store."""
    store = Store(made.scripts.root).identity()
    for fake in fakes:
        fakesets.write(made.scripts.root, store, fake)


def test_an_empty_machine_has_the_sets_again_by_the_sheet_alone(
    made: Copies, golden: Golden, bare: Scripts, binaries: Path
) -> None:
    for _ in range(2):
        done = made.copy().expect(0)
        assert done.stdout == f"copied {golden.set}\n"
        assert made.there() == [golden.set], "once"
    said = made.said()
    assert (said["ok"], said["set"], said["sets"], said["why"]) == (True, golden.set, 1, "")
    for file in made.bucket.files.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not re.search(rb"brewget|users|globals|backup_2", content), file
        assert "brewget_" not in str(file.relative_to(made.bucket.files)), file

    sheet = recovery_sheet(
        ArchiveSettings(enabled=True),
        copies.settings(made.bucket),
        {"local": "", "offsite": copies.PASSWORD},
    )
    (commands,) = re.findall(r"```bash\n(.*?)```", sheet.split("## The sets")[1], re.DOTALL)
    home = bare.box.directory("sheet")
    (home / "ca.crt").write_bytes(made.bucket.ca.read_bytes())
    keys = {
        name: (made.keys / "sets" / name).read_text()
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }
    typed = run_as(
        bare.box.identity,
        ["bash", "-euc", f"cd {home}; {commands}"],
        {"PATH": made.scripts.path, "HOME": str(home), **keys},
    )
    assert typed.returncode == 0, typed.stderr
    pod = Pod.make(bare.with_(root=home / "store"), binaries)
    pod.prepare().expect(0)
    with pod.running() as back:
        assert back.sql("select count(*) from users", AUTH) == str(USERS)


def test_its_repository_is_made_once_and_never_by_a_mistake(
    empty: Copies, kept: Store, binaries: Path
) -> None:
    refused = empty.copy().expect(78)
    assert "there is no restic repository at s3:https://" in refused.stderr
    pod = Pod.make(empty.scripts, binaries)
    archive = Archive.of(pod)
    archive.add_bucket("offsite", empty.bucket)
    (archive.keys / "sets").mkdir()
    for file in (empty.keys / "sets").iterdir():
        (archive.keys / "sets" / file.name).write_text(file.read_text())
    pod.scripts.box.identity.own(archive.keys)
    init = pod.scripts.with_(path=f"{pod.scripts.path}:{empty.scripts.path}")
    refused = init.run("offsite-sets", "--init").expect(78)
    assert "the archive's own repository has to be there first" in refused.stderr
    assert not [*empty.bucket.files.glob("archive-sets*")]
    pod.prepare().expect(0)
    with archive.running() as (_, archiver):
        archive.wait_backed_up(archiver, "offsite")
    mistake = init.with_(
        RESTIC_REPOSITORY=init.settings["RESTIC_REPOSITORY"].replace(s3.NAME, "other")
    )
    done = init.run("offsite-sets", "--init").expect(0)
    assert done.stdout == f"copied {kept.newest().name}\n"
    again = mistake.run("offsite-sets", "--init").expect(78)
    assert "there was a restic repository already" in again.stderr
    assert not (empty.bucket.root / "other").exists()


def passphrase(made: Copies) -> None:
    made.set("RESTIC_PASSWORD", ANOTHER)


def key(made: Copies) -> None:
    made.set("AWS_SECRET_ACCESS_KEY", "another")


def gone(made: Copies) -> None:
    made.bucket.stop()


def emptied(made: Copies) -> None:
    made.bucket.empty()


def replaced(made: Copies) -> None:
    made.bucket.empty()
    made.restic("init")


def damaged(made: Copies) -> None:
    (pack, *_) = sorted(
        made.bucket.files.glob("archive-sets/data/*/*"), key=lambda x: x.stat().st_size
    )[::-1]
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 1
    pack.write_bytes(content)


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (passphrase, 78, "made with another passphrase"),
        pytest.param(
            key,
            69,
            "restic: Fatal: unable to open config file: Stat: Access Denied.",
            marks=pytest.mark.long,
        ),
        (gone, 69, "restic did not end within 8 s: Stat(<config/>) returned error, retrying after"),
        pytest.param(emptied, 78, "there is no restic repository at", marks=pytest.mark.long),
        (replaced, 78, "is another one than before"),
        (damaged, 69, "restic: "),
    ],
)
def test_what_is_wrong_over_there_is_said_and_changes_nothing_here(
    made: Copies, golden: Golden, fault: Callable[[Copies], None], status: int, words: str
) -> None:
    made.copy().expect(0)
    before = Store(made.scripts.root).snapshot()
    fault(made)

    refused = made.copy(OFFSITE_SETS_SECONDS="8" if fault is gone else "60").expect(status)

    assert words in refused.stderr
    said = made.said()
    assert (said["ok"], said["set"], said["sets"]) == (False, golden.set, None)
    assert words in said["why"]
    after = Store(made.scripts.root).snapshot()
    changed = {x for x in before.keys() | after.keys() if before.get(x) != after.get(x)}
    assert changed == {"archive/offsite-sets.json"}


def test_a_set_that_is_not_what_was_written_is_not_copied(made: Copies, golden: Golden) -> None:
    (dump,) = (made.scripts.root / golden.set).glob("*auth*.dump")
    content = bytearray(dump.read_bytes())
    content[-100] ^= 1
    dump.write_bytes(content)
    assert f"{golden.set} is broken: its files do not match" in made.copy().expect(65).stderr
    assert made.there() == []
    assert made.said()["set"] is None


def test_without_a_verified_set_there_is_nothing_to_copy(made: Copies, golden: Golden) -> None:
    (made.scripts.root / golden.set / "verified.json").unlink()
    assert "no verified set was found" in made.copy().expect(65).stderr
    assert made.there() == []


def test_the_newest_copies_stay_and_none_goes_while_data_is_missing(made: Copies) -> None:
    for day, keep, there in (
        (Fake("backup_21990101_000000", verified=True), "1", 1),
        (Fake("backup_21990102_000000", verified=True), "1", 1),
        (Fake("backup_21990103_000000", verified=True, flagged=True), "1", 2),
        (Fake("backup_21990104_000000", verified=True, flagged=True, accepted=True), "0", 3),
        (Fake("backup_21990105_000000", verified=True), "2", 2),
    ):
        add(made, day)
        made.copy(OFFSITE_SETS_KEEP=keep).expect(0)
        assert made.said()["sets"] == there
    assert made.there() == ["backup_21990104_000000", "backup_21990105_000000"]


def test_a_copy_that_cannot_be_read_back_is_not_called_one(made: Copies, golden: Golden) -> None:
    refused = made.copy(VERIFY_SCRATCH_BYTES="1000").expect(73)
    assert f"{golden.set} was copied, but to read it back takes" in refused.stderr
    assert (made.said()["ok"], made.said()["set"]) == (False, None)
    made.copy().expect(0)
    assert made.there() == [golden.set]


def test_a_full_store_leaves_what_was_said_before_with_its_time(made: Copies) -> None:
    """The copy is there; that it was proven has nowhere to go, and counts as not done."""
    root = made.scripts.root
    with volatile(made.scripts.box) as full:
        store = full / "store"
        copy_tree(root, store)
        (store / "archive").mkdir()
        old = '{"version": 1, "time": "2026-01-01T00:00:00Z", "ok": true, "set": null}'
        (store / "archive" / "offsite-sets.json").write_text(old)
        made.scripts.box.identity.own(store)
        fill(full)
        there = made.scripts.with_(root=store, BACKUP_ALLOW_VOLATILE="1")
        done = there.run("offsite-sets", "--copy").expect(73)
        assert (store / "archive" / "offsite-sets.json").read_text() == old
    last = done.stderr.splitlines()[-1]
    assert last.endswith(f"cannot write {store}/archive/offsite-sets.json")


def test_somebody_elses_lock_keeps_old_copies_and_nothing_else(made: Copies) -> None:
    """A copy is made and proven beside it; the run after has the old one removed."""
    made.copy(OFFSITE_SETS_KEEP="1").expect(0)
    add(made, Fake("backup_21990101_000000", verified=True))
    with made.working():
        done = made.copy(OFFSITE_SETS_KEEP="1").expect(0)
        said = "warning: no old copy was removed, as the restic repository is locked: "
        assert said in done.stderr
        assert (made.said()["ok"], made.said()["sets"]) == (True, 2)
    made.copy(OFFSITE_SETS_KEEP="1").expect(0)
    assert made.there() == ["backup_21990101_000000"]


def test_a_run_that_is_killed_at_any_step_is_made_up_for_by_the_next(made: Copies) -> None:
    kept = made.scripts.with_(OFFSITE_SETS_KEEP="1")
    steps = count_steps(kept, "offsite-sets", "--copy")
    assert steps == ["copied", "read", "removed"]
    for number in range(1, len(steps) + 1):
        add(made, Fake(f"backup_2199010{number}_000000", verified=True))
        kill_at(kept, number, "offsite-sets", "--copy")
    made.copy(OFFSITE_SETS_KEEP="1").expect(0)
    assert made.there() == [f"backup_2199010{len(steps)}_000000"]
    made.restic("check")


@pytest.mark.parametrize("written", some(["data", "locks", "index"]))
def test_a_run_that_is_killed_while_restic_writes_is_made_up_for_by_the_next(
    written: str, made: Copies, golden: Golden
) -> None:
    running = made.scripts.start("offsite-sets", "--copy")
    wait_for(
        f"what restic writes to {written}",
        lambda: [x for x in made.bucket.files.glob(f"archive-sets/{written}/**/*") if x.is_file()],
        WRITTEN,
        every=0.005,
    )
    running.kill()

    assert made.copy().expect(0).stdout == f"copied {golden.set}\n"

    assert made.there() == [golden.set], "once"
    made.restic("check", "--no-lock")
