"""Recorded and made-up events for the tests of the ledger."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from backend.database import Database
from backend.events import store_event
from backend.ledger.derive import Ledger
from backend.ledger.facts import as_moment
from backend.ledger.rules import Rules
from backend.ledger.tables import LedgerAnnotationRow, LedgerCellRow, LedgerRegionRow
from ontology.load import load_ontology
from ontology.model import Ontology

FIXTURES = Path(__file__).parents[2] / "fixtures"
PAYLOADS = FIXTURES / "payloads"
CONFIG = (PAYLOADS / "labeling-config.working.xml").read_text("utf-8")
CREATED_AT = "2026-11-21T02:17:16.934259Z"
UID = "4.1795227436"
PROJECT = {"id": 4, "created_at": CREATED_AT, "label_config": CONFIG}
START = datetime.fromisoformat("2026-11-21T02:20:00+00:00")


@lru_cache
def recorded_ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


def payload(name: str) -> dict[str, Any]:
    """Read a recorded body, with its trimmed project made whole."""
    body: dict[str, Any] = json.loads((PAYLOADS / f"{name}.json").read_text("utf-8"))
    if "project" in body and isinstance(body["project"], dict):
        body["project"] = {**body["project"], **PROJECT}
    return body


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def text(seconds: float) -> str:
    return moment(seconds).isoformat().replace("+00:00", "Z")


def put(database: Database, body: dict[str, Any], *, at: float | str = 1000.0) -> None:
    """Store a body as if it had come at a moment, in seconds since the start or as text."""
    when = moment(at) if isinstance(at, int | float) else as_moment(at)
    assert when is not None
    store_event(database, body, clock=lambda: when)


def ledger(database: Database, *, blind_share: float = 0.0) -> Ledger:
    return Ledger(
        database=database, rules=Rules(ontology=recorded_ontology(), blind_share=blind_share)
    )


def box(
    region_id: str,
    label: str = "Shirt",
    *,
    x: float = 10.0,
    width: float = 30.0,
    origin: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    return _result(region_id, "label", "rectanglelabels", [label], x, width, origin) | more


def choice(
    region_id: str,
    name: str,
    *values: str,
    x: float = 10.0,
    width: float = 30.0,
    origin: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    return _result(region_id, name, "choices", list(values), x, width, origin) | more


def _result(
    region_id: str,
    name: str,
    kind: str,
    texts: list[str],
    x: float,
    width: float,
    origin: str | None,
) -> dict[str, Any]:
    value = {"x": x, "y": 20.0, "width": width, "height": 40.0, "rotation": 0, kind: texts}
    result = {
        "id": region_id,
        "from_name": name,
        "to_name": "image",
        "type": kind,
        "original_width": 400,
        "original_height": 500,
        "image_rotation": 0,
        "value": value,
    }
    return result | ({"origin": origin} if origin else {})


def annotation(
    number: int,
    task: int,
    *results: dict[str, Any],
    unique: str = "",
    created: float = 0.0,
    updated: float | None = None,
    parent: int | None = None,
    lead_time: float | None = 5.0,
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": number,
        "task": task,
        "project": 4,
        "result": list(results),
        "unique_id": unique or f"u{number}",
        "created_at": text(created),
        "updated_at": text(created if updated is None else updated),
        "lead_time": lead_time,
        "completed_by": 1,
        "was_cancelled": False,
        "ground_truth": False,
        "parent_prediction": parent,
        **more,
    }


def task_body(task: int, **more: Any) -> dict[str, Any]:
    return {"id": task, "data": {"image": f"/data/upload/4/{task}.jpg"}, **more}


def told(kind: str, said: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make an `ANNOTATION_...` body."""
    return {
        "action": f"ANNOTATION_{kind}",
        "project": dict(PROJECT),
        "annotation": said,
        "task": task_body(said["task"]),
        **more,
    }


def prediction(number: int, task: int, *results: dict[str, Any], created: float = -10.0) -> Any:
    return {
        "id": number,
        "task": task,
        "project": 4,
        "model_version": "v1",
        "result": list(results),
        "created_at": text(created),
    }


def fetched(said: dict[str, Any], *, at: float = 0.0) -> dict[str, Any]:
    return {
        "action": "PREDICTION",
        "project": dict(PROJECT),
        "prediction": said,
        "moment": text(at),
    }


def task_snapshot(
    task: int, annotations: list[dict[str, Any]], *, at: float, predictions: Any = ()
) -> dict[str, Any]:
    shown = [{k: v for k, v in said.items() if k != "unique_id"} for said in annotations]
    listed = task_body(task, annotations=shown, predictions=list(predictions))
    body = {"action": "RECONCILED_TASK", "project": dict(PROJECT), "moment": text(at)}
    return body | {"task": listed}


def id_snapshot(ids: list[int], *, at: float) -> dict[str, Any]:
    body = {"action": "RECONCILED_IDS", "project": dict(PROJECT), "moment": text(at)}
    return body | {"annotation_ids": ids}


def deleted(*ids: int) -> dict[str, Any]:
    rows = [{"id": number} for number in ids]
    return {"action": "ANNOTATIONS_DELETED", "project": dict(PROJECT), "annotations": rows}


def tasks_deleted(*ids: int) -> dict[str, Any]:
    rows = [{"id": number} for number in ids]
    return {"action": "TASKS_DELETED", "project": dict(PROJECT), "tasks": rows}


def states(database: Database) -> dict[str, str]:
    """Return the state of every annotation, by its unique id, or `#id` where that is unknown."""
    with database.transaction() as session:
        rows = session.scalars(select(LedgerAnnotationRow))
        return {row.unique_id or f"#{row.annotation_id}": row.state for row in rows}


def only(database: Database) -> LedgerAnnotationRow:
    with database.transaction() as session:
        return session.scalars(select(LedgerAnnotationRow)).one()


def cells(database: Database) -> dict[tuple[str, str], LedgerCellRow]:
    with database.transaction() as session:
        rows = session.scalars(select(LedgerCellRow))
        return {(row.region_id, row.attribute): row for row in rows}


def changes(database: Database) -> dict[tuple[str, str], str]:
    return {key: row.change for key, row in cells(database).items()}


def regions(database: Database) -> dict[str, LedgerRegionRow]:
    with database.transaction() as session:
        return {row.region_id: row for row in session.scalars(select(LedgerRegionRow))}


def dump(database: Database) -> list[tuple[Any, ...]]:
    """Return all derived rows as plain values, in an order of their own."""
    found: list[tuple[Any, ...]] = []
    with database.transaction() as session:
        for table in (LedgerAnnotationRow, LedgerRegionRow, LedgerCellRow):
            columns = [column.name for column in table.__table__.columns]
            found += sorted(
                (
                    (table.__tablename__, *(repr(getattr(row, name)) for name in columns))
                    for row in session.scalars(select(table))
                ),
            )
    return found
