"""What is told although nothing is wrong: a backup that was verified, and the week, where wanted.

Marks of what was told are kept whether or not it is: switched on, it begins with what comes next.
"""

from collections.abc import Iterator, Set
from dataclasses import replace

from console import archived, budgets, events, safety, views
from console.archive import Archive
from console.events import State
from console.message import MOST_LISTED, Event, Kind
from console.problem import Code, Facts, started
from console.safety import Verdict
from console.sets import BackupSet, Picture
from console.words import DAY, HOUR, ago, count, size, span

WEEK = 7 * DAY
_FIRST = 4 * DAY + 7 * HOUR
"""Monday, 5 January 1970, 07:00 UTC, from which the weeks of digests are counted."""


def verified(state: State, store: Picture, receivers: tuple[str, ...], now: float) -> State:
    """With a message for each set that was verified since the last look.

    A kept set that is restored again is none of them. By name, as one mark would not do: the newest
    is verified first, and one from the future is newer than all that follow.
    """
    if not store.is_known:
        return state
    before = {*(state.told or ())}
    new = [each for each in store.published if each.verdict and each.name not in before]
    if state.told is not None:
        messages = [_verified(each, receivers, now) for each in new]
        state = events.queued(state, messages, receivers)
    known = before | {each.name for each in new}
    # Whatever their state: one that was told and is damaged since is told no second time.
    there = {each.name for each in store.sets}
    return replace(state, told=tuple(sorted(known & there)))


def due(now: float) -> float:
    """When the last digest was due: a Monday, 07:00 UTC."""
    return (now - _FIRST) // WEEK * WEEK + _FIRST


def weekly(
    state: State, facts: Facts, verdict: Verdict, receivers: tuple[str, ...], now: float
) -> State:
    """With the digest, once a week; late where nobody could send it on time.

    Looks have to agree on what is wrong: a hiccup at that minute is not how the week was.
    """
    moment = due(now)
    # One from the future was noted by a clock that ran ahead.
    if state.digest is None or state.digest > now:
        return replace(state, digest=moment)
    if moment <= state.digest or not _is_agreed(state, verdict, safety.unknown(facts, now)):
        return state
    title, about = f"The week: {verdict.headline}", f"{Kind.DIGEST} {views.iso(moment)}"
    body = "\n".join([verdict.headline, "", *_week(facts, verdict, now), *_problems(verdict)])
    told = Event(about, Kind.DIGEST, title, body, receivers, about)
    return replace(events.queued(state, [told], receivers), digest=moment)


def _is_agreed(state: State, verdict: Verdict, unknown: Set[Code]) -> bool:
    """Whether this look found what is announced as wrong, and nothing else."""
    now = {each.key: each.level for each in verdict.problems}
    is_new = any(
        key not in state.open or level > state.open[key].level for key, level in now.items()
    )
    is_over = any(key not in now and key.code not in unknown for key in state.open)
    return not (is_new or is_over)


def _verified(found: BackupSet, receivers: tuple[str, ...], now: float) -> Event:
    manifest, verdict = found.manifest, found.verdict
    assert manifest is not None  # noqa: S101 (published sets have one)
    assert verdict is not None  # noqa: S101 (only verified ones come here)
    databases = count(len(manifest.databases), "database")
    title = f"{found.name} is verified: a restore brought all of its {manifest.rows:,} rows back."
    lines = [
        title,
        f"{databases}, {size(manifest.bytes)}; the restore took {_took(verdict.restore_seconds)}.",
    ]
    if verdict.left_out_count:
        missing = count(verdict.left_out_count, "object")
        lines.append(f"{missing} did not come back, which is a warning of its own.")
    about = f"{Kind.SUCCESS} {found.name}"
    return Event(f"{about} {now:.3f}", Kind.SUCCESS, title, "\n".join(lines), receivers, about)


def _week(facts: Facts, verdict: Verdict, now: float) -> Iterator[str]:
    store = facts.store
    if not store.is_known:
        return
    fresh = [each for each in store.published if now - started(each) <= WEEK]
    proven = sum(each.verdict is not None for each in fresh)
    yield f"Backups of the last 7 days that are kept: {len(fresh)}, verified {proven}."
    if newest := store.newest():
        yield f"The newest: {newest.name}, {ago(started(newest), now)}{_held(newest)}."
    found = store.newest(verified=True)
    if found and found.verdict:
        took = _took(found.verdict.restore_seconds)
        yield f"The newest verified: {found.name}; its restore took {took}."
    for each in budgets.view(facts, now):
        yield f"{each.title}: {each.state}. {each.why}."
    if store.free_bytes is not None and store.size_bytes is not None:
        yield f"Free in the store: {size(store.free_bytes)} of {size(store.size_bytes)}."
    if facts.archive and not any(each.code in archived.OF_WINDOW for each in verdict.problems):
        yield from _window(facts.archive)
    yield ""


def _window(archive: Archive) -> Iterator[str]:
    """Nothing before a drill has brought anything back: backups alone have proven nothing."""
    is_proven = any(each.is_good for each in archive.drills.values())
    if is_proven and archive.start is not None and archive.end is not None:
        yield f"Any second from {views.utc(archive.start)} to {views.utc(archive.end)} can be had."


def _took(seconds: float | None) -> str:
    return "an unknown time" if seconds is None else span(seconds)


def _held(found: BackupSet) -> str:
    manifest = found.manifest
    return f", {size(manifest.bytes)}, {manifest.rows:,} rows" if manifest else ""


def _problems(verdict: Verdict) -> Iterator[str]:
    if not verdict.problems:
        yield "Nothing is wrong."
        return
    yield "What is wrong now:"
    for each in verdict.problems[:MOST_LISTED]:
        yield f"- {each.text} {each.next}".rstrip()
    if len(verdict.problems) > MOST_LISTED:
        yield f"- and {len(verdict.problems) - MOST_LISTED} more"
