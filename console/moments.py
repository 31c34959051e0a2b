"""A restore to a moment of the archive: what the form may ask for, and what is refused before.

Nothing is rounded: a moment is a second of UTC, passed on as it was typed.
"""

import re
from datetime import UTC, datetime

from console import choice
from console.archive import Archive
from console.choice import ChoiceError
from console.forms import Form, one
from console.sets import Picture
from console.wishes import Action, Wish

_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TIME = re.compile(r"\d\d:\d\d(:\d\d)?", re.ASCII)


class MomentError(ChoiceError):
    """Why that moment cannot be had, in one sentence."""


def spelled(seconds: float) -> str:
    """As PostgreSQL and restore-moment.sh read it, with its zone."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}+00"


def require_within(archive: Archive | None, moment: str) -> None:
    """Whether the archive can bring it back, as far as is known: the pod looks again."""
    if archive is None:
        raise MomentError("There is no archive here: archive.enabled is off.")
    if archive.start is None or archive.end is None:
        raise MomentError("It is not known yet which moments the archive can bring back.")
    wanted = _seconds(moment)
    if wanted <= archive.start:
        raise MomentError(
            f"{moment} lies before the first moment that can be restored to, right after "
            f"{spelled(archive.start)}. For an earlier one take a set."
        )
    if wanted > archive.end:
        raise MomentError(
            f"{moment} lies after the newest commit known to be in the archive, "
            f"{spelled(archive.end)}: what was committed then cannot be told yet."
        )


def preview(form: Form, archive: Archive | None, store: Picture, by: str) -> Wish:
    """What the form asks for; a database is one that some set of the store knows."""
    moment = _typed(one(form, "date").strip(), one(form, "time").strip())
    require_within(archive, moment)
    database, name = one(form, "database"), one(form, "name").strip()
    if database:
        database = choice.database(database, store.databases, is_hidden=bool(store.encrypted))
    if name:
        name = choice.other_name(name, of=database)
    if name and "replace" in form:
        raise ChoiceError("Choose one: another name, or to replace what is there.")
    return Wish(
        action=Action.PREVIEW,
        moment=moment,
        databases=(database,) if database else (),
        name=name,
        replace="replace" in form,
        by=by,
    )


def _typed(date: str, time: str) -> str:
    try:
        if not _DATE.fullmatch(date) or not _TIME.fullmatch(time):
            raise ValueError(date)
        moment = datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=UTC)
    except ValueError as error:
        raise MomentError(
            "A date such as 2026-11-22 and a time such as 10:15:00 are needed, in UTC."
        ) from error
    return spelled(moment.timestamp())


def _seconds(moment: str) -> float:
    """Out of a Job's annotation, too, which others may have changed."""
    try:
        found = datetime.fromisoformat(moment)
        if found.tzinfo is None:
            raise ValueError(moment)
        return found.timestamp()
    except ValueError as error:
        raise MomentError("This is no moment with a zone.") from error
