"""What others watch: `/`, `/health` and `/metrics`. Nothing here waits for anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, jsonify

if TYPE_CHECKING:
    from backend.metrics import Metrics
    from backend.predictor import PredictionService

__all__ = ["MODEL_CLASS", "health_blueprint"]

MODEL_CLASS = "weft"


def health_blueprint(service: PredictionService, metrics: Metrics) -> Blueprint:
    """Make the routes that say how the server is."""
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/")
    @blueprint.get("/health")
    def health() -> Response:
        """Say that the server is up and whether its model is."""
        fault = service.model.fault
        return jsonify(
            status="UP",
            model_class=MODEL_CLASS,
            model=service.state,
            model_version=service.model_version,
            **({"model_detail": fault} if fault else {}),
        )

    @blueprint.get("/metrics")
    def prometheus() -> Response:
        """Give all metrics as Prometheus text."""
        text, content_type = metrics.render()
        return Response(text, content_type=content_type)

    return blueprint
