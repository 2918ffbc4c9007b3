"""`/loop`: what the corrections say, for people and for programs; and the gate's reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, abort, jsonify, render_template, request

from backend.stats.acceptance import OVERALL
from backend.stats.facts import CATEGORY
from backend.stats.plots import draw_all

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend.stats.snapshot import Snapshot
    from backend.stats.summary import LoopStats

__all__ = ["LoopParts", "loop_blueprint"]

_FIRST_WAIT_S = 10.0
_PAGE, _JSON = "text/html", "application/json"
_REPORT_FILES = {_PAGE: ("report.html", _PAGE), _JSON: ("report.json", _JSON)}
_BUSY = frozenset({"queued", "running", "gating", "interrupted"})
_NO_SCRIPTS = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopParts:
    """What the page works with.

    Attributes:
        snapshot: The figures; None where there is no database.
        data_dir: Reports are given out only from below this folder.
        report_of: Says where the report of a training run lies; empty where there is none.
    """

    snapshot: Snapshot | None
    data_dir: Path
    report_of: Callable[[int], str]


def loop_blueprint(parts: LoopParts) -> Blueprint:
    """Make the routes."""
    blueprint = Blueprint("loop", __name__)
    drawn: dict[str, Any] = {"of": None, "plots": {}}

    def plots(stats: LoopStats) -> dict[str, str]:
        if drawn["of"] is not stats:
            drawn["plots"], drawn["of"] = draw_all(stats), stats
        return dict(drawn["plots"])

    @blueprint.get("/loop")
    def show() -> Response:
        """Give the figures as JSON, or as a page to whoever prefers HTML."""
        snapshot = parts.snapshot
        stats = snapshot.current(wait_s=_FIRST_WAIT_S) if snapshot is not None else None
        fault = "there is no database" if snapshot is None else snapshot.fault
        if _wanted() != _PAGE:
            return jsonify({"fault": fault, "stats": stats.to_dict() if stats else None})
        content = {} if stats is None else {**_content(stats), "plots": plots(stats)}
        page = render_template("loop.html", stats=stats, fault=fault, **content)
        return _page(page, _PAGE)

    @blueprint.get("/loop/reports/<int:run>")
    def report(run: int) -> Response:
        """Give a training run's gate report as it was written."""
        place = parts.report_of(run)
        if not place:
            abort(404, f"training run {run} has no report; /loop lists those that have one")
        name, mimetype = _REPORT_FILES[_wanted()]
        path = _report_file(parts.data_dir, place, name)
        if path is None:
            abort(404, f"the report of training run {run} is not in the data folder any more")
        return _page(path.read_bytes(), mimetype)

    return blueprint


def _wanted() -> str:
    return request.accept_mimetypes.best_match([_JSON, _PAGE]) or _JSON


def _page(body: str | bytes, mimetype: str) -> Response:
    # Reports are files: whatever they hold, it must neither run nor fetch anything here.
    headers = {"Content-Security-Policy": _NO_SCRIPTS, "Referrer-Policy": "no-referrer"}
    return Response(body, mimetype=mimetype, headers=headers)


def _report_file(data_dir: Path, report: str, name: str) -> Path | None:
    """Find a file of a report, which names its folder or a file in it; only below the data."""
    root = data_dir.resolve()
    place = (root / report).resolve()
    folder = place if place.is_dir() else place.parent
    path = (folder / name).resolve()
    return path if path.is_relative_to(root) and path.is_file() else None


def _content(stats: LoopStats) -> dict[str, Any]:
    """Prepare what the template shows beside the figures themselves."""
    of_live = {row.attribute: row for row in stats.acceptance if row.model_version == stats.live}
    of_before = {
        row.attribute: row for row in stats.acceptance if row.model_version == stats.before
    }
    times = {row.kind: row for row in stats.times if not row.model_version and not row.annotator}
    return {
        "overall": of_live.get(OVERALL),
        "overall_before": of_before.get(OVERALL),
        "category": of_live.get(CATEGORY),
        "clicks": next((row for row in stats.clicks if row.model_version == stats.live), None),
        "times": times,
        "alarms": _alarms(stats),
        "busy": [run for run in stats.runs if run.state in _BUSY],
    }


def _alarms(stats: LoopStats) -> list[str]:
    """Say what needs a person's eye, the worst first; one sentence each."""
    found = []
    for item in reversed(stats.withdrawn):
        if item.returned_to == stats.live:
            found.append(
                f"Version {item.version} was withdrawn at {item.at}: annotators left "
                f"{item.mean:.1%} of its answers as they were, and {item.mean_before:.1%} of those "
                f"of {item.returned_to}, which serves again."
            )
    if stats.watch is not None and stats.watch.is_alarm:
        found.append(f"Version {stats.live} is accepted less than {stats.before}, beyond chance.")
    if stats.drift is not None and stats.drift.is_alarm:
        worst = stats.drift.changes[0]
        found.append(
            f"The newest {stats.drift.num_newest} predicted regions differ from earlier ones of "
            f"the same version, most of all in {worst.what} (p = {worst.p_value:.3f})."
        )
    found += [f"Project {number}: {fault}" for number, fault in stats.renewed.faults.items()]
    ended = next((run for run in stats.runs if run.state not in _BUSY), None)
    if ended is not None and ended.state == "failed":
        found.append(f"Training run {ended.id} failed: {ended.note}")
    if ended is not None and ended.state == "undecided" and ended.candidate != stats.live:
        found.append(f"Training run {ended.id} waits for a person's decision: {ended.note}")
    return found
