"""Annotations as the rule for several annotators sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.ledger.tables import CellChange, RegionChange

if TYPE_CHECKING:
    from backend.ledger.tables import LedgerAnnotationRow, LedgerCellRow, LedgerRegionRow

__all__ = ["Cell", "Look", "LookedAt"]

_NEVER = datetime.min.replace(tzinfo=UTC)
_ANSWERED = frozenset({CellChange.ACCEPTED, CellChange.CHANGED, CellChange.ADDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One annotator's answer about one attribute; value ids before and after."""

    change: CellChange
    before: frozenset[str]
    after: frozenset[str]

    def answer(self) -> tuple[str, frozenset[str]] | None:
        """Return what was said, so that equal answers are equal; None if nothing was."""
        if self.change in _ANSWERED:
            return "values", self.after
        if self.change is CellChange.REMOVED:
            return "removed", self.before
        if self.change in {CellChange.CANNOT_TELL, CellChange.OTHER}:
            return self.change.value, frozenset()
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One annotation that counts, also if it holds nothing.

    Attributes:
        annotator: Who; annotations without a user are taken for different people's.
    """

    ref: str
    annotator: str
    updated_at: datetime
    ground_truth: bool

    @classmethod
    def of(cls, row: LedgerAnnotationRow) -> Look:
        """Read it from the ledger's row."""
        user = row.completed_by
        return cls(
            ref=row.ref,
            annotator=row.ref if user is None else str(user),
            updated_at=row.updated_at or _NEVER,
            ground_truth=row.ground_truth,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """One region as one annotator left it.

    Attributes:
        is_there: False for a predicted region that was rejected.
        iou: Overlap with the predicted box, 0..1; None for a box drawn by hand.
        category: Id of the category; empty if it is not known.
    """

    project_uid: str
    task_id: int
    annotation_ref: str
    image: str
    is_blind: bool
    ground_truth: bool
    region_id: str
    is_there: bool
    iou: float | None
    box: Mapping[str, float]
    image_wh: tuple[int, int]
    category: str
    cells: Mapping[str, Cell]

    @classmethod
    def of(
        cls,
        annotation: LedgerAnnotationRow,
        region: LedgerRegionRow,
        cells: Iterable[LedgerCellRow],
    ) -> LookedAt:
        """Read it from the ledger's rows."""
        return cls(
            project_uid=annotation.project_uid,
            task_id=annotation.task_id,
            annotation_ref=annotation.ref,
            image=annotation.image,
            is_blind=annotation.is_blind,
            ground_truth=annotation.ground_truth,
            region_id=region.region_id,
            is_there=region.change != RegionChange.DELETED,
            iou=region.iou,
            box=region.box_after or region.box_before or {},
            image_wh=(region.image_w, region.image_h),
            category=region.category_after,
            cells={
                cell.attribute: Cell(
                    change=CellChange(cell.change),
                    before=frozenset(cell.before),
                    after=frozenset(cell.after),
                )
                for cell in cells
            },
        )

    @property
    def box_percent(self) -> tuple[float, float, float, float]:
        """`x, y, width, height` in percent of the picture."""
        x, y, width, height = (self.box.get(key, 0.0) for key in ("x", "y", "width", "height"))
        return x, y, width, height
