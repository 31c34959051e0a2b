"""A server that speaks TLS by the program's own certificates, options and pg_hba.conf."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from components.postgres import certificates, tls
from components.settings.types import TlsMode
from tests.lib.postgres import Server, SqlError, psql
from tests.lib.sandbox import Identity, Sandbox

HOSTS = tls.hosts("ales")
INSIDE = "db.ales.svc.cluster.local"
CA = certificates.new_ca(datetime.now(UTC))
OTHER_CA = certificates.new_ca(datetime.now(UTC))
KEY = certificates.new_key()


class TlsServer(Server):
    """Its superuser has the name of the operating system's user, as in the pod."""

    def __init__(
        self, box: Sandbox, binaries: Path, mode: TlsMode, *, loopback: str = "127.0.0.9/32"
    ) -> None:
        """Make the cluster and mount what the program makes; `start` starts it.

        The test's clients come by 127.0.0.1: with another `loopback` they stand for the network.
        """
        super().__init__(box, binaries, superuser=box.identity.name)
        self.mounted = box.directory("mounted")
        rules = tls.hba(mode).replace(" postgres ", f" {self.superuser} ")
        self.mount("pg_hba.conf", rules.replace("127.0.0.1/32", loopback))
        self.renew(CA)
        for key, value in tls.SERVER_OPTIONS.items():
            moved = value.replace(tls.CERTIFICATE, str(self.mounted))
            self.extra += ["-c", f"{key}={moved.replace(tls.HBA, str(self.mounted))}"]

    def mount(self, name: str, content: str) -> Path:
        """Write a file as the kubelet does: root's, readable by the server's group."""
        path = self.mounted / name
        path.unlink(missing_ok=True)
        path.write_text(content)
        as_mounted(path, self.identity)
        return path

    def renew(self, ca: Mapping[str, str]) -> None:
        """Mount a certificate of `ca` and the CA's own."""
        pair = certificates.server_certificate(ca, KEY, HOSTS, days=30, now=datetime.now(UTC))
        self.mount("tls.crt", pair.certificate)
        self.mount("tls.key", pair.key)
        self.mount("ca.crt", ca["certificate"])

    def by_tcp(self, host: str = "127.0.0.1", **client: str) -> dict[str, str]:
        """The PG* variables of a client that knows the server as `host`."""
        return self.client(host=host) | {"PGHOSTADDR": "127.0.0.1"} | client

    def verifying(self, host: str = INSIDE, **client: str) -> dict[str, str]:
        """The same for one that checks the certificate."""
        root = {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(self.mounted / "ca.crt")}
        return self.by_tcp(host, **root | client)

    def refuses(self, client: Mapping[str, str]) -> str:
        """What a client that must not get in is told."""
        try:
            psql(self, "select 1", "postgres", client)
        except SqlError as refused:
            return str(refused)
        raise AssertionError(f"the server let {dict(client)} in")


def as_mounted(path: Path, identity: Identity) -> None:
    """Owner and mode of a file of a Secret (fsGroup, defaultMode 0440)."""
    if os.geteuid() == 0:
        os.chown(path, 0, identity.gid)
        path.chmod(0o440)
    else:
        path.chmod(0o400)
