"""The routes that Label Studio calls: `/setup`, `/predict`, `/webhook` and `/versions`."""

from __future__ import annotations

import hmac
import ipaddress
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import Forbidden, Unauthorized

from backend.answers import Answerer
from backend.requests import RequestError, parse_predict

if TYPE_CHECKING:
    from pydantic import SecretStr

    from backend.metrics import Metrics
    from backend.predictor import PredictionService

__all__ = ["SECRET_HEADER", "ProtocolParts", "is_loopback", "protocol_blueprint"]

log = structlog.get_logger(__name__)

SECRET_HEADER = "X-Weft-Secret"  # noqa: S105 - the header's name
_TRAINING = "START_TRAINING"
_KNOWN_ACTIONS = frozenset(
    {
        "ANNOTATION_CREATED",
        "ANNOTATIONS_CREATED",
        "ANNOTATION_UPDATED",
        "ANNOTATION_DELETED",
        "ANNOTATIONS_DELETED",
        "TASKS_CREATED",
        "TASKS_DELETED",
        "PROJECT_CREATED",
        "PROJECT_UPDATED",
        "PROJECT_DELETED",
        _TRAINING,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolParts:
    """What the routes work with.

    Attributes:
        store_event: Keeps an event's body; None where there is no database.
        list_versions: Gives every model version, the served one first.
        max_predictions: Requests that may predict at the same time; others are answered at once
            and their tasks queued.
    """

    service: PredictionService
    answerer: Answerer
    metrics: Metrics
    webhook_secret: SecretStr
    store_event: Callable[[Mapping[str, Any]], object] | None
    list_versions: Callable[[], list[str]]
    max_predictions: int


def protocol_blueprint(parts: ProtocolParts) -> Blueprint:
    """Make the routes."""
    blueprint = Blueprint("protocol", __name__)
    free = threading.BoundedSemaphore(parts.max_predictions)

    @blueprint.post("/setup")
    def setup() -> Response:
        """Give the version; the same for every project, and at once, whatever the body."""
        return jsonify(model_version=parts.service.model_version)

    @blueprint.post("/predict")
    def predict() -> Response:
        """Predict all tasks of the request, as far as the deadline allows."""
        wanted = parse_predict(request.get_json())
        if not free.acquire(blocking=False):
            return jsonify(results=parts.answerer.postpone(wanted, "too many requests at once"))
        try:
            return jsonify(results=parts.answerer.answer(wanted))
        finally:
            free.release()

    @blueprint.post("/webhook")
    def webhook() -> tuple[Response, int]:
        """Keep the event and answer; whatever follows from it happens elsewhere."""
        body = request.get_json()
        if not isinstance(body, Mapping):
            raise RequestError("event is not a JSON object; expected one with `action`")
        return _take_event(body, parts)

    @blueprint.route("/versions", methods=["GET", "POST"])
    def versions() -> Response:
        """List the model versions, the served one first."""
        return jsonify(versions=parts.list_versions())

    return blueprint


def _take_event(body: Mapping[str, Any], parts: ProtocolParts) -> tuple[Response, int]:
    action = body.get("action")
    is_known = isinstance(action, str) and action in _KNOWN_ACTIONS
    label = str(action) if is_known else "other"
    if action == _TRAINING and not _is_trusted(parts.webhook_secret):
        # Label Studio sends this one itself, without the webhook's headers. Nothing of such a body
        # is kept, and it can start no training that new corrections do not give a reason for.
        body = {"action": _TRAINING}
    else:
        _check_sender(parts.webhook_secret)
    if parts.store_event is not None:
        parts.store_event(body)
    parts.metrics.events.labels(action=label).inc()
    log.info("event_received", action=label)
    if not is_known:
        return jsonify(status="ignored", reason="unknown action"), 200
    return jsonify(status="ok", result={}), 201


def _is_trusted(secret: SecretStr) -> bool:
    try:
        _check_sender(secret)
    except (Unauthorized, Forbidden):
        return False
    return True


def _check_sender(secret: SecretStr) -> None:
    """Let in who knows the secret; without one, who sits on this machine.

    Raises:
        Unauthorized: If the header is missing or wrong.
        Forbidden: If no secret is set and the request comes from elsewhere.
    """
    expected = secret.get_secret_value().encode()
    if expected:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, expected):
            raise Unauthorized(f"the header {SECRET_HEADER} is missing or wrong")
    elif not is_loopback(request.remote_addr):
        raise Forbidden(
            "events from other machines need a secret; set WEFT_WEBHOOK_SECRET and run "
            "`weft connect` again"
        )


def is_loopback(address: str | None) -> bool:
    """Whether a request comes from this machine."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return False
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback
