"""One look at the store and the cluster: of it page, metrics and notifications are made."""

from dataclasses import dataclass

from console import schedule
from console.archive import View
from console.cluster import Api
from console.problem import Facts
from console.settings import Settings
from console.store import Store
from console.wishes import BACKUP
from console.words import HOUR


@dataclass(frozen=True, slots=True)
class Watcher:
    """Looks when asked; keeps nothing but what the store keeps of unchanged files."""

    settings: Settings
    store: Store
    api: Api
    archive: View | None = None

    def look(self, now: float) -> Facts:
        """Never raises because of what is found."""
        cluster = self.api.look()
        backup = cluster.cron_job(BACKUP)
        gap = schedule.longest_gap(backup.schedule, backup.zone, now) if backup else None
        due = {
            each.name: moment
            for each in cluster.cron_jobs
            if (moment := schedule.last_run(each.schedule, each.zone, now)) is not None
        }
        return Facts(
            store=self.store.look(),
            cluster=cluster,
            interval=gap or self.settings.interval_seconds,
            min_free_bytes=self.settings.min_free_bytes,
            repeat_days=self.settings.repeat_days,
            scrub_days=self.settings.scrub_days,
            due=due,
            archive=self.archive.look(now) if self.archive else None,
            archive_interval=self.settings.archive_hours * HOUR,
        )
