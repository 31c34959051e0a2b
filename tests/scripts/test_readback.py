"""What pg_dump wrote is read back whole: it may have succeeded, and the disk has something else."""

import subprocess

import pytest

from tests.lib.choice import some
from tests.lib.content import AUTH, SETTINGS
from tests.lib.hooks import start_until
from tests.lib.postgres import Server
from tests.lib.scripts import Done, Scripts
from tests.lib.store import ASIDE, Store

pytestmark = pytest.mark.usefixtures("filled")

WITH_SEQUENCE, WITHOUT = AUTH, SETTINGS
"""The values of sequences are looked for in a dump, where there are any."""

FLIP = """python3 -c 'import pathlib, sys
path, at = pathlib.Path(sys.argv[1]), int(sys.argv[2])
data = bytearray(path.read_bytes())
data[at] ^= 1
path.write_bytes(data)'"""


def backup_with_fault(scripts: Scripts, fault: str) -> Done:
    """Take a set of one database; `fault` (shell, in the staged set) happens when it is dumped."""
    running, hook = start_until(scripts, "dumped", "backup")
    (staged,) = scripts.root.glob(ASIDE)
    subprocess.run(["bash", "-c", fault], cwd=staged, check=True)
    hook.release()
    return running.wait()


@pytest.mark.trap(2)
@pytest.mark.trap(12)
@pytest.mark.parametrize("database", [WITH_SEQUENCE, WITHOUT])
@pytest.mark.parametrize("compression", some(["zstd", "gzip", "none"]))
def test_a_dump_cut_short_without_an_error_is_not_published(
    database: str, compression: str, both: Scripts, kept: Store
) -> None:
    before = kept.snapshot()
    limited = both.with_(BACKUP_COMPRESSION=compression, BACKUP_DATABASES=database)
    for cut in ("0", "200", "-200", "-3", "-1"):
        done = backup_with_fault(limited, f"truncate -s {cut} {database}.dump")

        assert done.returncode == 73, done.said
        assert f"cannot read back {database}.dump" in done.stderr
        assert kept.snapshot() == before


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_a_bit_that_the_disk_turned_over_is_noticed_wherever_it_is(
    compression: str, scripts: Scripts, kept: Store
) -> None:
    """Neither a table of contents nor zstd as pg_dump writes it has a sum of its own."""
    before = kept.snapshot()
    limited = scripts.with_(BACKUP_COMPRESSION=compression, BACKUP_DATABASES=WITHOUT)
    size = kept.database(WITHOUT)["bytes"]
    for share in (0.1, 0.3, 0.5, 0.7, 0.9):
        at = int(size * share)

        done = backup_with_fault(limited, f"{FLIP} {WITHOUT}.dump {at}")

        assert done.returncode == 73, f"at {at} of {size}: {done.said}"
        assert f"{WITHOUT}.dump" in done.stderr
        assert kept.snapshot() == before


@pytest.mark.trap(12)
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_directory_that_lost_something_is_not_published(
    compression: str, filled: Server, both: Scripts, kept: Store
) -> None:
    # An empty large object is no damage, and neither is a schema with a name like the listing's words.
    filled.sql("select lo_from_bytea(4711, 'x'), lo_create(4712)", WITHOUT)
    filled.sql('create schema "DATA" create table orders (n int)', WITHOUT)
    before = kept.snapshot()
    directory = both.with_(
        BACKUP_FORMAT="directory", BACKUP_COMPRESSION=compression, BACKUP_DATABASES=WITHOUT
    )
    for fault in (
        "rm $(ls [0-9]*.dat.* | head -n 1)",
        "truncate -s -1 [0-9]*.dat.*",
        "truncate -s 0 [0-9]*.dat.*",
        "truncate -s 100 toc.dat",
        "rm toc.dat",
        "rm blob_4711.dat.*",
        "rm blobs.toc",
        "truncate -s -5 blobs.toc",
    ):
        done = backup_with_fault(directory, f"cd {WITHOUT} && {fault}")

        assert done.returncode == 73, f"{fault}: {done.said}"
        assert kept.snapshot() == before
    directory.backup()


def test_damage_in_the_first_of_many_files_is_noticed(both: Scripts) -> None:
    many = both.box.directory("many")
    (many / "a.dat").write_text("whole")
    subprocess.run(["zstd", "-q", many / "a.dat"], check=True)
    whole = (many / "a.dat.zst").read_bytes()
    for number in range(9000):
        (many / f"{number}{'x' * 200}.dat.zst").write_bytes(whole)
    both.functions("backup", f"dump_read_whole {many}").expect(0)
    first = next(path for path in many.iterdir() if path.name.endswith("x.dat.zst"))

    first.write_bytes(whole[:-1])

    assert both.functions("backup", f"dump_read_whole {many}").returncode != 0


def test_an_empty_dump_of_a_database_named_like_a_large_object_is_noticed(
    filled: Server, scripts: Scripts
) -> None:
    filled.sql("create database blob_1")

    done = backup_with_fault(scripts.with_(BACKUP_DATABASES="blob_1"), "truncate -s 0 blob_1.dump")

    assert done.returncode == 73, done.said
