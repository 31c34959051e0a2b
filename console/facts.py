"""One look at the store and the cluster: of it page, metrics and notifications are made."""

import threading
from dataclasses import dataclass

from console import schedule
from console.cluster import Api
from console.manifest import Manifest
from console.observer import PATIENCE, Observer
from console.problem import Facts
from console.room import Room
from console.sets import Picture
from console.settings import Settings
from console.store import Store
from console.wishes import BACKUP
from console.words import HOUR

_READERS = threading.BoundedSemaphore(4)


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks when asked."""

    settings: Settings
    store: Store
    api: Api
    observer: Observer
    room: Room

    def sets(self) -> Picture:
        """The store alone."""
        return self.observer.look()[0]

    def detail(self, name: str, *, failed: bool = False) -> Manifest | None:
        """A set's manifest with its tables; None where it cannot be used now."""
        # Where the store hangs, its readers are not to take up all of the service's threads.
        if self.observer.hangs or not _READERS.acquire(timeout=PATIENCE):
            return None
        try:
            return self.store.detail(name, failed=failed)
        finally:
            _READERS.release()

    def look(self, now: float) -> Facts:
        """Never raises because of what is found."""
        cluster = self.api.look()
        store, archive = self.observer.look()
        backup = cluster.cron_job(BACKUP)
        gap = schedule.longest_gap(backup.schedule, backup.zone, now) if backup else None
        planned = backup if backup and not backup.is_suspended else None
        due = {
            each.name: moment
            for each in cluster.cron_jobs
            if (moment := schedule.last_run(each.schedule, each.zone, now)) is not None
        }
        return Facts(
            store=store,
            cluster=cluster,
            interval=gap or self.settings.interval_seconds,
            min_free_bytes=self.settings.min_free_bytes,
            repeat_days=self.settings.repeat_days,
            scrub_days=self.settings.scrub_days,
            due=due,
            next_backup=schedule.next_run(planned.schedule, planned.zone, now) if planned else None,
            rpo_seconds=self.settings.rpo_seconds,
            rto_seconds=self.settings.rto_seconds,
            archive=archive,
            archive_interval=self.settings.archive_hours * HOUR,
            room=self.room.of(store),
        )
