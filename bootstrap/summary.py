"""What `make up` leaves on the screen: where things are and what to try next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from rich.console import Console

from bootstrap.clusters import Cluster, Kind, command
from bootstrap.mounts import MOUNT, is_seen
from bootstrap.place import Place
from bootstrap.sheet import OUTPUT as SHEET


@dataclass(frozen=True)
class Facts:
    """What the summary is made from."""

    cluster: Cluster
    namespace: str
    outputs: dict[str, Any]
    sets: list[dict[str, Any]]
    now: datetime
    has_console: bool = False
    is_external: bool = False
    """Whether others run the server."""


def rows(place: Place, facts: Facts) -> list[tuple[str, str]]:
    """Pairs of label and text, in reading order."""
    outputs = facts.outputs
    backup_path = str(outputs.get("backup_path", "?"))
    server = f"{outputs.get('host', '?')}:{outputs.get('port', '?')}"
    return [
        ("cluster", f"{facts.cluster.context} ({facts.cluster.kind.value})"),
        *([("server", f"{server}, run by others")] if facts.is_external else _ours(facts, server)),
        ("backups", backup_place(place, facts.cluster, backup_path, facts.sets)),
        ("last set", last_set(facts.sets)),
        ("next backup", next_backup(outputs, facts.now)),
    ]


def _ours(facts: Facts, server: str) -> list[tuple[str, str]]:
    database = next(iter(facts.outputs.get("databases") or ["postgres"]))
    return [
        ("applications", server),
        (
            "connect",
            f"kubectl --context={facts.cluster.context} exec -it postgres-0 "
            f"-n {facts.namespace} -c postgres -- "
            f"psql -U postgres {database}",
        ),
    ]


def backup_place(
    place: Place, cluster: Cluster, path: str, sets: Sequence[Mapping[str, Any]] | None
) -> str:
    """Where the sets are. On this machine only if the newest was seen there; None: not known."""
    if cluster.kind is Kind.NAMED or path != MOUNT:
        return f"{path} on the node"
    seen = is_seen(place.backup_dir / newest(sets)) if sets and place.backup_dir else False
    if seen:
        return f"{place.backup_dir} (on the node: {path})"
    if seen is None or (place.backup_dir and sets is None):
        return f"{path} on the node; whether in {place.backup_dir}, too, could not be seen"
    return (
        f"{path} on the node ONLY, so deleting the cluster would delete them. To have them on "
        f"this machine: copy the sets, {command(cluster)} delete, BACKUP_DIR=/path make up"
    )


def newest(sets: Sequence[Mapping[str, Any]]) -> str:
    """The newest set: names are times, so the order is theirs."""
    return max(str(entry["set"]) for entry in sets)


def last_set(sets: Sequence[Mapping[str, Any]]) -> str:
    """Its name, and how many there are."""
    return f"{newest(sets)} ({len(sets)} in all)" if sets else "none yet"


def next_backup(outputs: dict[str, Any], now: datetime) -> str:
    """For example `2026-11-23 06:00 UTC (0 */6 * * *)`."""
    schedule = str(outputs.get("schedule", ""))
    zone = ZoneInfo(str(outputs.get("time_zone") or "Etc/UTC"))
    try:
        moment = next(CronSim(schedule, now.astimezone(zone)))
    except (CronSimError, StopIteration):
        # `@daily` and its like, which Kubernetes knows besides, or a day that never comes.
        return schedule
    return f"{moment:%Y-%m-%d %H:%M %Z} ({schedule})"


NEXT = [
    ('eval "$(make -s env)"', "pulumi and kubectl in this shell"),
    ("pulumi preview", "shows no change"),
    ("scripts/backup-postgres.sh", "a set now"),
    ("make stop", "the cluster, with its data kept; `make up` goes on"),
    ("make destroy", "the stack, with its backups kept"),
]


def next_steps(facts: Facts) -> list[tuple[str, str]]:
    """Commands and what they are good for."""
    door = [("make console", "the page about the backups: are they good, restore one")]
    sheet = [("make recovery-sheet", "to be printed: what opens the backups on another machine")]
    more = [*(door if facts.has_console else []), *(sheet if SHEET in facts.outputs else [])]
    return NEXT[:3] + more + NEXT[3:]


def show(place: Place, facts: Facts, console: Console) -> None:
    """Prints the summary; a command stays on one line, however narrow the terminal."""
    lines = [
        "",
        "Its backups are up." if facts.is_external else "PostgreSQL is up.",
        *aligned(rows(place, facts)),
        "",
        "Next:",
        *aligned(next_steps(facts)),
    ]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


def aligned(pairs: list[tuple[str, str]]) -> list[str]:
    """Two columns."""
    width = max(len(first) for first, _ in pairs)
    return [f"  {first:<{width}}  {second}" for first, second in pairs]


def now() -> datetime:
    """The only clock of the summary."""
    return datetime.now(UTC)
