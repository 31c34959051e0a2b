"""The names of the stack's objects: the seed's, which people, guides and scripts rely on.

Components take those of what they own as arguments, with these as defaults. The others make it one
database in a namespace.
"""

NAMESPACE = "brewget"
SERVICE = "db"
PORT = 5432
STATEFUL_SET = "postgres"
POD = "postgres-0"
DATA_CLAIM = "postgres-data"
BACKUP_VOLUME = "postgres-backup-pv"
BACKUP_CLAIM = "postgres-backup-pvc"
BACKUP_CLASS = "manual"
SCRIPTS = "postgres-backup-scripts"
BACKUP = "postgres-backup"
VERIFY = "postgres-backup-verify"
ARCHIVE = "postgres-archive"
DRILL = "postgres-archive-drill"
OFFSITE_SETS = "postgres-offsite-sets"
ENCRYPTION = "postgres-encryption"
EXTERNAL = "postgres-external"
LIMITS = "postgres-limits"
HBA = "postgres-hba"
CLIENT_CA = "/run/secrets/db/ca.crt"
TLS_SECRET = "db-tls"  # noqa: S105 (the Secret's name)
CONSOLE = "postgres-console"
CONSOLE_PORT = 8080
SUPERUSER = "postgres"
SUPERUSER_SECRET = "postgres-superuser"  # noqa: S105 (the Secret's name)

PART_OF = {"app.kubernetes.io/part-of": "brewget-postgres"}
SERVER_LABELS = {"app": "postgres"}
CONSOLE_LABELS = {"app": CONSOLE}
CONSOLE_CLIENT_LABELS = {"brewget.dev/console-client": "true"}
CLIENT_LABELS = {"brewget.dev/postgres-client": "true"}


def backup_volume(namespace: str) -> str:
    """The volume of the sets: volumes are in no namespace, so all but the seed's name theirs."""
    return BACKUP_VOLUME if namespace == NAMESPACE else f"{BACKUP_VOLUME}-{namespace}"


def database_secret(database: str) -> str:
    """The Secret an application mounts to reach its database."""
    return f"db-{database.replace('_', '-')}"


def address(namespace: str, service: str = SERVICE) -> str:
    """The server's name inside the cluster."""
    return f"{service}.{namespace}.svc.cluster.local"
