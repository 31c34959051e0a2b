"""A real S3 server with TLS on the loopback, for what is kept off-site."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from bootstrap.scanners import build_versitygw, versitygw
from components.postgres import certificates
from tests.lib.postgres import free_port
from tests.lib.sandbox import REPOSITORY, Sandbox
from tests.lib.waiting import wait_for

NAME = "brewget-archive"
REGION = "eu-test-1"
KEY = "AKIDOFTESTS"
SECRET = "s3cret/of+tests"
READY = 20.0
"""From starting the server to its first answer, in seconds."""


class Bucket:
    """One bucket of a server of its own; its objects are files in `files`."""

    def __init__(self, box: Sandbox, host: str = "127.0.0.1") -> None:
        """Make the bucket; `start` starts the server."""
        self.box, self.host, self.port = box, host, free_port()
        self.home = box.directory("s3")
        self.root = self.home / "root"
        self.files = self.root / NAME
        self.files.mkdir(parents=True)
        self.process: subprocess.Popen[bytes] | None = None
        ca = certificates.new_ca(datetime.now(UTC))
        pair = certificates.server_certificate(
            ca, certificates.new_key(), [host, "localhost"], days=2, now=datetime.now(UTC)
        )
        self.ca = self.home / "ca.crt"
        self.ca.write_text(ca["certificate"])
        (self.home / "tls.crt").write_text(pair.certificate)
        (self.home / "tls.key").write_text(pair.key)
        (self.home / "meta").mkdir()
        box.identity.own(self.home)
        build_versitygw(REPOSITORY)
        self.program = shutil.copy2(versitygw(REPOSITORY), self.home / "versitygw")

    def options(self) -> dict[str, str]:
        """Return what pgBackRest needs to reach it."""
        return {
            "repo1-type": "s3",
            "repo1-path": "/archive",
            "repo1-s3-bucket": NAME,
            "repo1-s3-endpoint": self.host,
            "repo1-s3-region": REGION,
            "repo1-s3-uri-style": "path",
            "repo1-storage-port": str(self.port),
            "repo1-storage-ca-file": str(self.ca),
            # It asks again until then.
            "io-timeout": "5",
        }

    def keys(self) -> dict[str, str]:
        """Return the credentials, by pgBackRest's names."""
        return {"repo1-s3-key": KEY, "repo1-s3-key-secret": SECRET}

    def start(self) -> "Bucket":
        """Start the server and wait for its first answer."""
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    self.program,
                    f"--port={self.host}:{self.port}",
                    f"--region={REGION}",
                    f"--cert={self.home / 'tls.crt'}",
                    f"--key={self.home / 'tls.key'}",
                    "posix",
                    # Metadata beside the files: no test machine has to have extended attributes.
                    f"--sidecar={self.home / 'meta'}",
                    str(self.root),
                ],
                env={"PATH": os.defpath, "ROOT_ACCESS_KEY": KEY, "ROOT_SECRET_KEY": SECRET},
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd="/",
                **self.box.identity.options(),
            )
        wait_for("the S3 server's first answer", self._answers, READY, every=0.1)
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.home / "log").read_text()
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"{self.host}:{self.port}", "-CAfile", self.ca],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=10,
        )
        return done.returncode == 0

    def empty(self) -> None:
        """Remove what is in the bucket, and start the server where it does not run."""
        for place in (self.files, self.home / "meta"):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            self.box.identity.own(place)
        if self.process is None or self.process.poll() is not None:
            self.start()

    def stop(self) -> None:
        """Stop it, as if the network were gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)


@contextmanager
def running(box: Sandbox, host: str = "127.0.0.1") -> Iterator[Bucket]:
    """As long as this lasts."""
    bucket = Bucket(box, host).start()
    try:
        yield bucket
    finally:
        bucket.stop()
