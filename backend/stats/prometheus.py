"""The figures of the loop as Prometheus metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

    from backend.stats.snapshot import Snapshot
    from backend.stats.summary import LoopStats

__all__ = ["LoopCollector", "register"]


def register(registry: CollectorRegistry, snapshot: Snapshot) -> None:
    """Show the figures among the other metrics; each scrape gets the last ones computed."""
    registry.register(LoopCollector(snapshot))


class LoopCollector(Collector):
    """Turns the last figures into metrics; labels that are gone from them are gone here too."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look at a snapshot."""
        self._snapshot = snapshot

    def describe(self) -> Iterable[Metric]:
        """Name the metrics without computing them."""
        return self._families(None)

    def collect(self) -> Iterator[Metric]:
        """Give the metrics as of the last computation."""
        yield from self._families(self._snapshot.current())

    def _families(self, stats: LoopStats | None) -> list[Metric]:
        return [*_corrections(stats), *_work(stats), *_watch(stats), *_drift(stats)]


def _corrections(stats: LoopStats | None) -> list[Metric]:
    annotations = GaugeMetricFamily(
        "weft_annotations", "Annotations in the ledger.", labels=["state"]
    )
    labels = ["attribute", "model_version"]
    rate = GaugeMetricFamily(
        "weft_acceptance_rate", "Predicted answers that annotators left.", labels=labels
    )
    cells = GaugeMetricFamily(
        "weft_judged_cells", "Predicted answers that annotators judged.", labels=labels
    )
    if stats is not None:
        for state, number in stats.annotations.items():
            annotations.add_metric([state], number)
        for row in stats.acceptance:
            names = [row.attribute, row.model_version]
            rate.add_metric(names, row.rate.value)
            cells.add_metric(names, row.accepted + row.changed + row.removed)
    return [annotations, rate, cells]


def _work(stats: LoopStats | None) -> list[Metric]:
    clicks = GaugeMetricFamily(
        "weft_clicks_saved_per_task", "Mean clicks saved.", labels=["model_version"]
    )
    seconds = GaugeMetricFamily(
        "weft_task_seconds_median",
        "Median time of a task; prefilled, blind or empty.",
        labels=["kind", "model_version"],
    )
    if stats is not None:
        for saved in stats.clicks:
            clicks.add_metric([saved.model_version], saved.saved.value)
        for row in stats.times:
            if row.annotator is None:
                seconds.add_metric([row.kind, row.model_version or "all"], row.seconds.value)
    return [clicks, seconds]


def _watch(stats: LoopStats | None) -> list[Metric]:
    evidence = GaugeMetricFamily(
        "weft_live_evidence_against",
        "Evidence that the live version is accepted less than the one before; 1 is none.",
    )
    rollbacks = CounterMetricFamily(
        "weft_automatic_rollbacks", "Versions that were withdrawn by themselves."
    )
    pending = GaugeMetricFamily(
        "weft_renewal_pending_projects", "Projects that do not follow the live version yet."
    )
    if stats is not None:
        if stats.watch is not None:
            evidence.add_metric([], stats.watch.capital)
        rollbacks.add_metric([], sum(item.is_done for item in stats.withdrawn))
        pending.add_metric([], stats.renewed.num_pending)
    return [evidence, rollbacks, pending]


def _drift(stats: LoopStats | None) -> list[Metric]:
    alarm = GaugeMetricFamily("weft_drift_alarm", "1 while the newest window is unlike earlier.")
    p_value = GaugeMetricFamily("weft_drift_p_value", "Least corrected p-value of any figure.")
    computed = GaugeMetricFamily(
        "weft_loop_computed_timestamp_seconds", "When these figures were computed."
    )
    if stats is not None:
        if stats.drift is not None:
            alarm.add_metric([], float(stats.drift.is_alarm))
            p_value.add_metric([], min((c.p_value for c in stats.drift.changes), default=1.0))
        computed.add_metric([], stats.computed_at.timestamp())
    return [alarm, p_value, computed]
