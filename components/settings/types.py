"""The value types that settings are made of: closed sets, sizes, schedules, optional texts."""

import json
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from components.settings import (
    archive_validators,
    encryption_validators,
    external_validators,
    validators,
)


class Engine(StrEnum):
    """What runs the server that is saved."""

    STATEFULSET = "statefulset"
    """This program."""
    EXTERNAL = "external"
    """Others: nothing of it is made, changed or deleted."""


class SslMode(StrEnum):
    """How sure a connection to a server of others is of whom it talks to: libpq's own words."""

    VERIFY_FULL = "verify-full"
    VERIFY_CA = "verify-ca"
    """Whatever its name is, as for a server that is known by an address alone."""
    REQUIRE = "require"
    """Encrypted, for whoever answers."""
    DISABLE = "disable"

    @property
    def verifies(self) -> bool:
        """Whether the server's certificate is looked at."""
        return self in {SslMode.VERIFY_FULL, SslMode.VERIFY_CA}


class StorageKind(StrEnum):
    """Where the store of backup sets lies."""

    HOST_PATH = "hostPath"
    STORAGE_CLASS = "storageClass"
    NFS = "nfs"
    EXISTING_CLAIM = "existingClaim"


class Hashes(StrEnum):
    """What of each table a set's manifest holds, for a restore to be compared with."""

    FULL = "full"
    ROWS = "rows"


class DumpFormat(StrEnum):
    """pg_dump's formats that a set can be made of."""

    CUSTOM = "custom"
    DIRECTORY = "directory"


class OnDestroy(StrEnum):
    """What happens before the server is deleted."""

    BACKUP = "backup"
    NOTHING = "nothing"


class Clients(StrEnum):
    """Who may open a connection to the server."""

    LABELLED = "labelled"
    NAMESPACE = "namespace"
    ANYONE = "anyone"


class TlsMode(StrEnum):
    """Whether a client may connect without TLS."""

    REQUIRED = "required"
    ALLOWED = "allowed"


class OffsiteKind(StrEnum):
    """What holds the archive's repository off this machine."""

    NONE = ""
    S3 = "s3"
    GCS = "gcs"
    AZURE = "azure"
    SFTP = "sftp"


class Digest(StrEnum):
    """How often the console tells how things are, be they good or bad."""

    OFF = "off"
    WEEKLY = "weekly"
    """Mondays from 07:00 UTC."""


class UriStyle(StrEnum):
    """Where the address of an object has the name of its bucket or account."""

    HOST = "host"
    PATH = "path"


class Accept(StrEnum):
    """States of the data directory or the store at which start-up stops unless accepted."""

    UNMARKED_DATA = "unmarked-data"
    FRESH_START = "fresh-start"
    NO_STORE = "no-store"
    VOLATILE_STORE = "volatile-store"
    OTHER_STORE = "other-store"
    SERVER_SETTINGS = "server-settings"
    """Those of ALTER SYSTEM are set aside where the server does not start with them."""
    SHORTER_WAL = "shorter-wal"
    """The archive ends before what it is known to have held: what it has comes back."""
    OTHER_VERSION = "other-version"
    """The stack's state does not count; start-up looks at the data, and refuses as ever."""


def _optional(rule: Callable[[str], str]) -> AfterValidator:
    # Empty means "not set": a key of Pulumi.yaml without a default has to be set in every stack.
    return AfterValidator(lambda text: text and rule(text))


def _at_least(least: str) -> AfterValidator:
    return AfterValidator(lambda text: validators.quantity(text, least))


def as_list(value: Any) -> Any:
    """A list set as a whole comes as a text: `pulumi config set --path KEY '["a", "b"]'`."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return value


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) != len(names):
        raise ValueError("it names one twice")
    return names


def _databases(names: tuple[str, ...]) -> tuple[str, ...]:
    if not names:
        raise ValueError("it is empty")
    return tuple(validators.database(name) for name in _each_once(names))


def _database_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in _each_once(names):
        if not name or not name.isprintable():
            raise ValueError(f"{name!r} is not a database name")
    return names


def _role_patterns(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for name in _each_once(patterns):
        if not name or not name.isprintable():
            raise ValueError(f"{name!r} is not the name of a role")
        if any(letter.isspace() or letter == "\\" for letter in name):
            raise ValueError(f"{name!r} has a blank or a backslash")
    return patterns


def _recipients(keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(encryption_validators.recipient(key) for key in _each_once(keys))


def _accepted(text: str) -> str:
    for word in text.split():
        if word not in set(Accept):
            raise ValueError(f"{word!r} is not one of these")
    return " ".join(text.split())


def _passphrase(secret: SecretStr) -> SecretStr:
    archive_validators.passphrase(secret.get_secret_value())
    return secret


def _identity(secret: SecretStr) -> SecretStr:
    encryption_validators.identity(secret.get_secret_value())
    return secret


def _password(secret: SecretStr) -> SecretStr:
    validators.password(secret.get_secret_value())
    return secret


Image = Annotated[str, AfterValidator(validators.image)]
OptionalImage = Annotated[str, _optional(validators.image)]
Databases = Annotated[tuple[str, ...], BeforeValidator(as_list), AfterValidator(_databases)]
DatabaseNames = Annotated[
    tuple[str, ...], BeforeValidator(as_list), AfterValidator(_database_names)
]
RolePatterns = Annotated[tuple[str, ...], BeforeValidator(as_list), AfterValidator(_role_patterns)]
Recipients = Annotated[tuple[str, ...], BeforeValidator(as_list), AfterValidator(_recipients)]
Identity = Annotated[SecretStr, AfterValidator(_identity)]
Password = Annotated[SecretStr, AfterValidator(_password)]
Label = Annotated[str, AfterValidator(validators.dns_label)]
OptionalLabel = Annotated[str, _optional(validators.dns_label)]
OptionalHost = Annotated[str, _optional(validators.host)]
OptionalServer = Annotated[str, _optional(external_validators.server)]
OptionalRole = Annotated[str, _optional(external_validators.role)]
OptionalCertificates = Annotated[str, _optional(external_validators.certificates)]
AbsolutePath = Annotated[str, AfterValidator(validators.absolute_path)]
Cron = Annotated[str, AfterValidator(validators.cron)]
TimeZone = Annotated[str, AfterValidator(validators.time_zone)]
Compression = Annotated[str, AfterValidator(validators.compression)]
Cpu = Annotated[str, AfterValidator(validators.cpu)]
Memory = Annotated[str, _at_least("64Mi")]
VolumeSize = Annotated[str, _at_least("256Mi")]
Accepted = Annotated[str, AfterValidator(_accepted)]
OptionalSet = Annotated[str, _optional(validators.backup_set)]
OptionalRestorable = Annotated[str, _optional(validators.restorable)]
OptionalMoment = Annotated[str, _optional(archive_validators.moment)]
OptionalTools = Annotated[str, _optional(validators.tools_image)]
OptionalBucket = Annotated[str, _optional(archive_validators.bucket)]
OptionalEndpoint = Annotated[str, _optional(archive_validators.endpoint)]
OptionalFingerprint = Annotated[str, _optional(archive_validators.host_key)]
Passphrase = Annotated[SecretStr, AfterValidator(_passphrase)]
Nonce = Annotated[str, _optional(validators.nonce)]
Seconds = Annotated[int, Field(ge=10, le=86_400)]
Hours = Annotated[int, Field(ge=1, le=8760)]
Fulls = Annotated[int, Field(ge=1, le=1000)]
Periods = Annotated[int, Field(ge=0, le=1000)]
GroupId = Annotated[int, Field(ge=0, le=65533)]

SECONDS = "a whole number of seconds from 10 to 86400"
HOURS = "a whole number of hours from 1 to 8760"
FULLS = "a whole number from 1 to 1000"
TOOLS = "an image with a tag or a digest"
PASSPHRASE = "a secret of 20 to 200 printable characters without blanks"  # noqa: S105 (words)
MOMENT = "a date and a time with seconds and an offset from UTC"
PERIODS = "a whole number from 0 to 1000"
MEMORY = "a whole number with Ki, Mi, Gi or Ti, at least 64Mi"
VOLUME_SIZE = "a whole number with Ki, Mi, Gi or Ti, at least 256Mi"
CRON = "a schedule of five fields (minute, hour, day, month, weekday) or a macro such as @hourly"
WORD = "one word of letters, digits, '.', ':', '+', '-' and '_'"
