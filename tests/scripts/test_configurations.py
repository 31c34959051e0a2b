"""pgBackRest itself reads what the program writes for it: every option known, in its place."""

import os
import subprocess
from pathlib import Path

import pytest

from components.backup.pgbackrest import KINDS, local_conf, offsite_conf
from components.cluster.archive import FILES
from components.cluster.pods import STORE
from components.settings.archive import ArchiveSettings, OffsiteSettings
from components.settings.types import OffsiteKind, UriStyle
from tests.lib.sandbox import REPOSITORY
from toolchain import archiving

# On this machine, where nothing listens.
NOWHERE = {"endpoint": "localhost", "port": 1, "secret": "offsite"}
REFUSED = "[HostConnectError] unable to connect to 'localhost:1"
VALUES = {"repo1-azure-key-type": "sas", "repo1-azure-key": "sig=YWJj"}
OFFSITE: dict[OffsiteKind, tuple[OffsiteSettings, str]] = {
    OffsiteKind.S3: (
        OffsiteSettings(
            kind=OffsiteKind.S3, bucket="ales", region="here", uri_style=UriStyle.PATH, **NOWHERE
        ),
        REFUSED,
    ),
    OffsiteKind.AZURE: (
        OffsiteSettings(kind=OffsiteKind.AZURE, bucket="ales", uri_style=UriStyle.PATH, **NOWHERE),
        REFUSED,
    ),
    # Its key is looked at first.
    OffsiteKind.GCS: (
        OffsiteSettings(kind=OffsiteKind.GCS, bucket="ales", **NOWHERE),
        "[JsonFormatError]",
    ),
    OffsiteKind.SFTP: (
        OffsiteSettings(
            kind=OffsiteKind.SFTP, user="ale", host_key=f"SHA256:{'A' * 43}", **NOWHERE
        ),
        REFUSED,
    ),
}


def info(folder: Path, conf: str, *options: str) -> str:
    """What it says of a repository, asked as the scripts do: with the credentials as variables."""
    archiving.ensure(REPOSITORY)
    (folder / "the.conf").write_text(conf.replace(FILES, str(folder)).replace(STORE, str(folder)))
    names = {option: f"PGBACKREST_{option.upper().replace('-', '_')}" for option in options}
    done = subprocess.run(
        [
            archiving.directory(REPOSITORY) / "bin" / "pgbackrest",
            *(f"--config={folder / 'the.conf'}", "--stanza=brewget", "--io-timeout=1"),
            *("--log-level-file=off", "--log-level-console=off", "--log-level-stderr=warn", "info"),
        ],
        env={"PATH": os.environ["PATH"], "PGBACKREST_REPO1_CIPHER_PASS": "a passphrase"}
        | {names[option]: VALUES.get(option, "YWJj") for option in options},
        stdout=subprocess.PIPE,
        # What it says of options comes before it knows where to say it.
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_the_repository_in_the_store_is_read(tmp_path: Path) -> None:
    said = info(tmp_path, local_conf(ArchiveSettings()))
    assert "missing stanza path" in said
    assert "WARN" not in said


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_repository_comes_as_far_as_its_host(
    tmp_path: Path, kind: OffsiteKind
) -> None:
    settings, ends = OFFSITE[kind]
    credentials = KINDS[kind]
    for name in credentials.files:
        (tmp_path / name).write_text("no key")
    said = info(tmp_path, offsite_conf(settings), *credentials.needed, *credentials.optional)
    assert ends in said
    assert "WARN" not in said, "an option that it does not know, or that is in the wrong place"


def test_an_unknown_option_would_be_seen(tmp_path: Path) -> None:
    said = info(tmp_path, local_conf(ArchiveSettings()) + "repo1-blocks=y\n")
    assert "WARN: configuration file contains invalid option 'repo1-blocks'" in said
