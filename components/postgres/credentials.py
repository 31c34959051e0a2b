"""The superuser's and the application roles' passwords, and the Secrets that carry them."""

import pulumi
from pulumi_kubernetes import core, meta

from components.cluster import names
from components.postgres.passwords import connection_uri, fingerprint, stash_password
from components.settings.postgres import PostgresSettings

# Encrypted, and works with nothing but the text: what most applications read from a variable.
ENCRYPTED = "sslmode=require"
# The server is who it says it is, or there is no connection. Needs the CA's file.
VERIFIED = f"sslmode=verify-full&sslrootcert={names.CLIENT_CA}"


class Credentials:
    """One Secret for the superuser and one for each application database.

    Not a component of its own: it is the part of PostgresDatabase that knows passwords.
    """

    secrets: list[core.v1.Secret]
    uris: dict[str, pulumi.Output[str]]
    """A connection URI by database, secret."""
    fingerprint: pulumi.Output[str]
    """Changes when a password does."""

    def __init__(
        self,
        name: str,
        settings: PostgresSettings,
        *,
        namespace: pulumi.Output[str],
        host: pulumi.Output[str],
        superuser_secret: str,
        ca: pulumi.Output[str] | None,
        parent: pulumi.Resource,
    ) -> None:
        self._namespace, self._host = namespace, host
        self._opts = pulumi.ResourceOptions(parent=parent)
        generation = settings.password_generation
        given = settings.password.get_secret_value()
        superuser = (
            pulumi.Output.secret(given)
            if given
            else stash_password(f"{name}-superuser", generation, self._opts)
        )
        roles = {
            database: stash_password(f"{name}-{database}", generation, self._opts)
            for database in settings.databases
        }
        self.uris = {name: self._uri(name, password, ENCRYPTED) for name, password in roles.items()}
        self.fingerprint = pulumi.Output.all(superuser, *roles.values()).apply(fingerprint)
        self.secrets = [
            self._secret(
                f"{name}-superuser-secret",
                superuser_secret,
                {"username": names.SUPERUSER, "password": superuser},
            ),
            *(
                self._secret(
                    f"{name}-{database}-secret",
                    names.database_secret(database),
                    self._access(database, password) | ({"ca.crt": ca} if ca else {}),
                )
                for database, password in roles.items()
            ),
        ]

    def _uri(self, database: str, password: pulumi.Output[str], tls: str) -> pulumi.Output[str]:
        return pulumi.Output.secret(
            pulumi.Output.all(self._host, password).apply(
                lambda both: connection_uri(both[0], database, both[1], tls=tls)
            )
        )

    def _access(self, database: str, password: pulumi.Output[str]) -> dict[str, pulumi.Input[str]]:
        return {
            "host": self._host,
            "port": str(names.PORT),
            "database": database,
            "username": database,
            "password": password,
            "uri": self.uris[database],
            "uri-verify": self._uri(database, password, VERIFIED),
        }

    def _secret(
        self, logical: str, name: str, data: dict[str, pulumi.Input[str]]
    ) -> core.v1.Secret:
        return core.v1.Secret(
            logical,
            metadata=meta.v1.ObjectMetaArgs(
                name=name, namespace=self._namespace, labels=names.PART_OF
            ),
            string_data=data,
            opts=self._opts,
        )
