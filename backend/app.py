"""The Flask application: routes, limits, one shape for every error."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException

from backend.answers import Answerer
from backend.audit import audit_blueprint
from backend.health import health_blueprint
from backend.images import ImageFetcher
from backend.jobs_view import jobs_blueprint
from backend.loop import add_loop_page
from backend.metrics import Metrics
from backend.model_source import Renewer, all_versions, find_model, model_loader
from backend.model_thread import ModelThread
from backend.predictor import PredictionService
from backend.promises import PromiseReader
from backend.protocol import ProtocolParts, protocol_blueprint
from backend.requests import RequestError
from backend.review.web import Reviewing
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from backend.database import Database
    from backend.images import AuthHeaders
    from backend.jobs import JobQueue
    from backend.label_studio import LabelStudioClient
    from backend.pictures import KeepPrediction
    from backend.retraining.runs import RunStore
    from backend.review.refusals import RefusalPage
    from backend.settings import Settings

__all__ = ["NUM_FREE_THREADS", "create_app", "create_service", "label_studio_client"]

log = structlog.get_logger(__name__)

# Threads that predictions never take, so that /health and the like find one at once.
NUM_FREE_THREADS = 4


def create_service(
    settings: Settings,
    *,
    metrics: Metrics,
    auth: AuthHeaders | None = None,
    renew_every_s: float = 3.0,
    keep: KeepPrediction | None = None,
) -> PredictionService:
    """Build the service that predicts; `start` loads its model.

    Args:
        settings: Which model, and all limits.
        metrics: Where to count.
        auth: Gives the login header for Label Studio's pictures.
        renew_every_s: How often to look whether another version became live, in seconds.
        keep: Told of every picture that was computed; quick, and never fails.
    """
    source = find_model(settings)
    model = ModelThread(
        model_loader(source, settings),
        batch_size=settings.batch_size,
        regions=settings.regions,
        show_rendered=settings.show_rendered,
        metrics=metrics,
        # A version that the settings name is served whatever is promoted.
        renew=None if settings.model else Renewer(settings, served=source.version),
        renew_every_s=renew_every_s,
    )
    return PredictionService(
        model=model,
        images=ImageFetcher(settings, auth=auth),
        metrics=metrics,
        model_version=source.version,
        batch_size=settings.batch_size,
        cache_bytes=settings.cache_bytes,
        blind_share=settings.blind_share,
        keep=keep,
        mark_doubtful=settings.mark_doubtful,
    )


def label_studio_client(settings: Settings) -> LabelStudioClient | None:
    """Return a client for the Label Studio of the settings; None without address and token."""
    from backend.label_studio import LabelStudioClient

    token = settings.label_studio_token.get_secret_value()
    if not settings.label_studio_url or not token:
        return None
    return LabelStudioClient(settings.label_studio_url, token)


def create_app(
    settings: Settings,
    *,
    service: PredictionService | None = None,
    metrics: Metrics | None = None,
    database: Database | None = None,
    jobs: JobQueue | None = None,
    reviewing: Reviewing | None = None,
) -> Flask:
    """Build the application; nothing is loaded, opened or started by it.

    Args:
        settings: Limits and secrets.
        service: Predicts; made from the settings if absent. The caller starts and closes it.
        metrics: What `/metrics` shows; pass the service's own.
        database: Keeps events; without one they are acknowledged and forgotten.
        jobs: Takes tasks that were not ready; without it they are only answered `{}`.
        reviewing: Shows the review pages; made from the database if absent.
    """
    metrics = metrics or Metrics()
    if service is None:
        auth = label_studio_client(settings)
        service = create_service(settings, metrics=metrics, auth=auth)
    if reviewing is None and database is not None:
        reviewing = Reviewing.of(settings, database)
    answerer = Answerer(
        service,
        jobs=jobs,
        request_deadline_s=settings.predict_deadline_s,
        open_deadline_s=min(settings.open_deadline_s, settings.predict_deadline_s),
        noted=reviewing.asked.note if reviewing is not None else None,
    )
    app = Flask("backend", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_request_bytes
    app.extensions["weft"] = service
    parts = ProtocolParts(
        service=service,
        answerer=answerer,
        metrics=metrics,
        webhook_secret=settings.webhook_secret,
        store_event=_event_store(database),
        list_versions=lambda: all_versions(settings, served=service.model_version),
        max_predictions=settings.server_threads - NUM_FREE_THREADS,
    )
    app.register_blueprint(health_blueprint(service, metrics))
    app.register_blueprint(protocol_blueprint(parts))
    app.register_blueprint(jobs_blueprint(service, answerer, jobs, runs=_training_runs(database)))
    app.register_blueprint(
        audit_blueprint(
            service,
            deadline_s=settings.predict_deadline_s,
            promises=PromiseReader(settings.data_dir),
        )
    )
    add_loop_page(app, settings, service=service, metrics=metrics, database=database)
    page = reviewing.add_pages(app, service) if reviewing is not None else None
    _handle_errors(app, page)
    _measure(app, metrics)
    return app


def _event_store(database: Database | None) -> Callable[[Mapping[str, Any]], object] | None:
    if database is None:
        return None

    def store(body: Mapping[str, Any]) -> object:
        from backend.events import store_event

        return store_event(database, body)

    return store


def _training_runs(database: Database | None) -> RunStore | None:
    if database is None:
        return None
    from backend.retraining.runs import RunStore

    return RunStore(database)


def _handle_errors(app: Flask, page: RefusalPage | None) -> None:
    """Give every error the same shape, and no traceback to anybody outside.

    Args:
        app: Whose errors.
        page: Makes a page of an error for browsers; the others get JSON.
    """

    def answer(kind: str, message: str, status: int) -> Response:
        shown = page(status, message) if page is not None else None
        if shown is not None:
            return shown
        answered = jsonify(error={"type": kind, "message": message})
        answered.status_code = status
        return answered

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Response:
        kind = error.name.lower().replace(" ", "_")
        return answer(kind, error.description or error.name, error.code or 500)

    @app.errorhandler(CatalogError)
    def own_error(error: CatalogError) -> Response:
        is_theirs = isinstance(error, RequestError)
        log.warning("request_failed", path=request.path, reason=str(error))
        return answer(type(error).__name__, str(error), 400 if is_theirs else 503)

    @app.errorhandler(RecursionError)
    def too_deep(error: RecursionError) -> Response:
        return answer("bad_request", "the JSON is nested too deeply", 400)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Response:
        number = uuid.uuid4().hex[:12]
        log.error("request_crashed", path=request.path, number=number, exc_info=error)
        text = f"unexpected failure; the server's log explains it under {number}"
        return answer("internal_error", text, 500)


def _measure(app: Flask, metrics: Metrics) -> None:
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "unknown"
        metrics.requests.labels(route=route, status=str(response.status_code)).inc()
        started = g.get("started")
        if started is not None:
            metrics.request_seconds.labels(route=route).observe(time.perf_counter() - started)
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response
