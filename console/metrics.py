"""The metrics, made from the store and the API at the moment of the scrape.

Never from what the last job said: a job that did not run says nothing. What cannot be known has
no sample, and `brewget_backup_store_ok` or `brewget_backup_api_up` says why.
"""

import time
from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from console import archive_metrics, archived, budget_metrics, budgets, safety
from console.actions import Actions
from console.counters import People, counted
from console.facts import Watcher
from console.jobs import Phase
from console.notify import Notifier
from console.problem import Code, Facts, Level, is_missed, started
from console.security import Doors
from console.sets import BackupSet, Picture, State
from console.wishes import BACKUP, VERIFY, Action

PREFIX = "brewget_backup_"


def registry(
    watcher: Watcher, notifier: Notifier, doors: Doors, actions: Actions
) -> CollectorRegistry:
    """What /metrics serves."""
    made = CollectorRegistry()
    made.register(_Backups(watcher, notifier))
    made.register(People(doors, actions))
    ProcessCollector(registry=made)
    return made


class _Backups(Collector):
    def __init__(self, watcher: Watcher, notifier: Notifier) -> None:
        self._watcher, self._notifier = watcher, notifier

    def describe(self) -> Iterable[Metric]:
        """Nothing: asked for names when it is registered, the store need not be there yet."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric, now."""
        now = time.time()
        facts = self._watcher.look(now)
        yield from _store(facts.store)
        yield from _newest(facts.store, now)
        yield from _changes(facts.store)
        yield from _cluster(facts, now)
        yield from _problems(facts, now)
        yield from _notifications(self._notifier)
        yield from budget_metrics.metrics(facts, now)
        if facts.archive:
            yield from archive_metrics.metrics(facts.archive, now)


def _gauge(name: str, text: str, value: float | None) -> Iterator[Metric]:
    made = GaugeMetricFamily(PREFIX + name, text)
    if value is not None:
        made.add_metric([], value)
    yield made


def _labelled(
    name: str, text: str, label: str, values: Iterable[tuple[str, float | None]]
) -> Iterator[Metric]:
    made = GaugeMetricFamily(PREFIX + name, text, labels=[label])
    for key, value in values:
        if value is not None:
            made.add_metric([key], value)
    yield made


def _store(store: Picture) -> Iterator[Metric]:
    text = "Whether the mounted directory is the expected store, and answers."
    yield from _gauge("store_ok", text, store.is_known)
    yield from _gauge("store_free_bytes", "Bytes free on the store's volume.", store.free_bytes)
    yield from _gauge("store_size_bytes", "Size of the store's volume.", store.size_bytes)
    if store.free_bytes is not None:
        counts = {state: sum(each.state is state for each in store.sets) for state in State}
        yield from _labelled("sets", "Sets in the store by state.", "state", sorted(counts.items()))
        pinned = sum(each.is_pinned for each in store.published)
        yield from _gauge("sets_pinned", "Sets that retention never removes.", pinned)
        yield from _gauge(
            "sets_encrypted", "Sets that only a key opens.", float(len(store.encrypted))
        )


def _newest(store: Picture, now: float) -> Iterator[Metric]:
    found = {"published": store.newest(), "verified": store.newest(verified=True)}
    sets = {kind: each for kind, each in found.items() if each}

    def values(text: str, name: str, of: "dict[str, float]") -> Iterator[Metric]:
        yield from _labelled(name, text, "kind", of.items())

    begun = {kind: started(each) for kind, each in sets.items()}
    yield from values("When the newest set was begun.", "newest_timestamp_seconds", begun)
    ages = {kind: now - moment for kind, moment in begun.items()}
    yield from values(
        "Age of the newest set; negative where a clock is wrong.", "newest_age_seconds", ages
    )
    sizes = {kind: float(each.manifest.bytes) for kind, each in sets.items() if each.manifest}
    yield from values("Size of the newest set's dumps.", "newest_size_bytes", sizes)
    rows = {kind: float(each.manifest.rows) for kind, each in sets.items() if each.manifest}
    yield from values("Rows in the newest set.", "newest_rows", rows)
    yield from _data_volume(found["published"])
    yield from _durations(found["published"], found["verified"])
    oldest = {"restored": store.oldest_restore, "read": store.oldest_reading}
    proofs = {kind: now - moment for kind, moment in oldest.items() if moment is not None}
    yield from values(
        "Since the kept set that waits for it longest was restored, and was read.",
        "oldest_proof_age_seconds",
        proofs,
    )
    yield from _gauge(
        "escrow_age_seconds",
        "Since the escrowed key was tried on encrypted sets; +Inf where it never was.",
        store.escrow_age(now),
    )


def _data_volume(newest: BackupSet | None) -> Iterator[Metric]:
    manifest = newest.manifest if newest else None
    yield from _gauge(
        "data_volume_free_bytes",
        "Bytes free on the server's data volume when the newest set was begun.",
        manifest.data_free_bytes if manifest else None,
    )
    yield from _gauge(
        "data_volume_size_bytes",
        "Size of the server's data volume then.",
        manifest.data_size_bytes if manifest else None,
    )


def _durations(newest: BackupSet | None, verified: BackupSet | None) -> Iterator[Metric]:
    taken = None
    if newest and newest.manifest and newest.manifest.finished is not None:
        taken = newest.manifest.finished - newest.manifest.started
    verdict = verified.verdict if verified else None
    yield from _gauge("duration_seconds", "How long the newest backup took.", taken)
    yield from _gauge(
        "verify_duration_seconds",
        "How long the newest verification took.",
        verdict.seconds if verdict else None,
    )
    yield from _gauge(
        "restore_duration_seconds",
        "How long the restore in it took: the recovery time.",
        verdict.restore_seconds if verdict else None,
    )
    yield from _gauge(
        "left_out",
        "Objects that did not come back from the newest verified set, its rows did.",
        verdict.left_out_count if verdict else None,
    )


def _changes(store: Picture) -> Iterator[Metric]:
    newest = store.newest()
    before = store.before(newest.name) if newest else None
    now, then = newest.manifest if newest else None, before.manifest if before else None
    is_known = now is not None and then is not None
    yield from _gauge(
        "rows_change", "Rows of the newest set less those of the one before.",
        now.rows - then.rows if is_known and now and then else None,
    )  # fmt: skip
    yield from _gauge(
        "size_change_bytes", "Bytes of the newest set less those of the one before.",
        now.bytes - then.bytes if is_known and now and then else None,
    )  # fmt: skip


def _cluster(facts: Facts, now: float) -> Iterator[Metric]:
    cluster = facts.cluster
    yield from _gauge("api_up", "Whether the Kubernetes API answered.", cluster.is_reachable)
    yield from _gauge(
        "expected_interval_seconds", "Longest time between two scheduled backups.", facts.interval
    )
    if not cluster.is_reachable:
        return
    found = {name: cluster.cron_job(name) for name in (BACKUP, VERIFY)}
    # One that is not there runs as little as one that is suspended.
    stopped = {name: float(each is None or each.is_suspended) for name, each in found.items()}
    yield from _labelled(
        "cronjob_suspended", "Whether a schedule stands still.", "cronjob", stopped.items()
    )
    last = {name: each.last_schedule for name, each in found.items() if each}
    yield from _labelled(
        "cronjob_last_schedule_timestamp_seconds",
        "When a schedule last started a job.", "cronjob", last.items(),
    )  # fmt: skip
    due = facts.due or {}
    missed = {
        name: float(is_missed(due[name], each.last_schedule, each.created, now))
        for name, each in found.items()
        if each and name in due and not each.is_suspended
    }
    yield from _labelled(
        "cronjob_missed",
        "Whether the last run that was due did not start.",
        "cronjob",
        missed.items(),
    )
    ended = {action: cluster.last_finished(action) for action in (Action.BACKUP, Action.VERIFY)}
    failed = {action: float(run.phase is Phase.FAILED) for action, run in ended.items() if run}
    yield from _labelled(
        "job_failed", "Whether the last run that ended has failed.", "action", failed.items()
    )


def _problems(facts: Facts, now: float) -> Iterator[Metric]:
    found: dict[Code, Level] = {}
    for problem in safety.judge(facts, now).problems:
        found[problem.code] = max(found.get(problem.code, Level.GOOD), problem.level)
    unknown = safety.unknown(facts, now) | archived.off(facts.archive) | budgets.off(facts)
    known = [code for code in Code if code not in unknown]
    yield from _labelled(
        "problem",
        "What the page warns of, by the worst of its kind: 0 nothing, 1 unsure, 2 warning, 3 bad.",
        "problem",
        [(code.value, float(found.get(code, 0))) for code in known],
    )


def _notifications(notifier: Notifier) -> Iterator[Metric]:
    yield counted(
        PREFIX + "notifications", "Attempts to notify by outcome.", "result", notifier.counts
    )
    text = "Heartbeats to a watcher outside by outcome."
    yield counted(PREFIX + "heartbeats", text, "result", notifier.heartbeat.counts)
    yield from _gauge(
        "notifications_waiting", "Notifications that no receiver has taken yet.", notifier.waiting
    )
    yield from _gauge(
        "watch_timestamp_seconds",
        "When the console last looked for something to notify.",
        notifier.looked,
    )
