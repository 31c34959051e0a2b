"""Facts about sets and an archive at one moment, with two budgets on them."""

from dataclasses import replace

from console.archive import Archive, Drill, Position, Slot
from console.jobs import Cluster
from console.manifest import Database, Manifest
from console.problem import Facts
from console.sets import BackupSet, Identity, Picture, State, Verdict

NOW = 1_800_000_000.0
HOUR = 3600.0


def a_set(
    hours: float, *, verified: bool = True, took: float | None = 600, size: int = 1000
) -> BackupSet:
    of = Manifest(
        store="one", started=NOW - hours * HOUR, finished=None, reason="", pinned=False,
        flagged=None, accepted_shrink=False, server_version="16", format="custom",
        compression="none", globals_file="g", globals_bytes=0,
        databases=(Database("one", "f", size, 1, 1),), skipped=(),
    )  # fmt: skip
    name = f"backup_{99 - hours:08.3f}"
    if not verified:
        return BackupSet(name, State.UNVERIFIED, manifest=of)
    return BackupSet(name, State.VERIFIED, manifest=of, verdict=Verdict(NOW, took, 700))


def facts(*sets: BackupSet, **changes: object) -> Facts:
    """At six hours between two backups, with a budget of eight hours and of one."""
    picture = Picture(Identity.OK, id="one", sets=tuple(sorted(sets, key=lambda x: x.name)))
    made = Facts(store=picture, cluster=Cluster(), interval=6 * HOUR,
                 rpo_seconds=8 * HOUR, rto_seconds=HOUR)  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def archive(**changes: object) -> Archive:
    position = Position(
        time=NOW - 10, canary=NOW - 70, written="0/1", behind_bytes=0, slot=Slot.RESERVED,
        is_streaming=True, waiting={"local": 0}, backups={"local": NOW - 600},
    )  # fmt: skip
    drill = Drill(is_good=True, time=NOW - 600, start=NOW - 9 * HOUR, end=NOW - 700, seconds=90)
    usual = Archive(position=position, drills={"local": drill}, since=NOW - 99 * HOUR)
    return replace(usual, **changes)  # type: ignore[arg-type]
