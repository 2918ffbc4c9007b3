"""`/jobs`: what is still to come, what failed and why, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request

if TYPE_CHECKING:
    from backend.answers import Answerer
    from backend.jobs import JobQueue
    from backend.predictor import PredictionService
    from backend.retraining.runs import RunStore

__all__ = ["jobs_blueprint"]

_NUM_RUNS = 20

_NO_QUEUE: dict[str, Any] = {
    "notice": "no database: late tasks are not followed up",
    "refused": 0,
    "counts": {},
    "jobs": [],
    "tasks": [],
}


def jobs_blueprint(
    service: PredictionService,
    answerer: Answerer,
    jobs: JobQueue | None,
    *,
    runs: RunStore | None = None,
) -> Blueprint:
    """Make the route."""
    blueprint = Blueprint("jobs", __name__)

    @blueprint.get("/jobs")
    def show() -> Response:
        """Give the queue as JSON, or as a page to whoever prefers HTML."""
        content = {
            "model": service.state,
            "model_version": service.model_version,
            "config_faults": dict(answerer.config_faults),
            **(jobs.summary() if jobs is not None else _NO_QUEUE),
            "training": _training(runs),
        }
        wants_page = request.accept_mimetypes.best_match(["application/json", "text/html"])
        if wants_page == "text/html":
            return Response(render_template("jobs.html", **content), mimetype="text/html")
        return jsonify(content)

    return blueprint


def _training(runs: RunStore | None) -> list[dict[str, Any]]:
    """Give the newest training runs; where the files of a report lie is nobody's business."""
    found = [run.to_dict() for run in runs.newest(_NUM_RUNS)] if runs is not None else []
    for run in found:
        if run["verdict"].pop("report", None) is not None:
            run["verdict"]["report"] = f"/loop/reports/{run['id']}"
    return found
