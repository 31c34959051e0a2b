"""The console's settings, from its environment, in one typed model."""

import ipaddress
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

PREFIX = "CONSOLE_"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Digest(StrEnum):
    """How often there is one."""

    OFF = "off"
    WEEKLY = "weekly"


class SettingsError(Exception):
    """Settings that cannot be used, one sentence each."""


class Settings(BaseModel):
    """Every setting; `token_file` is read from CONSOLE_TOKEN_FILE, and so on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    store: Path = Path("/backup")
    store_id: str = ""
    """Identity of the store that is expected; empty accepts the one that is found."""
    min_free_bytes: int = Field(67_108_864, ge=0)
    """Below it backup.sh refuses to run."""
    repeat_days: int = Field(35, ge=0)
    """Within so many days every verified set is restored again; 0: never."""
    scrub_days: int = Field(7, ge=0)
    """Within so many days the bytes of every set are read again; 0: never."""
    rpo_seconds: float = Field(0, ge=0)
    """Changes of so many seconds may be lost; 0: no budget."""
    rto_seconds: float = Field(0, ge=0)
    """A recovery may take so many seconds; 0: no budget."""
    archive: bool = False
    """Whether the store has an archive of every second beside the sets."""
    archive_sets: bool = True
    """Whether sets are copied off this machine."""
    archive_hours: float = Field(6, gt=0)
    """Within so many hours each repository of the archive gets a backup."""
    namespace: str = "brewget"
    interval_seconds: float = Field(21_600, gt=0)
    """Between two backups, while the schedule cannot be read from the cluster."""
    token_file: Path | None = None
    """Holds the token that a person logs in with."""
    proxy_header: str = ""
    """Header in which an authenticating proxy names the user, such as X-Forwarded-Email."""
    proxy_addresses: tuple[Network, ...] = ()
    """Networks from which that header is believed."""
    https: bool = False
    """Whether browsers reach the console by HTTPS only; cookies are then sent by no other way."""
    notify_file: Path | None = None
    """Apprise URLs, one a line."""
    notify_success: bool = False
    """Whether each backup that was verified is told."""
    digest: Digest = Digest.OFF
    """How often it is told how things are, be they good or bad."""
    heartbeat_file: Path | None = None
    """Holds the URL that is asked for after each look that finds nothing wrong."""
    state: Path | None = None
    """A writable directory for what was notified already."""
    look_seconds: float = Field(60, gt=0)
    """Between two looks for something to notify."""
    hang_seconds: float = Field(30, gt=0)
    """Within so many seconds a look into the store ends, be it a slow disk with a thousand sets."""
    name: str = "BrewGet PostgreSQL"
    """What the page and the notifications call the database."""

    @field_validator("proxy_addresses", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        return value.split() if isinstance(value, str) else value


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Settings out of the CONSOLE_* variables; an empty one counts as unset."""
    values = {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX) and value
    }
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        raise SettingsError(
            "\n".join(sorted(f"{_key(d['loc'])}: {d['msg']}" for d in details))
        ) from error
    if problems := _conflicts(settings):
        raise SettingsError("\n".join(problems))
    return settings


def _key(location: tuple[int | str, ...]) -> str:
    return PREFIX + str(location[0]).upper()


def _conflicts(settings: Settings) -> list[str]:
    found = []
    if bool(settings.proxy_header) != bool(settings.proxy_addresses):
        found.append(
            "CONSOLE_PROXY_HEADER and CONSOLE_PROXY_ADDRESSES go together: a header that anybody "
            "may send identifies nobody"
        )
    if not settings.token_file and not settings.proxy_header:
        found.append(
            "nobody could log in: set CONSOLE_TOKEN_FILE, or CONSOLE_PROXY_HEADER with "
            "CONSOLE_PROXY_ADDRESSES"
        )
    if not settings.notify_file and (settings.notify_success or settings.digest is not Digest.OFF):
        found.append(
            "CONSOLE_NOTIFY_SUCCESS and CONSOLE_DIGEST need CONSOLE_NOTIFY_FILE: nobody would "
            "hear of it"
        )
    if settings.notify_file and not settings.state:
        found.append(
            "CONSOLE_NOTIFY_FILE needs CONSOLE_STATE, a writable directory: without it each "
            "restart would notify again"
        )
    return found
