"""What the console counts since its start: who came, and what they did."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from console.actions import Actions
from console.security import Doors


class People(Collector):
    """Logins, and the Jobs that were asked for."""

    def __init__(self, doors: Doors, actions: Actions) -> None:
        self._doors, self._actions = doors, actions

    def collect(self) -> Iterator[Metric]:
        """Every metric, now."""
        logins, actions = self._doors.logins, self._actions.counts
        yield counted("brewget_backup_logins", "Logins by outcome.", "result", logins)
        yield counted("brewget_backup_actions", "Jobs that the page has made.", "action", actions)


def counted(name: str, text: str, label: str, counts: Mapping[str, int]) -> Metric:
    """A counter with one label."""
    made = CounterMetricFamily(name, text, labels=[label])
    for key, count in sorted(counts.items()):
        made.add_metric([key], count)
    return made
