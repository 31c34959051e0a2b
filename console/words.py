"""Times and sizes as a person says them."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
MINUTE, HOUR, DAY = 60, 3600, 86_400
KIB = 1024
SHORT = 200


def span(seconds: float) -> str:
    """For example `3 d 4 h`, `2 h 5 min`, `40 s`."""
    whole = int(max(0.0, seconds))
    if whole >= DAY:
        return _two(whole // DAY, "d", whole // HOUR % 24, "h")
    if whole >= HOUR:
        return _two(whole // HOUR, "h", whole // MINUTE % 60, "min")
    if whole >= MINUTE:
        return _two(whole // MINUTE, "min", whole % MINUTE, "s")
    return f"{whole} s"


def _two(large: int, unit: str, small: int, small_unit: str) -> str:
    return f"{large} {unit} {small} {small_unit}" if small else f"{large} {unit}"


def ago(moment: float, now: float) -> str:
    """`moment` seen from `now`."""
    return f"in {span(moment - now)}" if moment > now else f"{span(now - moment)} ago"


def size(count: float) -> str:
    """For example `1.4 GiB`."""
    unit = 0
    while count >= KIB and unit < len(_UNITS) - 1:
        count, unit = count / KIB, unit + 1
    return f"{count:.0f} {_UNITS[unit]}" if unit == 0 else f"{count:.1f} {_UNITS[unit]}"


def short(text: str) -> str:
    """A reason in a list or a title; all of it is on the set's own page."""
    # One line, and nothing that moves a reader's cursor: it may be anybody's text.
    line = "".join(each if each.isprintable() else " " for each in text[: SHORT + 1])
    return line if len(line) <= SHORT else f"{line[: SHORT - 1].rstrip()}…"


def count(number: int, what: str) -> str:
    """For example `1 object`, `1,200 objects`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def change(now: int, before: int) -> str:
    """Signed, or `no change`."""
    return "no change" if now == before else f"{now - before:+,}"
