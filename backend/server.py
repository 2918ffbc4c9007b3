"""Run the whole backend: database, model, worker and the web server, until it is stopped."""

from __future__ import annotations

import errno
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from backend._web_thread import ServeError, StopSignals, WebThread
from backend.app import create_app, create_service, label_studio_client
from backend.log_setup import configure_logging
from backend.metrics import Metrics
from backend.model_source import import_libraries

if TYPE_CHECKING:
    from flask import Flask

    from backend.database import Database
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from backend.ledger.sent import SentRegions
    from backend.ledger.take_up import LedgerKeeper
    from backend.pictures import KeepPrediction
    from backend.predictor import PredictionService
    from backend.review.web import Reviewing
    from backend.settings import Settings
    from backend.worker import Worker
    from ontology.model import Ontology
    from tagger.pipeline import GarmentTagger, ImagePrediction

__all__ = ["ServeError", "listen", "serve"]

log = structlog.get_logger(__name__)

# Longer than Label Studio waits for predictions (100 s).
_CHANNEL_TIMEOUT_S = 130
_BODY_MARGIN_BYTES = 1024 * 1024
_SWITCH_INTERVAL_S = 0.001
# For the worker and for the model each, so that the whole ends well within 20 s.
_CLOSE_S = 5.0


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; the model loads while the server already answers.

    Args:
        settings: Everything; see `docs/settings.md`.

    Raises:
        ServeError: If the address cannot be listened on, or the web server ends by itself.
        CatalogError: If the data folder or the database cannot be used.
    """
    configure_logging(settings)
    with ExitStack() as stack:
        # First, so that a signal can interrupt neither the start nor the end half-way.
        stops = stack.enter_context(StopSignals())
        web = _start(settings, stack)
        # Threads that compute in Python hand over sooner, so that /health need not queue for them.
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        name = web.wait(stops)
        log.info("stopping", signal=name)
        web.refuse()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What the web server and the worker share.

    Attributes:
        client: Talks to Label Studio; None where none is configured.
        sent: Remembers which regions were sent.
    """

    settings: Settings
    database: Database
    client: LabelStudioClient | None
    jobs: JobQueue
    sent: SentRegions
    reviewing: Reviewing
    metrics: Metrics
    service: PredictionService


def _start(settings: Settings, stack: ExitStack) -> WebThread:
    """Start everything; the stack closes it in the reverse order."""
    parts = _open(settings, stack)
    app = create_app(
        settings,
        service=parts.service,
        reviewing=parts.reviewing,
        metrics=parts.metrics,
        database=parts.database,
        jobs=parts.jobs,
    )
    server = listen(app, settings)
    web = WebThread(server)
    # Requests wait for the model, so it goes before them; the worker goes before the model.
    stack.callback(web.close)
    stack.callback(parts.service.close, timeout_s=_CLOSE_S)
    worker = _worker(parts)
    stack.callback(worker.close, timeout_s=_CLOSE_S)
    web.start()
    parts.service.start()
    worker.start()
    log.info(
        "serving",
        address=f"http://{settings.host}:{server.effective_port}",
        model_version=parts.service.model_version,
    )
    _warn(settings)
    return web


def _open(settings: Settings, stack: ExitStack) -> _Parts:
    """Open the database and make what nothing runs in yet."""
    from backend.database import open_database
    from backend.jobs import JobQueue
    from backend.ledger.sent import SentRegions
    from backend.review.web import Reviewing

    database = open_database(settings.data_dir, url=settings.database_url)
    stack.callback(database.close)
    client = label_studio_client(settings)
    if client is not None:
        stack.callback(client.close)
    metrics = Metrics()
    import_libraries()
    sent = SentRegions(database, max_rows=settings.max_sent_regions)
    reviewing = Reviewing.of(settings, database)
    keep = _both(sent.note, reviewing.seen.note)
    return _Parts(
        settings=settings,
        database=database,
        client=client,
        jobs=JobQueue(database),
        sent=sent,
        reviewing=reviewing,
        metrics=metrics,
        service=create_service(settings, metrics=metrics, auth=client, keep=keep),
    )


def _worker(parts: _Parts) -> Worker:
    """Make the worker with everything that it does beside jobs."""
    from backend._service_predictor import ServicePredictor
    from backend.loop import loop_chores
    from backend.retraining.chore import TrainingChore
    from backend.retraining.runs import RunStore
    from backend.worker import Worker

    settings, database, client = parts.settings, parts.database, parts.client
    predictor = ServicePredictor(parts.service, noted=parts.reviewing.asked.note)
    return Worker(
        database=database,
        jobs=parts.jobs,
        predictor=predictor,
        client=client,
        data_dir=settings.data_dir,
        chores=(
            _ledger_keeper(settings, database, parts.service, client),
            parts.sent,
            *parts.reviewing.chores(parts.service, client),
            TrainingChore(database, RunStore(database), settings),
            *loop_chores(
                settings, database=database, jobs=parts.jobs, client=client, predictor=predictor
            ),
        ),
    )


def _both(one: KeepPrediction, two: KeepPrediction) -> KeepPrediction:
    def keep(digest: str, prediction: ImagePrediction, tagger: GarmentTagger) -> None:
        one(digest, prediction, tagger)
        two(digest, prediction, tagger)

    return keep


def _ledger_keeper(
    settings: Settings,
    database: Database,
    service: PredictionService,
    client: LabelStudioClient | None,
) -> LedgerKeeper:
    from backend.ledger.take_up import LedgerKeeper
    from backend.model_thread import ModelError
    from backend.renewal import own_addresses

    def ontology() -> Ontology | None:
        try:
            return service.model.wait_settled(0).ontology
        except ModelError:
            return None

    return LedgerKeeper(
        database=database,
        client=client,
        ontology=ontology,
        blind_share=settings.blind_share,
        every_s=60.0 * settings.reconcile_minutes,
        addresses=own_addresses(settings),
    )


def listen(app: Flask, settings: Settings) -> Any:
    """Bind the address and return the waitress server, whose `run` answers requests.

    Raises:
        ServeError: If the address is taken or cannot be listened on.
    """
    from waitress.server import create_server

    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        bound = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise _cannot_listen(settings, error) from error
    try:
        return create_server(
            app,
            sockets=[bound],
            threads=settings.server_threads,
            channel_timeout=_CHANNEL_TIMEOUT_S,
            # The application itself refuses first, with an error in its own shape.
            max_request_body_size=settings.max_request_bytes + _BODY_MARGIN_BYTES,
            ident="weft",
        )
    except BaseException:
        bound.close()
        raise


def _cannot_listen(settings: Settings, error: OSError) -> ServeError:
    place = f"{settings.host}:{settings.port}"
    if error.errno == errno.EADDRINUSE:
        return ServeError(
            f"{place} is in use; stop the other program or choose another WEFT_PORT (--port)"
        )
    return ServeError(f"cannot listen on {place}: {error.strerror or error}")


def _warn(settings: Settings) -> None:
    if not settings.is_loopback and not settings.webhook_secret.get_secret_value():
        log.warning(
            "no_webhook_secret",
            advice="events from other machines are refused; set WEFT_WEBHOOK_SECRET",
        )
