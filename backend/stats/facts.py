"""Read what annotators submitted from the ledger, as plain values."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from backend.ledger.tables import (
    AnnotationState,
    CellChange,
    LedgerAnnotationRow,
    LedgerCellRow,
    LedgerRegionRow,
    RegionChange,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import ColumnElement, Executable

    from backend.database import Database

__all__ = ["CATEGORY", "Cell", "CellChange", "Labelled", "Region", "RegionChange", "read_labelled"]

CATEGORY = "(category)"

TaskKey = tuple[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What became of one attribute of a region; value ids before and after."""

    attribute: str
    change: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What became of a region.

    Attributes:
        is_box_adjusted: The box of the annotation is not the predicted one.
    """

    change: str
    is_box_adjusted: bool = False
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """One submitted annotation.

    Attributes:
        task: Project uid and task id.
        model_version: Version of the prediction that it started from; empty without one.
        annotator: Id of the user; None where Label Studio does not say.
        lead_time_s: Seconds that were spent on it; None where Label Studio does not say.
    """

    task: TaskKey
    model_version: str
    is_blind: bool = False
    annotator: int | None = None
    lead_time_s: float | None = None
    regions: tuple[Region, ...] = ()


def read_labelled(
    database: Database,
    *,
    project_id: int | None = None,
    since: datetime | None = None,
    versions: Collection[str] | None = None,
) -> list[Labelled]:
    """Read the submitted annotations, oldest first.

    Args:
        database: Holds the ledger; nobody who writes is held up.
        project_id: Only this project.
        since: Only what was submitted at or after this moment, aware.
        versions: Only what started from predictions of these model versions.
    """
    row = LedgerAnnotationRow
    wanted = [row.state == AnnotationState.SUBMITTED, row.is_pending.is_(False)]
    if project_id is not None:
        wanted.append(row.project_id == project_id)
    if since is not None:
        wanted.append(func.coalesce(row.created_at, row.updated_at) >= since)
    if versions is not None:
        wanted.append(row.model_version.in_(list(versions)))
    columns = (
        row.ref,
        row.project_uid,
        row.task_id,
        row.model_version,
        row.is_blind,
        row.completed_by,
        row.lead_time_s,
    )
    query = select(*columns).where(*wanted)
    with database.reading() as session:
        found = session.execute(query.order_by(row.created_at, row.ref)).all()
        cells = _cells(session.execute(_joined(LedgerCellRow, wanted)))
        regions = _regions(session.execute(_joined(LedgerRegionRow, wanted)), cells)
    return [
        Labelled(
            task=(item.project_uid, item.task_id),
            model_version=item.model_version,
            is_blind=item.is_blind,
            annotator=item.completed_by,
            lead_time_s=item.lead_time_s,
            regions=tuple(regions.get(item.ref, ())),
        )
        for item in found
    ]


def _joined(
    table: type[LedgerCellRow | LedgerRegionRow], wanted: list[ColumnElement[bool]]
) -> Executable:
    columns = (
        (table.attribute, table.change, table.before, table.after)
        if issubclass(table, LedgerCellRow)
        else (table.change, table.iou)
    )
    query = select(table.annotation_ref, table.region_id, *columns)
    joined = query.join(LedgerAnnotationRow, LedgerAnnotationRow.ref == table.annotation_ref)
    return joined.where(*wanted).order_by(table.annotation_ref, table.region_id)


def _cells(rows: Any) -> dict[tuple[str, str], list[Cell]]:
    found: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for ref, region_id, attribute, change, before, after in rows:
        cell = Cell(attribute=attribute, change=change, before=tuple(before), after=tuple(after))
        found[ref, region_id].append(cell)
    return found


def _regions(rows: Any, cells: dict[tuple[str, str], list[Cell]]) -> dict[str, list[Region]]:
    found: dict[str, list[Region]] = defaultdict(list)
    for ref, region_id, change, iou in rows:
        is_relabelled_and_moved = change == RegionChange.RELABELLED and (iou or 0.0) < _SAME_BOX
        region = Region(
            change=change,
            is_box_adjusted=change == RegionChange.MOVED or is_relabelled_and_moved,
            cells=tuple(cells.get((ref, region_id), ())),
        )
        found[ref].append(region)
    return found


# As the ledger tells a kept box from a moved one.
_SAME_BOX = 0.95
