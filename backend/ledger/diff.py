"""Compare an annotation with the prediction that it came from, region by region, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.ledger.said import SIDES, Said, SaidRegion, one_of, read_regions
from backend.ledger.tables import CellChange, RegionChange
from backend.places import SUGGESTED_PREFIX
from tagger.boxes import BoxError, PixelBox

if TYPE_CHECKING:
    from ontology.config_map import ConfigMap
    from ontology.model import AttributeId, Ontology

__all__ = [
    "ACCEPTED_WEIGHT",
    "KEPT_IOU",
    "CellDiff",
    "RegionDiff",
    "Trust",
    "box_iou",
    "diff_annotation",
]

KEPT_IOU = 0.95
"""Overlap from which on a box counts as left where it was."""

ACCEPTED_WEIGHT = 0.3
"""Weight of what was left as predicted: people also wave wrong values through."""

_ACCEPTABLE = frozenset({CellChange.ACCEPTED, CellChange.CHANGED, CellChange.ADDED})
_FULL = frozenset(
    {CellChange.CHANGED, CellChange.ADDED, CellChange.REMOVED, CellChange.NOT_APPLICABLE}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What an annotation's labels may be used for.

    Attributes:
        is_blind: Nothing was suggested, because the task is of the blind share.
        ground_truth: Somebody marked the annotation as the truth.
        accepted_weight: Weight in training of what was left as predicted, 0..1.
    """

    is_blind: bool = False
    ground_truth: bool = False
    accepted_weight: float = ACCEPTED_WEIGHT


@dataclass(frozen=True, slots=True, kw_only=True)
class CellDiff:
    """What became of one attribute of a region; see `backend.ledger.tables.LedgerCellRow`."""

    attribute: str
    change: CellChange
    before: tuple[str, ...]
    after: tuple[str, ...]
    score: float | None
    weight: float
    counts_for_gate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionDiff:
    """What became of a region; see `backend.ledger.tables.LedgerRegionRow`."""

    region_id: str
    change: RegionChange
    iou: float | None
    box_before: Mapping[str, float] | None
    box_after: Mapping[str, float] | None
    image_wh: tuple[int, int]
    category_before: str
    category_after: str
    cells: tuple[CellDiff, ...]


def diff_annotation(
    result: Sequence[Mapping[str, Any]],
    parent: Sequence[Mapping[str, Any]],
    *,
    config: ConfigMap,
    ontology: Ontology,
    trust: Trust,
) -> tuple[RegionDiff, ...]:
    """Say what became of every region and cell.

    Args:
        result: The annotation's results as Label Studio stores them; anything may be in them.
        parent: The results of the prediction that it came from; empty for none.
        config: What the strings of both mean.
        ontology: Says which attributes a category has.
        trust: What the labels may be used for.
    """
    before, after = read_regions(parent, config), read_regions(result, config)
    return tuple(
        _diff_region(
            region_id,
            before.get(region_id),
            after.get(region_id),
            config=config,
            ontology=ontology,
            trust=trust,
        )
        for region_id in dict.fromkeys([*before, *after])
    )


def box_iou(one: Mapping[str, float] | None, two: Mapping[str, float] | None) -> float:
    """Return intersection over union of two boxes in percent, 0..1; the same as in pixels."""
    try:
        boxes = [
            PixelBox.from_xywh(*(float((box or {})[side]) for side in SIDES)) for box in (one, two)
        ]
    except (BoxError, KeyError, TypeError, ValueError):
        return 0.0
    return boxes[0].iou(boxes[1])


def _diff_region(
    region_id: str,
    before: SaidRegion | None,
    after: SaidRegion | None,
    *,
    config: ConfigMap,
    ontology: Ontology,
    trust: Trust,
) -> RegionDiff:
    iou = box_iou(before.box, after.box) if before is not None and after is not None else None
    cells: list[CellDiff] = []
    if after is not None:
        is_suggested = before is None and region_id.startswith(SUGGESTED_PREFIX)
        for attribute in ontology.attributes:
            cell = _diff_cell(attribute.id, before, after, config=config, ontology=ontology)
            if cell is not None:
                cells.append(_weigh(cell, trust, is_suggested=is_suggested))
    either = after or before
    assert either is not None  # noqa: S101 - the id comes from one of them
    return RegionDiff(
        region_id=region_id,
        change=_region_change(before, after, iou),
        iou=iou,
        box_before=before.box if before is not None else None,
        box_after=after.box if after is not None else None,
        image_wh=either.image_wh if any(either.image_wh) or before is None else before.image_wh,
        category_before=one_of(before.categories) if before is not None else "",
        category_after=one_of(after.categories) if after is not None else "",
        cells=tuple(cells),
    )


def _region_change(
    before: SaidRegion | None, after: SaidRegion | None, iou: float | None
) -> RegionChange:
    if before is None or after is None:
        return RegionChange.ADDED if before is None else RegionChange.DELETED
    if before.categories != after.categories:
        return RegionChange.RELABELLED
    is_turned = before.box.get("rotation") != after.box.get("rotation")
    is_kept = iou is not None and iou >= KEPT_IOU and not is_turned
    return RegionChange.KEPT if is_kept else RegionChange.MOVED


def _diff_cell(
    attribute: AttributeId,
    before: SaidRegion | None,
    after: SaidRegion,
    *,
    config: ConfigMap,
    ontology: Ontology,
) -> CellDiff | None:
    """Compare one attribute; None where the region has no such question and never had."""
    old = before.answer(attribute, config) if before is not None else None
    new = after.answer(attribute, config)
    was = old.values if old is not None else frozenset()
    applies = any(ontology.applies(category, attribute) for category in after.categories)
    if after.categories and not applies:
        return _cell(attribute, CellChange.NOT_APPLICABLE, was, frozenset(), old) if was else None
    is_asked = not after.categories or bool(after.asked(attribute, config))
    if not is_asked and not was:
        return None
    now = new.values if new is not None else frozenset()
    return _cell(attribute, _change(old, new, after, attribute, config), was, now, old)


def _change(
    old: Said | None,
    new: Said | None,
    after: SaidRegion,
    attribute: AttributeId,
    config: ConfigMap,
) -> CellChange:
    was = old.values if old is not None else frozenset()
    if new is not None and (new.cannot_tell or new.other):
        return CellChange.CANNOT_TELL if new.cannot_tell else CellChange.OTHER
    if new is not None and new.values:
        if not was:
            return CellChange.ADDED
        return CellChange.ACCEPTED if new.values == was else CellChange.CHANGED
    if old is None or not was or (new is not None and new.num_unknown):
        return CellChange.BLANK
    # Another category may ask by another tag: then the old answer vanished, nobody removed it.
    is_same = old.tag in after.asked(attribute, config)
    return CellChange.REMOVED if is_same else CellChange.BLANK


def _cell(
    attribute: AttributeId,
    change: CellChange,
    before: frozenset[str],
    after: frozenset[str],
    old: Said | None,
) -> CellDiff:
    return CellDiff(
        attribute=attribute,
        change=change,
        before=tuple(sorted(before)),
        after=tuple(sorted(after)),
        score=old.score if old is not None else None,
        weight=0.0,
        counts_for_gate=False,
    )


def _weigh(cell: CellDiff, trust: Trust, *, is_suggested: bool) -> CellDiff:
    """Say what a cell counts for; a region filled by the model at request is not unseen."""
    change, before = cell.change, cell.before
    if is_suggested and change is CellChange.ADDED:
        change, before = CellChange.ACCEPTED, cell.after
    weight = 1.0 if change in _FULL else 0.0
    if change is CellChange.ACCEPTED:
        weight = trust.accepted_weight
    is_put = change in _ACCEPTABLE and change is not CellChange.ACCEPTED
    return CellDiff(
        attribute=cell.attribute,
        change=change,
        before=before,
        after=cell.after,
        score=cell.score,
        weight=weight,
        counts_for_gate=(trust.ground_truth and change in _ACCEPTABLE)
        or (trust.is_blind and is_put),
    )
