"""What each kind of server has for settings: combinations with postgres.engine that are refused."""

from collections.abc import Iterator
from functools import reduce
from typing import Any

from components.settings.external import ExternalSettings
from components.settings.fields import is_secret, leaves, set_command
from components.settings.model import Settings
from components.settings.refusals import quoted
from components.settings.types import Accept, Engine, SslMode

_EXTERNAL = f"postgres.engine is '{Engine.EXTERNAL}'"
_BY_OTHERS = "that server is run by others"
_BY_HAND = (
    "an up restores nothing into a server of others; by hand: scripts/restore-postgres.sh SET"
)
_OWN = {
    "postgres.upgradeFrom": _BY_OTHERS,
    "postgres.databases": "external.databases names what is saved of it",
    "postgres.dataSize": _BY_OTHERS,
    "postgres.storageClass": _BY_OTHERS,
    "postgres.password": "its role has external.password or external.secret",
    "postgres.passwordGeneration": _BY_OTHERS,
    "postgres.clients": _BY_OTHERS,
    "postgres.tls.": "external.sslmode and external.ca say how it is reached",
    "startup.": "no server starts here",
    "archive.enabled": "only the changes of a server of our own are archived",
    "offsite.kind": "what goes off this machine goes with an archive; backup.storage may lie there",
    "backup.onDestroy": "destroy deletes no server, so it takes no last set",
    "restoreFrom": _BY_HAND,
    "restoreTo": _BY_HAND,
}
"""What only a server of our own has, or all keys below it, and why one of others has not."""


def conflicts(settings: Settings) -> Iterator[str]:
    """Settings of the other kind of server, and what this kind lacks."""
    if settings.postgres.engine is not Engine.EXTERNAL:
        yield from _of_external(settings)
        return
    yield from _of_own(settings)
    yield from _needed(settings.external)
    yield from _trust(settings.external)


def _of_external(settings: Settings) -> Iterator[str]:
    for key, value in _set(settings).items():
        if key.startswith("external."):
            yield (
                f"{key} is {value}, but postgres.engine is '{settings.postgres.engine}' and only "
                f"'{Engine.EXTERNAL}' has it. Example: {_removal(key)}"
            )


def _of_own(settings: Settings) -> Iterator[str]:
    for key, value in _set(settings).items():
        # A store is on a disk of its own or not, whoever runs the server.
        if key == "startup.accept" and settings.startup.accept == Accept.VOLATILE_STORE:
            continue
        for own, why in _OWN.items():
            if key == own or (own.endswith(".") and key.startswith(own)):
                yield f"{key} is {value}, but {_EXTERNAL} and {why}. Example: {_removal(key)}"


def _needed(external: ExternalSettings) -> Iterator[str]:
    fields = leaves(ExternalSettings)
    for key, value in (("host", external.host), ("user", external.user)):
        if not value:
            yield (
                f"external.{key} is not set, but {_EXTERNAL} and needs it. "
                f"Example: {set_command(f'external.{key}', fields[key])}"
            )
    is_given = bool(external.password.get_secret_value())
    if not (is_given or external.secret):
        yield (
            f"external.password is not set, but {_EXTERNAL} and needs it, or external.secret. "
            f"Example: {set_command('external.password', fields['password'])}"
        )
    if is_given and external.secret:
        yield (
            f"external.secret is '{external.secret}', but external.password is set too and only "
            "one is read. Example: pulumi config rm --path external.password"
        )


def _trust(external: ExternalSettings) -> Iterator[str]:
    if external.ca and not external.sslmode.verifies:
        yield (
            f"external.ca is set, but external.sslmode is '{external.sslmode}' and looks at no "
            "certificate. Example: pulumi config rm --path external.sslmode"
        )
    if external.sslmode is SslMode.VERIFY_CA and not external.ca:
        yield (
            f"external.ca is not set, but external.sslmode is '{external.sslmode}', and one of all "
            "CAs has signed anybody's certificate. "
            "Example: pulumi config set --path external.ca < ca.crt"
        )


def _set(settings: Settings) -> dict[str, str]:
    """What has another value than by default, as a sentence shows it."""
    values = settings.model_dump(by_alias=True)
    fields = {
        key: (field, _at(values, key))
        for key, field in leaves(Settings).items()
        if _at(values, key) != field.default
    }
    return {
        key: "set" if is_secret(field) else quoted(value) for key, (field, value) in fields.items()
    }


def _at(values: dict[str, Any], key: str) -> Any:
    return reduce(lambda below, name: below[name], key.split("."), values)


def _removal(key: str) -> str:
    return f"pulumi config rm {'--path ' if '.' in key else ''}{key}"
