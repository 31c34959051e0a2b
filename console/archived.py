"""What can be wrong with the archive: rules over plain facts, with the clock passed in.

The sets are whole without it, so nothing here is worse than a warning.
"""

from collections.abc import Iterator, Set

from console.archive import OFFSITE, SEGMENT_BYTES, Archive, Copies, Drill, Position, Slot
from console.problem import CLOCK_SLACK, Code, Level, Problem, stale_after
from console.words import DAY, HOUR, MINUTE, short, size, span

STALE_SECONDS = 5 * MINUTE
"""The archiver writes each minute."""
STARTING_SECONDS = 15 * MINUTE
"""A server that comes up for the first time, or back from its archive, writes later."""
FIRST_BACKUP_SECONDS = 6 * HOUR
MOST_WAITING = 64
"""Segments: a gibibyte, which a server that is written to much may make in a minute."""
DRILL_SECONDS, OFFSITE_DRILL_SECONDS = 3 * DAY, 15 * DAY
"""It is due every day, from off-site every week: two may fail to run unseen."""
COPIES_SECONDS = 3 * DAY
"""Sets are copied off this machine every day: the same."""
OF_POSITION = frozenset({Code.ARCHIVE_SLOT, Code.ARCHIVE_WAITING, Code.ARCHIVE_BACKUP})
OF_WINDOW = OF_POSITION | {Code.ARCHIVE_STALE, Code.ARCHIVE_DRILL}
"""With any of these nobody knows whether each second can be restored to."""
CODES = OF_WINDOW | {Code.OFFSITE_SETS}
_LOG = "kubectl logs postgres-0 -c archiver says why."
_JOBS = "The log of the last Job of postgres-offsite-sets says more."


def problems(archive: Archive, interval: float, now: float) -> Iterator[Problem]:
    """`interval`: seconds within which each repository gets a backup."""
    position = archive.position
    if position is None:
        if now - archive.since > STARTING_SECONDS:
            yield _stale(f"Nothing is known of the archive: {archive.why}.")
    elif is_old(position, now):
        yield _stale(f"The archive was last written {span(now - position.time)} ago.")
    else:
        yield from _position(archive, position, now)
        yield from _backups(archive, position, interval, now)
    for name in archive.repositories:
        yield from _drill(name, archive.drills.get(name), archive.since, now)


def unknown(archive: Archive, now: float) -> frozenset[Code]:
    """Of an archive that nobody writes any more the rest is not known."""
    position = archive.position
    return OF_POSITION if position is None or is_old(position, now) else frozenset()


def off(archive: Archive | None) -> frozenset[Code]:
    """What nothing is said of, because it is switched off."""
    if archive is None:
        return CODES
    has_copies = archive.copies or archive.awaits_copies
    return frozenset() if has_copies else frozenset({Code.OFFSITE_SETS})


def needing(codes: Set[Code]) -> str:
    """What it is that needs somebody, for a headline."""
    only_copies = codes == {Code.OFFSITE_SETS}
    return "its copy off this machine needs you" if only_copies else "its archive needs you"


def is_old(position: Position, now: float) -> bool:
    """Whether it says nothing of the present."""
    return now - position.time > STALE_SECONDS


def _warning(code: Code, text: str, next_: str, subject: str = "") -> Problem:
    return Problem(code, Level.WARNING, text, next_, subject)


def _stale(text: str) -> Problem:
    return _warning(Code.ARCHIVE_STALE, text, f"Does the archiver run? {_LOG}")


def _position(archive: Archive, position: Position, now: float) -> Iterator[Problem]:
    """A slot that is lost is why the newest commit is old: one alarm a cause."""
    if position.time - now > CLOCK_SLACK:
        ahead = span(position.time - now)
        yield _warning(
            Code.CLOCK,
            f"The archive was written in the future ({ahead} ahead): a clock is wrong.",
            "Its ages mean nothing until the clock is right, and no moment should be restored to.",
            "archive",
        )
    if position.slot in {Slot.LOST, Slot.MISSING}:
        yield _warning(
            Code.ARCHIVE_SLOT,
            f"The archive has a gap: its replication slot is {position.slot}.",
            "The archiver makes a new one and takes a backup, which ends the gap. If this stays: "
            + _LOG,
        )
        return
    if position.slot is not Slot.RESERVED and position.slot is not Slot.EXTENDED:
        yield _warning(
            Code.ARCHIVE_SLOT,
            f"The server may soon remove WAL that the archive lacks ({_behind(position)}).",
            f"Is there room in the store, and does the archiver keep up? {_LOG}",
        )
    newest = position.canary
    if newest is None and now - archive.since > STALE_SECONDS:
        yield _stale("No commit is known to be in the archive yet.")
    elif newest is not None and now - newest > STALE_SECONDS:
        how = "" if position.is_streaming else ", and nothing is streamed"
        age = span(now - newest)
        yield _stale(f"The newest commit known to be in the archive is {age} old{how}.")
    for name, count in position.waiting.items():
        if count > MOST_WAITING:
            waiting = f"{count:,} segments of WAL ({size(count * SEGMENT_BYTES)})"
            yield _warning(
                Code.ARCHIVE_WAITING,
                f"The archive's repository {name} does not take its WAL: {waiting} wait for it.",
                f"Can it be reached, and is there room? They stay until it takes them; {_LOG}",
                name,
            )


def _behind(position: Position) -> str:
    state = f"slot {position.slot or 'in an unknown state'}"
    behind = position.behind_bytes
    return state if behind is None else f"{state}, {size(behind)} behind"


def _backups(
    archive: Archive, position: Position, interval: float, now: float
) -> Iterator[Problem]:
    for name, newest in position.backups.items():
        if newest is None and now - archive.since > FIRST_BACKUP_SECONDS:
            text = f"The archive's repository {name} has no backup, so nothing comes back from it."
        elif newest is not None and now - newest > 2 * interval:
            age = span(now - newest)
            text = (
                f"The newest backup in the archive's repository {name} is {age} old; "
                f"one is due every {span(interval)}."
            )
        else:
            continue
        yield _warning(Code.ARCHIVE_BACKUP, text, f"It is tried again each minute; {_LOG}", name)


def _drill(name: str, last: Drill | None, since: float, now: float) -> Iterator[Problem]:
    limit = OFFSITE_DRILL_SECONDS if name == OFFSITE else DRILL_SECONDS
    if last and not last.is_good:
        why = short(last.why or "it does not say why").rstrip(".")
        yield _warning(
            Code.ARCHIVE_DRILL,
            f"The archive's repository {name} did not come back in its last drill: {why}.",
            "Until a drill succeeds rely on the sets. Take one now: press “Back up now”.",
            name,
        )
    elif last is None or last.time is None:
        if now - since > limit:
            text = f"The archive's repository {name} has never been proven by a drill."
            yield _undrilled(text, name)
    elif now - last.time > limit:
        age = span(now - last.time)
        yield _undrilled(f"The last drill of the archive's repository {name} was {age} ago.", name)


def _undrilled(text: str, name: str) -> Problem:
    next_ = "Do its runs start and end? Look at the Jobs of the drill."
    return _warning(Code.ARCHIVE_DRILL, text, next_, name)


def copies(archive: Archive, interval: float, now: float) -> Iterator[Problem]:
    """Of the sets off this machine, where they are copied. `interval`: between two backups."""
    last = archive.copies
    if last is None:
        if archive.awaits_copies and now - archive.since > COPIES_SECONDS:
            text = "No run that copies sets off this machine has ever ended."
            yield _uncopied(text, "Do the Jobs of postgres-offsite-sets start?")
        return
    why = short(last.why or "it does not say why").rstrip(".")
    if last.time is None:
        yield _uncopied(
            f"Whether sets are copied off this machine is not known: {why}.",
            "The next run writes it anew. If this stays: is the console older than the scripts?",
        )
    elif now - last.time > COPIES_SECONDS:
        end = "" if last.is_good else f", and it failed: {why}"
        yield _uncopied(
            f"The last run that copies sets off this machine was {span(now - last.time)} ago{end}.",
            "One is due every day: do the Jobs of postgres-offsite-sets start and end?",
        )
    elif not last.is_good:
        yield _uncopied(
            f"No set was proven off this machine in the last run: {why}.",
            f"It is tried again every day; until then the newest sets are here alone. {_JOBS}",
        )
    else:
        yield from _newest_copy(last, archive.since, interval, now)


def _newest_copy(last: Copies, since: float, interval: float, now: float) -> Iterator[Problem]:
    """Where backups are rare, the newest set is older, and no worse for it."""
    limit = max(COPIES_SECONDS, stale_after(interval) + DAY)
    next_ = f"Only verified sets are copied: is there a newer one? {_JOBS}"
    if last.begun is None:
        if now - since > limit:
            yield _uncopied("No set has ever been copied off this machine.", next_)
    elif now - last.begun > limit:
        age = span(now - last.begun)
        text = f"The newest set that was copied off this machine is {age} old: {last.newest}."
        yield _uncopied(text, next_)


def _uncopied(text: str, next_: str) -> Problem:
    return _warning(Code.OFFSITE_SETS, text, next_)
