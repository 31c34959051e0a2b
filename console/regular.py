"""What is told although nothing is wrong: a backup that was verified, and the week, where wanted.

Marks of what was told are kept whether or not it is: switched on, it begins with what comes next.
"""

from collections.abc import Iterator
from dataclasses import replace

from console import events, views
from console.events import State
from console.message import MOST_LISTED, Event, Kind
from console.problem import Facts, started
from console.safety import Verdict
from console.sets import BackupSet, Picture
from console.words import DAY, HOUR, ago, count, size, span

WEEK = 7 * DAY
_FIRST = 4 * DAY + 7 * HOUR
"""Monday, 5 January 1970, 07:00 UTC, from which the weeks of digests are counted."""


def verified(state: State, store: Picture, receivers: tuple[str, ...], now: float) -> State:
    """With a message for each set that was verified since the last look, newer than all before.

    A kept set that is restored again is none of them.
    """
    if not store.is_known:
        return state
    newest = store.newest(verified=True)
    last = newest.name if newest else ""
    if state.verified is None:
        return replace(state, verified=last)
    new = [each for each in store.published if each.verdict and each.name > state.verified]
    told = [_verified(each, receivers, now) for each in new]
    return replace(events.queued(state, told, receivers), verified=max(last, state.verified))


def due(now: float) -> float:
    """When the last digest was due: a Monday, 07:00 UTC."""
    return (now - _FIRST) // WEEK * WEEK + _FIRST


def weekly(
    state: State, facts: Facts, verdict: Verdict, receivers: tuple[str, ...], now: float
) -> State:
    """With the digest, once a week; late where nobody could send it on time."""
    moment = due(now)
    # One from the future was noted by a clock that ran ahead.
    if state.digest is None or state.digest > now:
        return replace(state, digest=moment)
    if moment <= state.digest:
        return state
    title, about = f"The week: {verdict.headline}", f"{Kind.DIGEST} {views.iso(moment)}"
    body = "\n".join([verdict.headline, "", *_week(facts, now), *_problems(verdict)])
    told = Event(about, Kind.DIGEST, title, body, receivers, about)
    return replace(events.queued(state, [told], receivers), digest=moment)


def _verified(found: BackupSet, receivers: tuple[str, ...], now: float) -> Event:
    manifest, verdict = found.manifest, found.verdict
    assert manifest is not None  # noqa: S101 (published sets have one)
    assert verdict is not None  # noqa: S101 (only verified ones come here)
    databases = count(len(manifest.databases), "database")
    title = f"{found.name} is verified: a restore brought all of its {manifest.rows:,} rows back."
    lines = [
        title,
        f"{databases}, {size(manifest.bytes)}; the restore took {span(verdict.restore_seconds)}.",
    ]
    if verdict.left_out_count:
        missing = count(verdict.left_out_count, "object")
        lines.append(f"{missing} did not come back, which is a warning of its own.")
    about = f"{Kind.SUCCESS} {found.name}"
    return Event(f"{about} {now:.3f}", Kind.SUCCESS, title, "\n".join(lines), receivers, about)


def _week(facts: Facts, now: float) -> Iterator[str]:
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
        took = span(found.verdict.restore_seconds)
        yield f"The newest verified: {found.name}; its restore took {took}."
    if store.free_bytes is not None and store.size_bytes is not None:
        yield f"Free in the store: {size(store.free_bytes)} of {size(store.size_bytes)}."
    archive = facts.archive
    if archive and archive.start is not None and archive.end is not None:
        yield f"Any second from {views.utc(archive.start)} to {views.utc(archive.end)} can be had."
    yield ""


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
