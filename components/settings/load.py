"""From Pulumi's configuration to Settings, or to all the reasons why not at once."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pulumi
from pydantic import ValidationError

from components.settings import recovery, spelling
from components.settings.conflicts import conflicts
from components.settings.fields import groups, leaves
from components.settings.model import Settings
from components.settings.refusals import Given, in_clear, masked, sentences


def load_settings() -> Settings:
    """This stack's settings. Ends the program with one sentence for each that cannot be used."""
    config = pulumi.Config()
    found = {name: _value(config, name) for name in _names(config)}
    given = {name: value for name, value in found.items() if value is not None}
    encrypted = {key for key in given if pulumi.runtime.is_config_secret(config.full_key(key))}
    # First, as it explains why the commands of a refusal do not find a key in the old spelling.
    if old := spelling.warning(given, encrypted):
        pulumi.log.warn(old)
    if old := spelling.plain(given):
        pulumi.log.warn(old)
    settings = parse(given, encrypted)
    if unjudged := recovery.warning(settings.recovery, settings.console):
        pulumi.log.warn(unjudged)
    return settings


def parse(given: Mapping[str, Any], encrypted: Collection[str] = ()) -> Settings:
    """Settings out of `given`: groups as objects, all else as texts, by name in the stack's file.

    `encrypted` are the names that Pulumi calls secret: a whole group when one of its values is.
    """
    values, problems = spelling.in_groups(given)
    origin = Given(values=values, encrypted=encrypted)
    settings = None
    try:
        settings = Settings.model_validate(_texts(values), by_alias=True, by_name=False)
    except ValidationError as error:
        problems += sentences(error.errors(include_input=False, include_url=False), origin)
    problems += in_clear(origin)
    if settings:
        problems += [masked(sentence, origin) for sentence in conflicts(settings)]
    if problems or settings is None:
        raise pulumi.RunError("\n".join(problems))
    return settings


def _names(config: pulumi.Config) -> set[str]:
    """All that may be set, in either spelling, and whatever else is in the stack's file."""
    prefix = config.full_key("")
    in_file = pulumi.runtime.get_config_env()
    others = {key.removeprefix(prefix) for key in in_file if key.startswith(prefix)}
    return others | leaves(Settings).keys() | groups(Settings).keys()


def _value(config: pulumi.Config, name: str) -> Any:
    try:
        return config.get_object(name) if name in groups(Settings) else config.get(name)
    except pulumi.ConfigTypeError:
        return config.get(name)  # a text: refused with the others


def _texts(value: Any) -> Any:
    """`value` with numbers and truth values as texts: `--path` makes 2 and true of a word."""
    if isinstance(value, Mapping):
        return {key: _texts(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return json.dumps(value) if isinstance(value, bool | int | float) else value
