"""TLS with a real server: who gets in, who does not, and the scripts on the encrypted way."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from components.settings.types import TlsMode
from tests.lib.content import fill
from tests.lib.postgres import Server, SqlError, psql
from tests.lib.sandbox import Sandbox, run_as
from tests.lib.scripts import Scripts
from tests.lib.store import Store
from tests.lib.tls import HOSTS, OTHER_CA, TlsServer
from tests.lib.waiting import wait_for

RELOADED = 10.0
"""From a reload to the first connection with the new certificate, in seconds."""

HOW = (
    "select ssl, version from pg_stat_ssl where pid = pg_backend_pid();"
    " select split_part(rolpassword, '$', 1) from pg_authid where rolname = current_user"
)


@pytest.fixture(scope="module")
def strict(box: Sandbox, binaries: Path) -> Iterator[TlsServer]:
    """A server that takes nobody without TLS."""
    server = TlsServer(box, binaries, TlsMode.REQUIRED)
    yield server.start()  # type: ignore[misc]
    server.stop()


@pytest.fixture
def lenient(box: Sandbox, binaries: Path) -> Iterator[TlsServer]:
    """A server that takes both."""
    server = TlsServer(box, binaries, TlsMode.ALLOWED)
    yield server.start()  # type: ignore[misc]
    server.remove()


def test_a_client_without_tls_is_refused(strict: TlsServer) -> None:
    said = strict.refuses(strict.by_tcp(PGSSLMODE="disable"))
    assert "no pg_hba.conf entry" in said
    assert "no encryption" in said


def test_a_port_forward_may_do_without_tls_and_not_without_a_password(
    box: Sandbox, binaries: Path
) -> None:
    server = TlsServer(box, binaries, TlsMode.REQUIRED, loopback="127.0.0.1/32")
    server.start()
    try:
        plain = server.by_tcp(PGSSLMODE="disable")
        assert psql(server, HOW, "postgres", plain).startswith("f|")
        assert "no password supplied" in server.refuses(plain | {"PGPASSWORD": ""})
    finally:
        server.remove()


def test_a_client_without_tls_gets_in_where_that_is_allowed(lenient: TlsServer) -> None:
    assert psql(lenient, HOW, "postgres", lenient.by_tcp(PGSSLMODE="disable")).startswith("f|")
    assert psql(lenient, HOW, "postgres", lenient.verifying()).startswith("t|")
    said = lenient.refuses(lenient.by_tcp(PGSSLMODE="disable", PGPASSWORD="wrong"))
    assert "password authentication failed" in said


@pytest.mark.parametrize("host", HOSTS)
def test_every_name_of_the_server_is_in_its_certificate(strict: TlsServer, host: str) -> None:
    found = psql(strict, HOW, "postgres", strict.verifying(host))
    assert found == "t|TLSv1.3\nSCRAM-SHA-256"


def test_another_name_fails(strict: TlsServer) -> None:
    assert "does not match host name" in strict.refuses(strict.verifying("db.porter.svc"))


def test_another_ca_fails(strict: TlsServer, box: Sandbox) -> None:
    other = box.directory("other-ca") / "ca.crt"
    other.write_text(OTHER_CA["certificate"])
    said = strict.refuses(strict.verifying(PGSSLROOTCERT=str(other)))
    assert "certificate verify failed" in said


def test_a_wrong_password_fails_over_tls_too(strict: TlsServer) -> None:
    said = strict.refuses(strict.verifying(PGPASSWORD="wrong"))
    assert "password authentication failed" in said


def test_inside_the_pod_the_servers_user_needs_no_password_and_others_do(
    strict: TlsServer,
) -> None:
    socket = strict.client() | {"PGPASSWORD": "", "PGPASSFILE": "/nonexistent"}
    assert psql(strict, "select 1", "postgres", socket) == "1"
    strict.sql("create role guest login password 'of the guest'")
    assert "no password supplied" in strict.refuses(socket | {"PGUSER": "guest"})


def test_the_probe_sees_a_server_that_demands_tls(strict: TlsServer) -> None:
    words: list[str | Path] = [strict.binaries / "pg_isready", "--quiet", "-h", "127.0.0.1"]
    words += ["-U", "postgres", "-d", "postgres"]
    environment = strict.environment() | {"PGPORT": str(strict.port)}
    assert run_as(strict.identity, words, environment).returncode == 0


def test_a_renewed_certificate_is_taken_over_by_a_reload(lenient: TlsServer, box: Sandbox) -> None:
    old = box.directory("old-ca") / "ca.crt"
    old.write_text((lenient.mounted / "ca.crt").read_text())
    lenient.renew(OTHER_CA)
    lenient.sql("select pg_reload_conf()")
    wait_for("the new certificate", lambda: trusts(lenient, lenient.mounted / "ca.crt"), RELOADED)
    assert not trusts(lenient, old)


def trusts(server: TlsServer, ca: Path) -> bool:
    """Whether a client with this CA's certificate gets in."""
    try:
        return psql(server, "select 1", "postgres", server.verifying(PGSSLROOTCERT=str(ca))) == "1"
    except SqlError:
        return False


@pytest.fixture
def job(bare: Scripts, strict: TlsServer, source: Server) -> Scripts:
    """The scripts as the CronJobs run them: by TCP, with the CA."""
    strict.reset()
    fill(strict)
    bare.run("init-store").expect(0)
    return bare.with_(server=strict, also=strict.verifying())


def test_backup_verification_and_restore_go_over_verified_tls(
    job: Scripts, strict: TlsServer
) -> None:
    """The verification starts a server of its own on a private socket, with all of these variables set."""
    name = job.with_(PGCHANNELBINDING="require").backup()
    job.with_(PGREQUIREAUTH="scram-sha-256", PGCHANNELBINDING="require").verify(name).expect(0)
    strict.sql("drop database brewget_settings with (force)")
    job.run("restore", name, "--database", "brewget_settings").expect(0)
    assert strict.sql("select count(*) from settings", "brewget_settings") == "100"


def test_a_backup_from_a_server_that_is_not_ours_is_refused(job: Scripts, box: Sandbox) -> None:
    other = box.directory("other-ca") / "ca.crt"
    other.write_text(OTHER_CA["certificate"])
    refused = job.with_(PGSSLROOTCERT=str(other)).run("backup").expect(69)
    assert "certificate verify failed" in refused.stderr
    assert Store(job.root).names() == []
