"""Write the ledger as a table: a row for each cell, with what was predicted and submitted."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, TextIO

from sqlalchemy import select

from backend.ledger.tables import LedgerAnnotationRow, LedgerCellRow, LedgerRegionRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backend.database import Database

__all__ = ["export_rows", "write_csv", "write_json"]

_ANNOTATION = (
    "project_uid",
    "task_id",
    "annotation_id",
    "image",
    "state",
    "completed_by",
    "lead_time_s",
    "ground_truth",
    "is_blind",
    "model_version",
    "updated_at",
)
_REGION = ("region_id", "iou", "box_before", "box_after", "category_before", "category_after")
_CELL = ("attribute", "change", "before", "after", "score", "weight", "counts_for_gate")
_COLUMNS = (*_ANNOTATION, "region_change", *_REGION, *_CELL)


def export_rows(database: Database) -> Iterator[dict[str, Any]]:
    """Give a row for each cell; regions without cells and annotations without regions get one."""
    annotation, region, cell = LedgerAnnotationRow, LedgerRegionRow, LedgerCellRow
    query = (
        select(annotation, region, cell)
        .outerjoin(region, region.annotation_ref == annotation.ref)
        .outerjoin(
            cell,
            (cell.annotation_ref == annotation.ref) & (cell.region_id == region.region_id),
        )
        .order_by(annotation.ref, region.region_id, cell.attribute)
        .execution_options(yield_per=500)
    )
    with database.reading() as session:
        for said, place, answer in session.execute(query):
            row = {name: _plain(getattr(said, name)) for name in _ANNOTATION}
            row["region_change"] = place.change if place is not None else None
            row |= {name: _plain(getattr(place, name, None)) for name in _REGION}
            yield row | {name: _plain(getattr(answer, name, None)) for name in _CELL}


def write_json(database: Database, stream: TextIO) -> int:
    """Write a JSON array with an object a line; returns how many."""
    num_rows = 0
    for row in export_rows(database):
        stream.write((",\n" if num_rows else "[\n") + json.dumps(row))
        num_rows += 1
    stream.write("\n]\n" if num_rows else "[]\n")
    return num_rows


def write_csv(database: Database, stream: TextIO) -> int:
    """Write a table with a header, lists separated by spaces and boxes as JSON."""
    writer = csv.DictWriter(stream, _COLUMNS)
    writer.writeheader()
    num_rows = 0
    for row in export_rows(database):
        writer.writerow({name: _text(value) for name, value in row.items()})
        num_rows += 1
    return num_rows


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return " ".join(value)
    return json.dumps(value) if isinstance(value, dict) else value
