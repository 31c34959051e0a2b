"""A read that fails says nothing of the bytes: real errors of the kernel, at every kind of file, on both libcs.

A program says them in its libc's words, in its own, or not at all; and what could not be read may be there the next
time. Neither may a verification condemn a set for it, nor a start take an older one.
"""

from itertools import cycle
from pathlib import Path

import pytest

from tests.lib.content import AUTH
from tests.lib.disk import Disk, Fault, failing
from tests.lib.pod import Pod
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.toolbox import Tools

OLDER = "backup_20200101_000000"
CODES = ("EIO", "ETIMEDOUT", "EUCLEAN", "EMFILE")
Case = tuple[str, str, int]
"""A file of a set, who reads it, and which of these reads fails where it is not the first."""

CUSTOM: list[Case] = [
    ("manifest.json", "awk", 2),
    ("SHA256SUMS", "awk", 2),
    ("manifest.json", "sha256sum", 2),
    ("globals.sql.zst", "sha256sum", 2),
    (f"{AUTH}.objects.zst", "sha256sum", 2),
    (f"{AUTH}.dump", "sha256sum", 5),
    ("globals.sql.zst", "zstd", 2),
    (f"{AUTH}.objects.zst", "zstd", 2),
    (f"{AUTH}.dump", "pg_restore", 12),
    ("SHA256SUMS", "sha256sum", 2),
]
DIRECTORY: list[Case] = [
    ("globals.sql.gz", "gzip", 2),
    (f"{AUTH}.objects.gz", "gzip", 2),
    (f"{AUTH}/toc.dat", "pg_restore", 2),
    (f"{AUTH}/*.dat.gz", "pg_restore", 2),
]
# busybox' cat asks once for a small file, and once more in another way where that fails.
PLAIN: list[Case] = [("globals.sql", "cat", 1), (f"{AUTH}.objects", "cat", 1)]


def assert_nobody_is_blamed(
    disk: Disk, scripts: Scripts, binaries: Path, cases: list[Case]
) -> None:
    """Neither by a verification nor by a start: of each file one of them meets the first read, the other a later one."""
    store = Store(disk.source)
    scripts.verify(store.names()[-1]).expect(0)  # where nothing fails
    codes = cycle(CODES)
    for turn, (pattern, reader, later) in enumerate(cases):
        file = max(store.newest().glob(pattern)).relative_to(store.root)
        programs = ("verify", "prepare-data")
        for number, program in zip((1, later), programs[:: -1 if turn % 2 else 1], strict=True):
            fault = Fault(
                str(file), next(codes), reader, number, lasts=turn % 2 == 0 or reader == "cat"
            )
            disk.fail(fault)
            assert_cannot_be_read(disk, program, scripts, binaries)


def assert_cannot_be_read(disk: Disk, program: str, scripts: Scripts, binaries: Path) -> None:
    """It ends with 69, the store is what it was, and there is no data directory but one out of the newest set."""
    store = Store(disk.source)
    before, name = store.snapshot(), store.names()[-1]
    pod = Pod.make(scripts, binaries)

    done = pod.prepare() if program == "prepare-data" else scripts.verify(name)

    assert any(failed for _, _, failed in disk.reads()), f"not met by {program}: {done.said}"
    assert done.returncode == 69, f"{disk.fault}: {program}: {done.said}"
    assert pod.data.exists() == (f"restored from backup {name} " in done.stderr), disk.fault
    assert store.snapshot() == before, disk.fault


def test_the_two_worlds_have_words_of_their_own(both: Scripts, tools: Tools) -> None:
    """Where the second were glibc's again, nothing here would show what the official image does."""
    said = both.functions("list", "cat /proc/self/mem || read -r _ </proc/self/mem || true").stderr

    words = {Tools.GNU: "Input/output error", Tools.BUSYBOX: "I/O error"}
    assert said.count(words[tools]) == 2, said


@pytest.mark.trap(56)
def test_a_read_error_condemns_no_set_and_takes_no_older_one(
    both: Scripts, kept: Store, binaries: Path
) -> None:
    kept.copy_set(kept.names()[0], OLDER)
    with failing(both.box, kept.root) as disk:
        runner = both.with_(root=disk.mount)
        assert_nobody_is_blamed(disk, runner, binaries, CUSTOM)
        disk.fail(Fault(f"{kept.names()[-1]}/verified.json", "EIO"))  # asked for its age
        assert_cannot_be_read(disk, "prepare-data", runner, binaries)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("tools", "settings", "cases"),
    [
        (Tools.GNU, {"BACKUP_FORMAT": "directory", "BACKUP_COMPRESSION": "gzip"}, DIRECTORY),
        (Tools.BUSYBOX, {"BACKUP_COMPRESSION": "none"}, PLAIN),
    ],
    ids=["gzip", "none"],
    indirect=["tools"],
)
@pytest.mark.long
def test_nor_does_one_in_a_set_of_another_kind(
    settings: dict[str, str], cases: list[Case], both: Scripts, kept: Store, binaries: Path
) -> None:
    both.with_(also={"BACKUP_DATABASES": AUTH, **settings}).backup()
    with failing(both.box, kept.root) as disk:
        assert_nobody_is_blamed(disk, both.with_(root=disk.mount), binaries, cases)
