"""What a setting is: a typed field with its meaning, what is allowed and what its change does."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo


class Change(StrEnum):
    """What a new value does to a stack that is up."""

    IN_PLACE = "in place"
    SERVER = "restarts the server"
    CONSOLE = "restarts the console"
    GROWS = "grows in place where the StorageClass can; otherwise refused"
    REFUSED = "refused"


class Group(BaseModel):
    """What all groups of settings share: closed, frozen, camel-case keys."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
    )


def setting(
    default: object, description: str, *, allowed: str, example: str, change: Change
) -> Any:
    """A field with all that a refusal and docs/settings.md have to say.

    `example` is a value that works or, where it begins with `--`, the rest of the command.
    """
    extra: dict[str, Any] = {"allowed": allowed, "example": example, "change": change}
    return Field(default, description=description, json_schema_extra=extra)


def leaves(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Every setting below `model` by its dotted key."""
    return {key: field for key, field in _all(model) if not _group(field)}


def groups(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Every group below `model` by its dotted key."""
    return {key: group for key, field in _all(model) if (group := _group(field))}


def allowed(field: FieldInfo) -> str:
    """What may be set, in words."""
    return str(_facts(field)["allowed"])


def change(field: FieldInfo) -> Change:
    """What a new value does to a stack that is up."""
    return Change(_facts(field)["change"])


def set_command(key: str, field: FieldInfo) -> str:
    """The command that sets `key` to its example."""
    example = str(_facts(field)["example"])
    if example.startswith("--"):
        return f"pulumi config set {example}"
    return f"pulumi config set {'--path ' if '.' in key else ''}{key} {example}"


def is_secret(field: FieldInfo) -> bool:
    """Whether its value is never shown."""
    return field.annotation is SecretStr


def plain_default(field: FieldInfo) -> str | int | bool | list[str]:
    """A setting's default as a stack's file writes it."""
    value = field.default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int) else str(value)


def _all(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        yield key, field
        if group := _group(field):
            yield from _all(group, f"{key}.")


def _group(field: FieldInfo) -> type[BaseModel] | None:
    found = field.annotation
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None


def _facts(field: FieldInfo) -> dict[str, Any]:
    extra = field.json_schema_extra
    assert isinstance(extra, dict)  # noqa: S101 (every field is made by `setting`)
    return dict(extra)
