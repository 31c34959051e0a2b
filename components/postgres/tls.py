"""TLS for connections to the server, and who is let in how (pg_hba.conf)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster import names
from components.cluster.stash import stash_once
from components.postgres import certificates
from components.postgres.passwords import fingerprint
from components.settings.tls import TlsSettings
from components.settings.types import TlsMode

# Time enough to hand out a new CA to every client.
LAST_YEAR = timedelta(days=365)
CERTIFICATE = "/run/secrets/tls"
HBA = "/etc/postgresql"
# What postgres is started with. Arguments win over postgresql.conf and ALTER SYSTEM: no restored
# or adopted data directory can switch TLS off or bring rules of its own.
SERVER_OPTIONS = {
    "ssl": "on",
    "ssl_cert_file": f"{CERTIFICATE}/tls.crt",
    "ssl_key_file": f"{CERTIFICATE}/tls.key",
    "hba_file": f"{HBA}/pg_hba.conf",
}


def hba(mode: TlsMode, *, has_archiver: bool = False) -> str:
    """pg_hba.conf. What no line names is refused: `hostssl` alone keeps unencrypted clients out.

    Loopback is `kubectl port-forward`, encrypted by Kubernetes up to the pod. Many container
    runtimes break it off when a TLS session inside ends (kubernetes/kubernetes#111825).
    """
    over_tcp = "hostssl" if mode is TlsMode.REQUIRED else "host"
    # `all` does not mean replication. The archiver is in the pod, and the same user.
    replication = "local replication postgres peer\n" if has_archiver else ""
    return (
        "# Inside the pod its user postgres is the superuser: this is `kubectl exec … psql`.\n"
        f"local all postgres peer\n{replication}"
        "local all all scram-sha-256\n"
        "host all all 127.0.0.1/32 scram-sha-256\n"
        "host all all ::1/128 scram-sha-256\n"
        f"{over_tcp} all all all scram-sha-256\n"
    )


def hosts(namespace: str, service: str = names.SERVICE) -> list[str]:
    """The names that clients know the server by; localhost is for `kubectl port-forward`."""
    short = f"{service}.{namespace}"
    inside = [service, short, f"{short}.svc", names.address(namespace, service)]
    return [*inside, "localhost", "127.0.0.1"]


class ServerTls:
    """The server's certificate in a Secret, and pg_hba.conf in a ConfigMap.

    Not a component of its own: it is the part of PostgresDatabase that knows TLS.
    """

    resources: list[pulumi.Resource]
    secret: str
    """The Secret with the certificate: one of ours, or the one that the settings name."""
    ca: pulumi.Output[str] | None
    """The CA's certificate, or None where the Secret comes from somebody else."""
    fingerprint: pulumi.Output[str]
    """Changes with the certificate and with pg_hba.conf, which the server reads when it starts."""

    def __init__(
        self,
        name: str,
        settings: TlsSettings,
        *,
        namespace: pulumi.Output[str],
        service: str,
        has_archiver: bool,
        parent: pulumi.Resource,
    ) -> None:
        self._settings, self._namespace = settings, namespace
        self._opts = pulumi.ResourceOptions(parent=parent)
        rules = hba(settings.mode, has_archiver=has_archiver)
        self.resources = [self._config_map(name, rules)]
        self.secret = settings.secret_name or names.TLS_SECRET
        self.ca = None
        certificate = pulumi.Output.from_input(settings.secret_name)
        if not settings.secret_name:
            ca, key = self._kept(name)
            # Public, both: shown in previews, and not taken for secret where they are used.
            self.ca = pulumi.Output.unsecret(ca.apply(lambda kept: kept["certificate"]))
            where = namespace.apply(lambda space: hosts(space, service))
            pair = pulumi.Output.all(ca, key, where).apply(lambda all_: self._certificate(*all_))
            certificate = pulumi.Output.unsecret(pair.apply(lambda made: made["tls.crt"]))
            self.resources.append(self._secret(name, pair, self.ca))
        self.fingerprint = certificate.apply(lambda text: fingerprint([text, rules]))

    def _kept(self, name: str) -> tuple[pulumi.Output[Mapping[str, str]], pulumi.Output[str]]:
        """The CA and the server's key: the first ones of this generation."""
        suffix = f"-{self._settings.generation}" if self._settings.generation else ""
        made = pulumi.Output.secret(certificates.new_ca(datetime.now(UTC)))
        ca = stash_once(f"{name}-ca{suffix}", made, self._opts)
        new = pulumi.Output.secret(certificates.new_key())
        key = stash_once(f"{name}-key{suffix}", new, self._opts)
        return pulumi.Output.secret(ca.apply(dict)), pulumi.Output.secret(key.apply(str))

    def _certificate(self, ca: Mapping[str, str], key: str, where: list[str]) -> dict[str, str]:
        now, days = datetime.now(UTC), self._settings.validity_days
        end = certificates.expires(ca["certificate"])
        if end - now < min(timedelta(days=days), LAST_YEAR):
            pulumi.log.warn(
                f"The CA of the server's certificate ends on {end:%Y-%m-%d}. Make a new one and "
                "give clients its ca.crt: pulumi config set --path postgres.tls.generation 2"
            )
        pair = certificates.server_certificate(ca, key, where, days=days, now=now)
        return {"tls.crt": pair.certificate, "tls.key": pair.key}

    def _meta(self, name: str) -> meta.v1.ObjectMetaArgs:
        return meta.v1.ObjectMetaArgs(name=name, namespace=self._namespace, labels=names.PART_OF)

    def _secret(
        self, name: str, pair: pulumi.Output[dict[str, str]], ca: pulumi.Output[str]
    ) -> core.v1.Secret:
        return core.v1.Secret(
            f"{name}-tls",
            metadata=self._meta(names.TLS_SECRET),
            type="kubernetes.io/tls",
            string_data={
                "tls.crt": pair.apply(lambda made: made["tls.crt"]),
                "tls.key": pair.apply(lambda made: made["tls.key"]),
                "ca.crt": ca,
            },
            opts=self._opts,
        )

    def _config_map(self, name: str, rules: str) -> core.v1.ConfigMap:
        return core.v1.ConfigMap(
            f"{name}-hba",
            metadata=self._meta(names.HBA),
            data={"pg_hba.conf": rules},
            opts=self._opts,
        )
