"""The archive in a real bucket, over TLS: away, back, and alone on an empty machine."""

from pathlib import Path

import pytest

from components.backup.recovery_sheet import recovery_sheet
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.types import OffsiteKind, UriStyle
from tests.lib import bucket as s3
from tests.lib.archive import Archive
from tests.lib.bucket import Bucket
from tests.lib.pod import Pod
from tests.lib.sandbox import end_processes_below, run_as
from tests.lib.scripts import Scripts
from tests.lib.sheet import follow

MARK = "Unm1stakable"
"""In a table's name and in its rows: neither is to be found in the bucket."""


@pytest.fixture
def archive(scripts: Scripts, binaries: Path, bucket: Bucket) -> Archive:
    """A pod that is archived on this disk and in the bucket."""
    pod = Pod.make(scripts, binaries)
    archive = Archive.of(pod)
    archive.add_bucket("offsite", bucket)
    pod.prepare().expect(0)
    return archive


def test_an_empty_machine_comes_back_with_the_address_and_the_passphrase(
    archive: Archive, bucket: Bucket, bare: Scripts, binaries: Path
) -> None:
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver, "offsite")
        server.sql(
            f"create table \"{MARK}\" as select '{MARK}' || a a from generate_series(1, 9) a"
        )
        server.sql("select pg_switch_wal()")
        archive.wait_streamed(server, archiver)
        archive.wait("the push", archiver, lambda: not any(archive.root.glob("queue-offsite/*")))
        server.kill()
    for file in bucket.home.rglob("*"):
        assert MARK.encode() not in (file.read_bytes() if file.is_file() else b""), file
        assert MARK not in file.name

    sheet = recovery_sheet(
        ArchiveSettings(enabled=True),
        OffsiteSettings(
            kind=OffsiteKind.S3,
            bucket=s3.NAME,
            endpoint=bucket.host,
            region=s3.REGION,
            port=bucket.port,
            path="/archive",
            uri_style=UriStyle.PATH,
        ),
        {"local": "", "offsite": "passphrase of offsite"},
    )
    own = [f"{k}={v}" for k, v in bucket.keys().items()] + [f"repo1-storage-ca-file={bucket.ca}"]
    path = archive.pod.scripts.path
    home = follow(sheet, "offsite", bare.box, path, *own, store=bare.root)
    command = ["psql", "-h", home, "-U", "postgres", "-Atc", f'select count(*) from "{MARK}"']
    done = run_as(bare.box.identity, command, {"PATH": path})
    end_processes_below(home)
    assert done.stdout == "9\n", done.stderr

    other = bare.with_(root=bare.box.directory("other"))
    other.run("init-store").expect(0)
    pod = Pod.make(other, binaries)
    alone = Archive.of(pod)
    alone.add_bucket("offsite", bucket)
    said = pod.prepare().expect(0).stderr
    assert "restored from the archive (repository offsite)" in said
    with alone.running() as (server, archiver):
        assert server.sql(f'select count(*) from "{MARK}"') == "9"
        # It goes on, into both.
        alone.wait_backed_up(archiver, "local")


def test_a_bucket_that_is_away_keeps_nothing_from_the_local_repository(
    archive: Archive, bucket: Bucket
) -> None:
    with archive.running() as (server, archiver):
        archive.wait_backed_up(archiver, "offsite")
        bucket.stop()
        server.sql("create table t (a int); select pg_switch_wal(); insert into t values (1)")
        server.sql("select pg_switch_wal()")
        waiting = archive.root / "queue-offsite"
        archive.wait("what waits", archiver, lambda: len(list(waiting.iterdir())) >= 2)
        archive.wait(
            "the local push", archiver, lambda: not any(archive.root.glob("queue-local/*"))
        )
        assert len(list(waiting.iterdir())) >= 2
        bucket.start()
        archive.wait("the rest", archiver, lambda: not any(waiting.iterdir()))
