"""When a CronJob runs next: the five fields, as in the stack's schedule."""

from collections.abc import Callable
from datetime import datetime, timedelta

FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
LOOK_AHEAD_DAYS = 8


def next_run(schedule: str, now: datetime) -> datetime | None:
    """The first minute after `now` that fits; None for one too far off, or words we do not read."""
    try:
        fits = _parse(schedule)
    except ValueError:
        return None
    moment = now.replace(second=0, microsecond=0)
    for _ in range(LOOK_AHEAD_DAYS * 24 * 60):
        moment += timedelta(minutes=1)
        if fits(moment):
            return moment
    return None


def _parse(schedule: str) -> Callable[[datetime], bool]:
    fields = schedule.split()
    minutes, hours, days, months, weekdays = (
        _values(field, *limits) for field, limits in zip(fields, FIELDS, strict=True)
    )
    either_day = not fields[2].startswith("*") and not fields[4].startswith("*")

    def fits(moment: datetime) -> bool:
        weekday = moment.isoweekday()
        by_weekday = weekday in weekdays or weekday % 7 in weekdays
        by_day = moment.day in days
        # Both restricted: cron means "or".
        day_fits = by_day or by_weekday if either_day else by_day and by_weekday
        in_day = moment.minute in minutes and moment.hour in hours
        return in_day and day_fits and moment.month in months

    return fits


def _values(field: str, low: int, high: int) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = span.partition("-")
        if first == "*":
            bounds = (low, high)
        elif last or step:
            bounds = (int(first), int(last) if last else high)
        else:
            bounds = (int(first), int(first))
        found.update(range(bounds[0], bounds[1] + 1, int(step or 1)))
    return found
