"""The archive's metrics. None where there is to be no archive, so that off means off.

What a position says of the present has no sample once it is old: only its times still hold.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from console import archived
from console.archive import Archive, Copies, Slot

PREFIX, SETS_PREFIX = "brewget_archive_", "brewget_offsite_sets_"


def metrics(archive: Archive, now: float) -> Iterator[Metric]:
    """Every one of them, now."""
    position = archive.position
    fresh = position if position and not archived.is_old(position, now) else None
    yield from _one(
        "written_timestamp_seconds",
        "When the archiver last said how far it is.",
        position.time if position else None,
    )
    yield from _one(
        "canary_timestamp_seconds",
        "When the newest commit was made that is known to be in the archive.",
        position.canary if position else None,
    )
    yield from _one(
        "window_start_timestamp_seconds", "First moment that can be restored to.", archive.start
    )
    yield from _one(
        "behind_bytes",
        "WAL of the server that is not streamed yet.",
        fresh.behind_bytes if fresh else None,
    )
    yield from _one(
        "streaming",
        "Whether the server's WAL is being received.",
        float(fresh.is_streaming) if fresh else None,
    )
    yield from _by(
        "slot",
        "The state of the replication slot that keeps WAL for the archive: 1 for the one it is in.",
        "state",
        {state.value: float(state is fresh.slot) for state in Slot} if fresh and fresh.slot else {},
    )
    yield from _by(
        "waiting_segments",
        "Segments of WAL, 16 MiB each, that a repository does not have yet.",
        "repository",
        {name: float(count) for name, count in fresh.waiting.items()} if fresh else {},
    )
    yield from _by(
        "backup_timestamp_seconds",
        "When the newest backup of a repository ended.",
        "repository",
        position.backups if position else {},
    )
    yield from _drills(archive)
    yield from _copies(archive.copies)


def _drills(archive: Archive) -> Iterator[Metric]:
    drills = archive.drills
    yield from _by(
        "drill_ok",
        "Whether the server came back from a repository in its last drill.",
        "repository",
        {name: float(each.is_good) for name, each in drills.items()},
    )
    yield from _by(
        "drill_timestamp_seconds",
        "When that drill ended.",
        "repository",
        {name: each.time for name, each in drills.items()},
    )
    yield from _by(
        "drill_duration_seconds",
        "How long it took to come back in it.",
        "repository",
        {name: each.seconds for name, each in drills.items()},
    )


def _copies(last: Copies | None) -> Iterator[Metric]:
    yield from _one(
        "ok",
        "Whether the last run that copies sets off this machine went well.",
        float(last.is_good) if last else None,
        SETS_PREFIX,
    )
    yield from _one(
        "timestamp_seconds", "When that run ended.", last.time if last else None, SETS_PREFIX
    )
    yield from _one(
        "newest_timestamp_seconds",
        "When the newest set was begun that was copied and read back.",
        last.begun if last else None,
        SETS_PREFIX,
    )
    yield from _one(
        "kept",
        "Sets of this store that are kept off this machine.",
        last.kept if last else None,
        SETS_PREFIX,
    )


def _one(name: str, text: str, value: float | None, prefix: str = PREFIX) -> Iterable[Metric]:
    made = GaugeMetricFamily(prefix + name, text)
    if value is not None:
        made.add_metric([], value)
    return [made]


def _by(name: str, text: str, label: str, values: Mapping[str, float | None]) -> Iterable[Metric]:
    made = GaugeMetricFamily(PREFIX + name, text, labels=[label])
    for key, value in values.items():
        if value is not None:
            made.add_metric([key], value)
    return [made]
