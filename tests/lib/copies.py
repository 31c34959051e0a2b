"""Sets that are copied off this machine: a store, a bucket, and restic between them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.backup import restic
from components.settings.archive import OffsiteSettings
from components.settings.types import OffsiteKind, UriStyle
from tests.lib import bucket as s3
from tests.lib.bucket import Bucket
from tests.lib.sandbox import REPOSITORY, run_as
from tests.lib.scripts import Done, Running, Scripts
from tests.lib.waiting import wait_for
from toolchain import archiving

PASSWORD = "passphrase of offsite"
LOCKED = 20.0
"""From starting restic until its lock is there, in seconds."""


def settings(bucket: Bucket, **more: object) -> OffsiteSettings:
    """Return the settings of a stack whose sets go into this bucket."""
    return OffsiteSettings.model_validate(
        {
            "kind": OffsiteKind.S3,
            "bucket": s3.NAME,
            "endpoint": bucket.host,
            "port": bucket.port,
            "region": s3.REGION,
            "uri_style": UriStyle.PATH,
            "path": "/archive",
            "own_ca": True,
            "sets": True,
            **more,
        }
    )


@dataclass
class Copies:
    """The job that copies, as its pod has it."""

    scripts: Scripts
    bucket: Bucket
    keys: Path

    @classmethod
    def of(cls, scripts: Scripts, bucket: Bucket) -> "Copies":
        """Give the scripts a bucket, and a scratch directory of their own."""
        box = scripts.box
        archiving.ensure(REPOSITORY)
        programs = box.readable(archiving.directory(REPOSITORY), "bin/restic") / "bin"
        keys = box.directory("keys")
        (keys / "sets").mkdir()
        environment = {
            **restic.environment(settings(bucket)),
            "RESTIC_CACERT": str(bucket.ca),
            "ARCHIVE_KEYS": str(keys),
            "VERIFY_SCRATCH": str(box.directory("scratch")),
        }
        made = cls(scripts.with_(path=f"{programs}:{scripts.path}", also=environment), bucket, keys)
        named = bucket.keys()
        values = {name: named[key] for name, key in restic.CREDENTIALS.items() if key in named}
        for name, value in {**values, restic.PASSWORD: PASSWORD}.items():
            made.set(name, value)
        return made

    def set(self, name: str, value: str) -> None:
        """Give one of the credentials another value."""
        (self.keys / "sets" / name).write_text(value)
        self.scripts.box.identity.own(self.keys)

    def copy(self, **changed: str) -> Done:
        """Run the job."""
        return self.scripts.with_(also=changed).run("offsite-sets", "--copy")

    def restic(self, *words: str) -> str:
        """Run restic by hand."""
        secrets = {file.name: file.read_text() for file in (self.keys / "sets").iterdir()}
        lookup = ["-o", self.scripts.settings["OFFSITE_SETS_OPTION"]]
        done = run_as(
            self.scripts.box.identity,
            ["restic", "--quiet", "--no-cache", *lookup, *words],
            {**self.scripts.environment(), **secrets},
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def working(self) -> Iterator[None]:
        """Somebody else's restic is at work in the repository, and has its lock."""
        secrets = {file.name: file.read_text() for file in (self.keys / "sets").iterdir()}
        lookup = self.scripts.settings["OFFSITE_SETS_OPTION"]
        # It takes bash's place, so that it is gone when it is killed: restic lets a lock of a
        # process be as long as there is one, and an orphan is there until somebody asks for it.
        restic = f"restic --quiet --no-cache -o {lookup} backup --stdin --host another"
        text = f"exec {restic} < <(sleep 1000)"
        environment = {**self.scripts.environment(), **secrets}
        running = Running(["bash", "-c", text], environment, self.scripts.box)
        try:
            locks = self.bucket.files / "archive-sets" / "locks"
            wait_for("its lock", lambda: [*locks.glob("*")], LOCKED, every=0.05)
            yield
        finally:
            running.kill()

    def there(self) -> list[str]:
        """Return the sets that are in the bucket, as often as they are, oldest copy first."""
        found = json.loads(self.restic("snapshots", "--json")) or []
        return [snapshot["tags"][0] for snapshot in found]

    def said(self) -> dict[str, Any]:
        """Return what came of the last run."""
        file = self.scripts.root / "archive" / "offsite-sets.json"
        found: dict[str, Any] = json.loads(file.read_text())
        return found
