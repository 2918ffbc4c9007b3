"""Put the loop's parts together for a server: its figures, its page and the worker's chores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.live_watch import LiveWatch
from backend.model_source import all_versions, models_dir
from backend.renewal import Renewal, own_addresses
from backend.stats.page import LoopParts, loop_blueprint
from backend.stats.prometheus import register
from backend.stats.sent import DriftWatch
from backend.stats.snapshot import Snapshot
from backend.stats.summary import LoopStats, compute_stats, report_of
from tagger.registry import ModelStore

if TYPE_CHECKING:
    from flask import Flask

    from backend.database import Database
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from backend.metrics import Metrics
    from backend.predictor import PredictionService
    from backend.settings import Settings
    from backend.worker import Chore, TaskPredictor
    from ontology.model import Ontology

__all__ = ["add_loop_page", "loop_chores", "multiple_attributes"]


def add_loop_page(
    app: Flask,
    settings: Settings,
    *,
    service: PredictionService,
    metrics: Metrics,
    database: Database | None,
) -> None:
    """Add `/loop` and its figures among the metrics; without a database the page says so."""
    snapshot = None
    if database is not None:
        snapshot = _snapshot(settings, database, service)
        register(metrics.registry, snapshot)
    parts = LoopParts(
        snapshot=snapshot,
        data_dir=settings.data_dir,
        report_of=lambda run: report_of(database, run) if database is not None else "",
    )
    app.register_blueprint(loop_blueprint(parts))


def loop_chores(
    settings: Settings,
    *,
    database: Database,
    jobs: JobQueue,
    client: LabelStudioClient | None,
    predictor: TaskPredictor,
) -> tuple[Chore, ...]:
    """Make what the worker does: watch the live version, and tell Label Studio of a new one."""
    renewal = Renewal(
        database=database,
        jobs=jobs,
        client=client,
        predictor=predictor,
        addresses=own_addresses(settings),
        own_versions=lambda: all_versions(settings, served=predictor.model_version),
        is_deleting=settings.delete_old_predictions,
    )
    if not settings.auto_rollback or settings.model:
        return (renewal,)  # a version that the settings name is served whatever is live
    watch = LiveWatch(database=database, store=ModelStore(models_dir(settings)))
    return (watch, renewal)


def multiple_attributes(ontology: Ontology) -> frozenset[str]:
    """Name the attributes that may have several values."""
    return frozenset(item.id for item in ontology.attributes if item.kind == "multiple")


def _snapshot(settings: Settings, database: Database, service: PredictionService) -> Snapshot:
    store = ModelStore(models_dir(settings))
    drift = DriftWatch(database)

    def compute() -> LoopStats:
        from backend.served_ontology import served_ontology

        return compute_stats(
            database,
            store=store,
            drift=drift,
            multiple=multiple_attributes(served_ontology(settings)),
            live=service.model_version,
        )

    return Snapshot(compute)
