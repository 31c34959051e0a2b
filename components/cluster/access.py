"""How a client reaches a server, and what makes it sure of whom it talks to."""

from dataclasses import dataclass

import pulumi

from components.cluster import names
from components.settings.types import SslMode

SECRETS = "/run/secrets/postgres"
"""Where a client's pod has passwords and the CA's certificate."""
PASSWORD = f"{SECRETS}/superuser"
CA = f"{SECRETS}/ca.crt"
SYSTEM = "system"
"""What libpq calls the CAs that an image knows."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """To a server of our own in all but its name, unless something else is said."""

    host: pulumi.Input[str]
    port: int = names.PORT
    user: str = names.SUPERUSER
    sslmode: SslMode = SslMode.VERIFY_FULL
    has_ca: bool = True
    """Whether the CA's certificate is mounted; without it those of the image's system count."""


def client_env(access: Access) -> dict[str, pulumi.Input[str]]:
    """What libpq and the scripts read."""
    root = {"PGSSLROOTCERT": CA if access.has_ca else SYSTEM}
    return {
        "PGHOST": access.host,
        "PGPORT": str(access.port),
        "PGUSER": access.user,
        "PGPASSWORD_FILE": PASSWORD,
        "PGSSLMODE": access.sslmode.value,
        # libpq refuses a weaker mode beside one.
        **(root if access.sslmode.verifies else {}),
    }
