"""The settings of recovery: how much may be lost, and how long it may take."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator

from components.settings.console import ConsoleSettings
from components.settings.fields import Change, Group, setting

DURATION = "a duration such as 30m, 6h or 1h30m, from 1m to 365d"
_PARTS = re.compile(r"(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_SECONDS = (86_400, 3600, 60, 1)
_LEAST, _MOST = 60, 365 * 86_400
_LONGEST = 20


def seconds(text: str) -> int:
    """Of a duration as Kubernetes and Prometheus write it; of an empty one 0."""
    if not text:
        return 0
    found = _PARTS.fullmatch(text) if len(text) <= _LONGEST else None
    if not found:
        raise ValueError("it is not a duration")
    count = sum(int(part or 0) * each for part, each in zip(found.groups(), _SECONDS, strict=True))
    if not _LEAST <= count <= _MOST:
        raise ValueError(f"it is {'shorter than 1m' if count < _LEAST else 'longer than 365d'}")
    return count


def _duration(text: str) -> str:
    seconds(text)
    return text


OptionalDuration = Annotated[str, AfterValidator(_duration)]


class RecoverySettings(Group):
    """Budgets of a recovery, which the console judges by what was measured."""

    rpo: OptionalDuration = setting(
        "",
        "Most time whose changes may be lost; the console warns before, and where it is more.",
        allowed=DURATION,
        example="12h",
        change=Change.CONSOLE,
    )
    rto: OptionalDuration = setting(
        "",
        "Most time that a restore may take, as drills measure it; likewise.",
        allowed=DURATION,
        example="1h",
        change=Change.CONSOLE,
    )


def conflicts(recovery: RecoverySettings, console: ConsoleSettings) -> Iterator[str]:
    """Only where the console is off by choice: `make up` also has it off where its image cannot
    be built, and a database does not stay away for that."""
    if "enabled" in console.model_fields_set:
        for key, value in _unjudged(recovery, console):
            yield (
                f"{key} is '{value}', but console.enabled is false and nobody would judge it. "
                "Example: pulumi config set --path console.enabled true"
            )


def warning(recovery: RecoverySettings, console: ConsoleSettings) -> str:
    """Of budgets that nobody judges; empty where there are none."""
    keys = [key for key, _ in _unjudged(recovery, console)]
    return (
        f"{' and '.join(keys)} {'are' if keys[1:] else 'is'} set, but there is no console, which "
        "alone judges that. To have one: pulumi config set --path console.enabled true"
        if keys
        else ""
    )


def _unjudged(recovery: RecoverySettings, console: ConsoleSettings) -> list[tuple[str, str]]:
    given = (("recovery.rpo", recovery.rpo), ("recovery.rto", recovery.rto))
    return [] if console.enabled else [(key, value) for key, value in given if value]
