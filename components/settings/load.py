"""From Pulumi's flat, untyped configuration to Settings, or to all the reasons why not at once."""

import difflib
import json
from collections.abc import Mapping
from typing import Any

import pulumi
from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from components.settings.model import Settings


def load_settings() -> Settings:
    """This stack's settings. Ends the program with one sentence for each that cannot be used."""
    prefix = f"{pulumi.get_project()}:"
    config = {
        key.removeprefix(prefix): value
        for key, value in pulumi.runtime.config.CONFIG.get().items()
        if key.startswith(prefix)
    }
    encrypted = {key for key in config if pulumi.runtime.config.is_config_secret(prefix + key)}
    return parse(config, encrypted)


def parse(config: Mapping[str, str], encrypted: set[str]) -> Settings:
    """Settings out of `config`: keys without the project, `encrypted` ones set with --secret."""
    known = leaves(Settings)
    values, problems = _flat(config, known)
    problems += [_unknown(key, values, known) for key in sorted(values.keys() - known.keys())]
    problems += [
        f"{key} is not encrypted. Example: pulumi config set --secret {key}"
        for key, field in known.items()
        if field.annotation is SecretStr and values.get(key)
        if not {key, key.split(".")[0]} & encrypted
    ]
    typed = {key: _typed(known[key], value) for key, value in values.items() if key in known}
    settings = None
    try:
        settings = Settings.model_validate(_nested(typed))
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        problems += [_sentence(detail, known, typed) for detail in details]
    if problems or settings is None:
        raise pulumi.RunError("\n".join(dict.fromkeys(problems)))
    return settings


def leaves(model: type[BaseModel], prefix: str = "") -> dict[str, FieldInfo]:
    """Every setting below `model` by its dotted key."""
    found: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        key = prefix + (field.alias or name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= leaves(field.annotation, f"{key}.")
        else:
            found[key] = field
    return found


def plain_default(field: FieldInfo) -> str | int | bool | list[str]:
    """A setting's default as Pulumi.yaml writes it."""
    value = field.default
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int) else str(value)


def _flat(
    config: Mapping[str, str], known: Mapping[str, FieldInfo]
) -> tuple[dict[str, Any], list[str]]:
    """Dotted keys, whether set as `pulumi config set a.b` or, with --path, inside an object `a`."""
    groups = {key.split(".")[0] for key in known if "." in key}
    values: dict[str, Any] = {key: config[key] for key in config if key not in groups}
    problems = []
    for group in sorted(groups & config.keys()):
        for key, value in _inside(group, _json(config[group])).items():
            if key in values and key in known and not _is_default(known[key], values[key]):
                problems.append(
                    f"{key} is set twice, plainly and with --path. "
                    f"Example: pulumi config rm --path '{key}'"
                )
            values[key] = value
    return values, problems


def _inside(key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        return {key: value}
    return {
        k: v for name, below in value.items() for k, v in _inside(f"{key}.{name}", below).items()
    }


def _is_default(field: FieldInfo, value: str) -> bool:
    # Pulumi fills in the default of each key that the stack does not set: that is no setting.
    default = plain_default(field)
    return value == default or _json(value) == default


def _typed(field: FieldInfo, value: Any) -> Any:
    return _json(value) if isinstance(field.default, tuple) else value


def _json(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except json.JSONDecodeError:
        return value


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *groups, name = key.split(".")
        branch = tree
        for group in groups:
            branch = branch.setdefault(group, {})
        branch[name] = value
    return tree


def _unknown(key: str, values: Mapping[str, Any], known: Mapping[str, FieldInfo]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)[0]
    return (
        f"{key} is {_shown(values[key])}, which is no setting; the nearest is {near}. "
        f"Example: pulumi config rm {key}; all settings are in Pulumi.yaml"
    )


def _sentence(
    detail: ErrorDetails, known: Mapping[str, FieldInfo], values: Mapping[str, Any]
) -> str:
    if detail["type"] == "conflicts":
        return detail["msg"]
    key = ".".join(part for part in detail["loc"] if isinstance(part, str))
    field = known[key]
    extra = field.json_schema_extra
    assert isinstance(extra, dict)  # noqa: S101 (every field is made by `setting`)
    error = detail.get("ctx", {}).get("error")
    shown = "(secret)" if field.annotation is SecretStr else _shown(values[key])
    reason = f", but {error}" if isinstance(error, ValueError) else ""
    example = str(extra["example"])
    command = example if example.startswith("--") else f"{key} {example}"
    allowed = f"Allowed: {extra['allowed']}. Example: pulumi config set {command}"
    return f"{key} is {shown}{reason}. {allowed}"


def _shown(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else json.dumps(value)
