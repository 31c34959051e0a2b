"""A pod whose server is archived: repositories on this disk, and the archiver beside the server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lib.bucket import Bucket
from tests.lib.pod import Attached, Pod
from tests.lib.postgres import Server
from tests.lib.sandbox import REPOSITORY
from tests.lib.scripts import Running, Scripts
from tests.lib.waiting import wait_for
from toolchain import archiving

SERVER_OPTIONS = (
    "archive_mode=on",
    "archive_command=: pgbackrest archive-push is done by the archiver",
)
"""As components/postgres/server_pod.py has them; what a slot keeps is limited where a test wants it."""
STREAMED = 180.0
"""From a commit until it has been streamed, pushed or saved, in seconds."""
CONFIGURATION = """[global]
repo1-path={path}
repo1-cipher-type=aes-256-cbc
repo1-block=y
repo1-bundle=y
repo1-retention-full=2
compress-type=zst
compress-level=1
start-fast=y
job-retry=0
"""
"""As components/backup/pgbackrest.py has it, but for job-retry: a file that is damaged is read once."""


@dataclass
class Archive:
    """The archive of one pod."""

    pod: Pod
    conf: Path
    keys: Path

    @classmethod
    def of(cls, pod: Pod, *names: str) -> "Archive":
        """Give a pod an archive with these repositories, `local` by default."""
        return cls.at(pod.scripts.box.directory("archive"), pod, *names)

    @classmethod
    def at(cls, home: Path, pod: Pod, *names: str) -> "Archive":
        """The same, with what is not in the store in a directory of its own."""
        box = pod.scripts.box
        archiving.ensure(REPOSITORY)
        made = cls(pod, home / "conf", home / "keys")
        made.conf.mkdir()
        made.keys.mkdir()
        for name in names or ("local",):
            made.add(name)
        programs = box.readable(archiving.directory(REPOSITORY), "bin/pgbackrest") / "bin"
        settings = {
            "ARCHIVE_CONF": str(made.conf),
            "ARCHIVE_KEYS": str(made.keys),
            "ARCHIVE_CANARY_SECONDS": "1",
        }
        pod.scripts = pod.scripts.with_(path=f"{programs}:{pod.scripts.path}", also=settings)
        pod.options = SERVER_OPTIONS
        return made

    @property
    def root(self) -> Path:
        """Where it lies in the store."""
        return self.pod.scripts.root / "archive"

    def repository(self, name: str = "local") -> Path:
        """Return where a repository lies."""
        return self.root / "repo" if name == "local" else self.conf.with_name(f"repo-{name}")

    def add(self, name: str) -> None:
        """Add a repository."""
        identity = self.pod.scripts.box.identity
        (self.conf / f"{name}.conf").write_text(CONFIGURATION.format(path=self.repository(name)))
        (self.keys / name).mkdir()
        (self.keys / name / "repo1-cipher-pass").write_text(f"passphrase of {name}")
        if name != "local":
            self.repository(name).mkdir()
            identity.own(self.repository(name))
        identity.own(self.conf)
        identity.own(self.keys)

    def add_bucket(self, name: str, bucket: Bucket) -> None:
        """Add a repository in a bucket."""
        self.add(name)
        options = CONFIGURATION.format(path="/archive") + "".join(
            f"{key}={value}\n" for key, value in bucket.options().items()
        )
        (self.conf / f"{name}.conf").write_text(options.replace("repo1-path=/archive\n", "", 1))
        for key, value in bucket.keys().items():
            (self.keys / name / key).write_text(value)
        self.pod.scripts.box.identity.own(self.keys)

    def scripts(self, server: Attached) -> Scripts:
        """Return the scripts as the archiver's container has them."""
        env = {"PGHOST": server.home, "PGPORT": server.port, "PGDATA": self.pod.data}
        return self.pod.scripts.with_(also={k: str(v) for k, v in env.items()}, PGUSER="postgres")

    @contextmanager
    def running(self, **settings: str) -> Iterator[tuple[Attached, Running]]:
        """Run the server on what the init container left, and the archiver beside it."""
        with self.pod.running() as server:
            assert isinstance(server, Attached)
            archiver = self.scripts(server).with_(also=settings).start("archiver")
            try:
                yield server, archiver
            finally:
                archiver.kill()

    def wait_backed_up(self, archiver: Running, name: str = "local", times: int = 1) -> None:
        """Wait until so many backups are in a repository."""
        said = f"the backup is in the repository {name}"
        self.wait(
            f"{times} backups in {name}", archiver, lambda: archiver.errors().count(said) >= times
        )

    def wait_streamed(self, server: Server, archiver: Running) -> None:
        """Wait until all that the server has written is in the stream."""
        end = server.sql("select pg_current_wal_lsn()")
        received = "select write_lsn >= '{}' from pg_stat_replication"
        self.wait("the stream", archiver, lambda: server.sql(received.format(end)) == "t")

    def wait_pushed(self, server: Server, archiver: Running) -> None:
        """Wait until each segment that is complete is in every repository."""
        self.wait_streamed(server, archiver)

        def look() -> bool:
            left = (*self.root.glob("queue-*/*"), *self.root.glob("stream/*"))
            return not [x for x in left if x.suffix != ".partial"]

        self.wait("the push", archiver, look)

    def wait_canary(self, server: Server, archiver: Running) -> None:
        """Wait until a commit that came after now is known to be in the archive."""
        now = server.sql(
            "select to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
        )
        self.wait("a canary", archiver, lambda: self.position()["canary"] > now)

    def position(self) -> dict[str, Any]:
        """Return how far the archive has come."""
        found: dict[str, Any] = json.loads((self.root / "position.json").read_text())
        return found

    def wait(self, what: str, archiver: Running, done: object) -> None:
        """Wait for something that the archiver does; one that has ended fails the test."""

        def look() -> bool:
            assert archiver.process.poll() is None, archiver.errors()
            return bool(done())  # type: ignore[operator]

        try:
            wait_for(what, look, STREAMED, every=0.1)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{archiver.errors()}") from None
