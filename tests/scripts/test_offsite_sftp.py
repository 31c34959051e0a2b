"""The archive on another machine over SSH, configured as the program configures it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.backup.pgbackrest import offsite_conf
from components.cluster.archive import FILES
from components.settings.archive import OffsiteSettings
from components.settings.types import OffsiteKind
from tests.lib import sftp
from tests.lib.archive import Archive
from tests.lib.pod import Pod
from tests.lib.sandbox import Sandbox
from tests.lib.scripts import Scripts
from tests.lib.sftp import Sftp

ANOTHER = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


@pytest.fixture(scope="module")
def server(box: Sandbox) -> Iterator[Sftp]:
    """An SSH server."""
    with sftp.running(box) as made:
        yield made


def archive_of(pod: Pod, server: Sftp, host_key: str) -> Archive:
    """Give a pod an archive on this disk and on that server."""
    archive = Archive.of(pod, "local", "offsite")
    settings = OffsiteSettings(
        kind=OffsiteKind.SFTP,
        endpoint=sftp.HOST,
        port=server.port,
        user=sftp.USER,
        host_key=host_key,
        secret="offsite",
        path="/archive",
    )
    files = archive.conf.with_name("files")
    files.mkdir()
    (files / "repo1-sftp-private-key-file").write_bytes(server.private_key)
    conf = offsite_conf(settings).replace(FILES, str(files))
    (archive.conf / "offsite.conf").write_text(conf)
    for owned in (files, archive.conf):
        pod.scripts.box.identity.own(owned)
    return archive


def test_an_empty_machine_comes_back_from_there_and_from_no_server_with_another_key(
    scripts: Scripts, bare: Scripts, binaries: Path, server: Sftp
) -> None:
    pod = Pod.make(scripts, binaries)
    archive = archive_of(pod, server, server.fingerprint)
    pod.prepare().expect(0)
    with archive.running() as (postgres, archiver):
        archive.wait_backed_up(archiver, "offsite")
        postgres.sql("create table t as select 1 as a; select pg_switch_wal()")
        archive.wait_pushed(postgres, archiver)
        postgres.kill()

    other = bare.with_(root=bare.box.directory("other"))
    other.run("init-store").expect(0)
    pod = Pod.make(other, binaries)
    impostor = archive_of(pod, server, ANOTHER)
    refused = pod.prepare().expect(69)
    assert "the repository offsite cannot be read" in refused.stderr
    assert not pod.data.exists()

    conf = impostor.conf / "offsite.conf"
    conf.write_text((archive.conf / "offsite.conf").read_text())
    said = pod.prepare().expect(0).stderr
    assert "restored from the archive (repository offsite)" in said
    with impostor.running() as (postgres, _):
        assert postgres.sql("select a from t") == "1"
