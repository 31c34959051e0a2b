"""The budgets' metrics: none of a budget that is not set."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from console import budgets
from console.budgets import State
from console.problem import Facts

PREFIX = "brewget_recovery_"


def metrics(facts: Facts, now: float) -> Iterator[Metric]:
    """Each by the name of its budget."""
    found = budgets.view(facts, now)
    if not found:
        return
    limits = GaugeMetricFamily(
        f"{PREFIX}budget_seconds", "The limit that recovery.rpo and recovery.rto set.",
        labels=["budget"],
    )  # fmt: skip
    measured = GaugeMetricFamily(
        f"{PREFIX}measured_seconds",
        "What would be lost now, and how long the slowest drill took; none where unknown.",
        labels=["budget"],
    )
    states = GaugeMetricFamily(
        f"{PREFIX}state", "Whether a budget is kept: 1 for the state it is in.",
        labels=["budget", "state"],
    )  # fmt: skip
    for each in found:
        limits.add_metric([each.name], each.seconds)
        if each.measured is not None:
            measured.add_metric([each.name], each.measured)
        for state in State:
            states.add_metric([each.name, state], float(each.state is state))
    yield from (limits, measured, states)
