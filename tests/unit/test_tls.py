"""TLS: certificates that stay or renew, and where the program puts them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from components.postgres import certificates, tls
from components.settings.types import TlsMode
from tests.unit.conftest import Deploy
from tests.unit.recorder import Recorder, Secret

MADE = datetime(2026, 11, 22, 6, 0, 0, 123, tzinfo=UTC)
CA = certificates.new_ca(MADE)
KEY = certificates.new_key()
STASHED: dict[str, Any] = {
    "postgres-ca": certificates.new_ca(datetime.now(UTC)),
    "postgres-key": KEY,
}


def due(now: datetime, days: int = 90, hosts: tuple[str, ...] = ("db", "127.0.0.1")) -> Any:
    return certificates.server_certificate(CA, KEY, hosts, days=days, now=now)


def read(pem: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem.encode())


def test_the_same_certificate_is_due_until_a_third_of_its_life_is_left() -> None:
    """It follows from what is kept: previews of ordinary days are clean."""
    first = due(MADE)
    assert due(MADE + timedelta(days=59, hours=23)) == first
    second = due(MADE + timedelta(days=60, hours=1))
    assert second.certificate != first.certificate
    assert read(first.certificate).not_valid_after_utc == MADE.replace(microsecond=0) + timedelta(
        90
    )


def test_other_names_and_another_ca_make_another_certificate() -> None:
    assert due(MADE, hosts=("db", "127.0.0.1", "localhost")) != due(MADE)
    other = certificates.new_ca(MADE)
    pair = certificates.server_certificate(other, KEY, ("db", "127.0.0.1"), days=90, now=MADE)
    assert pair.certificate != due(MADE).certificate
    assert read(other["certificate"]).subject != read(CA["certificate"]).subject


@given(st.integers(7, 1000), st.integers(-(10**5), 300_000_000))
def test_at_any_time_a_valid_certificate_with_enough_life_is_due(days: int, later: int) -> None:
    now = MADE + timedelta(seconds=later)
    certificate = read(due(now, days).certificate)
    ca = read(CA["certificate"])
    assert ca.not_valid_before_utc <= certificate.not_valid_before_utc <= max(now, MADE)
    third = timedelta(days=days) / 3
    assert certificate.not_valid_after_utc >= min(now + third, ca.not_valid_after_utc)
    assert certificate.not_valid_after_utc <= ca.not_valid_after_utc


def test_the_ca_signs_servers_and_nothing_else() -> None:
    ca, server = read(CA["certificate"]), read(due(MADE).certificate)
    server.verify_directly_issued_by(ca)
    usage = server.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in usage] == ["1.3.6.1.5.5.7.3.1"]
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (basic.critical, basic.value.ca, basic.value.path_length) == (True, True, 0)
    assert not server.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_the_names_are_those_that_clients_use() -> None:
    assert tls.hosts("ales") == [
        "db",
        "db.ales",
        "db.ales.svc",
        "db.ales.svc.cluster.local",
        "localhost",
        "127.0.0.1",
    ]


@pytest.mark.parametrize("mode", TlsMode)
def test_nobody_comes_in_by_tcp_without_a_password(mode: TlsMode) -> None:
    lines = [line.split() for line in tls.hba(mode).splitlines() if not line.startswith("#")]
    by_tcp = [words for words in lines if words[0] != "local"]
    kind = "hostssl" if mode is TlsMode.REQUIRED else "host"
    assert [(words[0], words[3]) for words in by_tcp] == [
        ("host", "127.0.0.1/32"),
        ("host", "::1/128"),
        (kind, "all"),
    ]
    assert {words[-1] for words in lines} == {"scram-sha-256", "peer"}


def secrets(stack: Recorder) -> dict[str, dict[str, Any]]:
    """Each Secret's data by its name."""
    return {s["metadata"]["name"]: s["stringData"].value for s in stack.all("Secret")}


def test_the_server_gets_its_certificate_and_its_rules(deploy: Deploy) -> None:
    stack = deploy(config={"namespace": "ales"}, stashed=STASHED)
    made = secrets(stack)["db-tls"]
    assert read(made["tls.crt"]).issuer == read(STASHED["postgres-ca"]["certificate"]).subject
    assert made["ca.crt"] == STASHED["postgres-ca"]["certificate"]
    server = stack.pods()["postgres"]["spec"]
    volumes = {volume["name"]: volume for volume in server["volumes"]}
    assert volumes["tls"]["secret"]["secretName"] == "db-tls"
    # 0440: PostgreSQL refuses a key that more than root and one group may read.
    assert volumes["tls"]["secret"]["defaultMode"] == 0o440
    assert volumes["hba"]["configMap"]["name"] == "postgres-hba"
    (container,) = server["containers"]
    places = {m["name"]: m["mountPath"] for m in container["volumeMounts"] if m["readOnly"]}
    assert f"ssl_key_file={places['tls']}/tls.key" in container["command"]
    assert f"hba_file={places['hba']}/pg_hba.conf" in container["command"]
    assert container["command"][:2] == ["bash", "/backup-scripts/serve.sh"]
    assert stack.one("ConfigMap", "postgres-hba")["data"]["pg_hba.conf"] == tls.hba(
        TlsMode.REQUIRED
    )


def test_the_key_goes_to_the_server_alone(deploy: Deploy) -> None:
    stack = deploy(stashed=STASHED)
    key = secrets(stack)["db-tls"]["tls.key"]
    for resource in stack.resources:
        if resource.kind not in {"Secret", "Stash"}:
            assert key not in str(resource.inputs), resource.name
            assert STASHED["postgres-ca"]["key"] not in str(resource.inputs), resource.name
    for name, pod in stack.pods().items():
        assert ("tls.key" in str(pod)) == (name == "postgres")
    assert isinstance(stack.one("Stash", "postgres-ca")["input"], Secret)


def test_jobs_check_whom_they_talk_to(deploy: Deploy) -> None:
    stack = deploy()
    for name in ("postgres-backup", "postgres-backup-verify"):
        (container,) = stack.pods()[name]["spec"]["containers"]
        env = {variable["name"]: variable.get("value") for variable in container["env"]}
        assert env["PGSSLMODE"] == "verify-full"
        assert env["PGHOST"] in tls.hosts("brewget")
        mounted = {m["name"]: m["mountPath"] for m in container["volumeMounts"]}
        assert env["PGSSLROOTCERT"] == f"{mounted['secrets']}/ca.crt"


def test_applications_get_the_ca_with_their_password(deploy: Deploy) -> None:
    stack = deploy(stashed=STASHED)
    data = secrets(stack)["db-brewget-auth"]
    assert (
        data["ca.crt"] == STASHED["postgres-ca"]["certificate"] == stack.exports["ca_certificate"]
    )
    assert "ca_certificate" not in stack.secret_exports
    assert data["uri"].endswith("/brewget_auth?sslmode=require")
    assert data["uri-verify"] == data["uri"].replace(
        "sslmode=require", "sslmode=verify-full&sslrootcert=/run/secrets/db/ca.crt"
    )


def annotation(stack: Recorder) -> str:
    """What restarts the server when it changes."""
    found: str = stack.pods()["postgres"]["metadata"]["annotations"]["brewget.dev/tls"]
    return found


def test_a_second_up_changes_nothing(deploy: Deploy) -> None:
    first, again = (deploy(config={"backup.keep": keep}, stashed=STASHED) for keep in ("11", "12"))
    assert secrets(first)["db-tls"] == secrets(again)["db-tls"]
    assert annotation(first) == annotation(again)
    assert again.one("Stash", "postgres-ca").ignore_changes == ["input"]


def test_a_renewed_certificate_restarts_the_server(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = deploy(config={"postgres.tls.validityDays": "365"}, stashed=STASHED)

    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Later":
            return cls.fromtimestamp(datetime.now(tz).timestamp() + 250 * 86_400, tz)

    monkeypatch.setattr(tls, "datetime", Later)
    # Another value, as runs of the whole program are kept by their settings.
    later = {"postgres.tls.validityDays": "365", "backup.keep": "13"}
    after = deploy(config=later, stashed=STASHED)
    assert secrets(after)["db-tls"]["tls.crt"] != secrets(before)["db-tls"]["tls.crt"]
    assert secrets(after)["db-tls"]["ca.crt"] == secrets(before)["db-tls"]["ca.crt"]
    assert annotation(after) != annotation(before)


def test_the_mode_restarts_the_server(deploy: Deploy) -> None:
    allowed = deploy(config={"postgres.tls.mode": "allowed"}, stashed=STASHED)
    assert annotation(allowed) != annotation(deploy(stashed=STASHED))
    assert "hostssl" not in allowed.one("ConfigMap", "postgres-hba")["data"]["pg_hba.conf"]


def test_a_new_generation_makes_a_new_ca(deploy: Deploy) -> None:
    names = {s.name for s in deploy(config={"postgres.tls.generation": "2"}).all("Stash")}
    assert "postgres-ca-2" in names
    assert "postgres-ca" not in names


def test_with_a_secret_of_cert_manager_nothing_is_made(deploy: Deploy) -> None:
    stack = deploy(config={"postgres.tls.secretName": "certified"})
    assert not [s.name for s in stack.all("Stash") if "ca" in s.name.split("-")]
    assert "db-tls" not in secrets(stack)
    assert "ca.crt" not in secrets(stack)["db-brewget-auth"]
    assert stack.exports["ca_certificate"] is None
    volumes = {v["name"]: v for v in stack.pods()["postgres"]["spec"]["volumes"]}
    assert volumes["tls"]["secret"]["secretName"] == "certified"
    for pod in stack.pods().values():
        (volume,) = [v for v in pod["spec"]["volumes"] if v["name"] == "secrets"]
        (source,) = [s for s in volume["projected"]["sources"] if "ca.crt" in str(s)]
        assert source["secret"]["name"] == "certified"


def test_a_ca_near_its_end_is_told(deploy: Deploy, caplog: pytest.LogCaptureFixture) -> None:
    old = certificates.new_ca(datetime.now(UTC) - timedelta(days=3500))
    stack = deploy(config={"backup.keep": "14"}, stashed={"postgres-ca": old})
    end = read(secrets(stack)["db-tls"]["tls.crt"]).not_valid_after_utc
    assert end == read(old["certificate"]).not_valid_after_utc
    assert re.search(r"ends on \d{4}-\d\d-\d\d.*postgres.tls.generation 2", caplog.text)


def test_a_new_ca_is_nobodys_business(deploy: Deploy, caplog: pytest.LogCaptureFixture) -> None:
    deploy(config={"backup.keep": "15"})
    # asyncio may have a word on a deployment that an earlier test saw refused.
    assert "postgres.tls.generation" not in caplog.text
