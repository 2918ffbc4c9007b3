"""Annotations as the rule for several annotators sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from backend.ledger.reviewed import is_reviewed
from backend.ledger.said import members
from backend.ledger.tables import CellChange, RegionChange
from backend.places import SUGGESTED_PREFIX
from ontology.model import AttributeId, CategoryId

if TYPE_CHECKING:
    from backend.ledger.tables import LedgerAnnotationRow, LedgerCellRow, LedgerRegionRow
    from ontology.config_map import ChoicesTag, ConfigMap

__all__ = ["Cell", "Look", "LookedAt"]

_NEVER = datetime.min.replace(tzinfo=UTC)
_ANSWERED = frozenset({CellChange.ACCEPTED, CellChange.CHANGED, CellChange.ADDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One annotator's answer about one attribute.

    Attributes:
        before: Value ids; an entry may name several of which one is meant (`said.one_of`).
        after: The same.
        offered: Value ids that could be chosen; what is not among them was not refused.
        is_whole: As many values as hold could be chosen.
    """

    change: CellChange
    before: frozenset[str]
    after: frozenset[str]
    offered: frozenset[str]
    is_whole: bool

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
        is_review: A reviewer decided, and may have looked at a part only.
    """

    ref: str
    annotator: str
    updated_at: datetime
    ground_truth: bool
    is_review: bool = False

    @classmethod
    def of(cls, row: LedgerAnnotationRow) -> Look:
        """Read it from the ledger's row."""
        user = row.completed_by
        return cls(
            ref=row.ref,
            annotator=row.ref if user is None else str(user),
            updated_at=row.updated_at or _NEVER,
            ground_truth=row.ground_truth,
            is_review=is_reviewed(row.annotation_id),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """One region as one annotator left it.

    Attributes:
        is_there: False for a predicted region that was rejected.
        iou: Overlap with the predicted box, 0..1; None for a box drawn by hand.
        category: Id of the category, or what `said.one_of` writes; empty if it is not known.
        is_category_put: Somebody put it, other than left it as predicted.
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
    is_category_put: bool
    cells: Mapping[str, Cell]

    @classmethod
    def of(
        cls,
        annotation: LedgerAnnotationRow,
        region: LedgerRegionRow,
        cells: Iterable[LedgerCellRow],
        *,
        offer: ConfigMap | None,
    ) -> LookedAt:
        """Read it from the ledger's rows.

        Args:
            annotation: Whose region it is.
            region: What became of it.
            cells: What became of its attributes.
            offer: The labeling config in force then, in the ids of the rows.
        """
        categories = members(region.category_after)
        is_suggested = region.region_id.startswith(SUGGESTED_PREFIX)
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
            is_category_put=region.change == RegionChange.RELABELLED
            or (region.change == RegionChange.ADDED and not is_suggested),
            cells={cell.attribute: _cell(cell, categories, offer) for cell in cells},
        )

    @property
    def box_percent(self) -> tuple[float, float, float, float]:
        """`x, y, width, height` in percent of the picture."""
        x, y, width, height = (self.box.get(key, 0.0) for key in ("x", "y", "width", "height"))
        return x, y, width, height


def _cell(row: LedgerCellRow, categories: frozenset[str], offer: ConfigMap | None) -> Cell:
    tags = _tags(row.attribute, categories, offer) if offer is not None else []
    offers = [frozenset(map(str, tag.label_by_value)).union(*tag.legacy.values()) for tag in tags]
    return Cell(
        change=CellChange(row.change),
        before=frozenset(row.before),
        after=frozenset(row.after),
        offered=frozenset.intersection(*offers) if offers else frozenset(),
        is_whole=bool(tags) and all(tag.multiple for tag in tags),
    )


def _tags(attribute: str, categories: frozenset[str], offer: ConfigMap) -> list[ChoicesTag]:
    """Return the tags that ask for an attribute of these categories; of none, of any."""
    if not categories:
        return [tag for tag in offer.choices_by_name.values() if tag.attribute == attribute]
    keys = ((AttributeId(attribute), CategoryId(category)) for category in sorted(categories))
    return [offer.choices[key] for key in keys if key in offer.choices]
