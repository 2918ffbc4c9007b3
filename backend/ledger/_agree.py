"""The rule by which several annotators of one task are brought to one answer, or to none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.ledger._labels import cell_label
from backend.ledger._reviews import SAME_IOU, Reviews
from backend.ledger.diff import box_iou
from backend.ledger.said import members
from backend.ledger.tables import CellChange
from backend.places import SUGGESTED_PREFIX
from ontology.errors import UnknownIdError
from ontology.labels import CellLabel, GarmentLabel
from ontology.model import AttributeId, CategoryId

if TYPE_CHECKING:
    from datetime import datetime

    from backend.ledger._looks import Cell, Look, LookedAt
    from ontology.model import Ontology

__all__ = ["CATEGORY", "REGION", "Disagreement", "agree"]

CATEGORY = "(category)"
REGION = "(region)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """What annotators answer differently, and is masked until one is marked as ground truth.

    Attributes:
        attribute: The attribute, `(category)`, or `(region)` where not all of them see a garment.
        answers: What each annotation says, by its `ref`, as sorted ids or a word.
    """

    project_uid: str
    task_id: int
    image: str
    region_id: str
    attribute: str
    answers: Mapping[str, tuple[str, ...]]


def agree(
    looks: Iterable[Look],
    regions: Iterable[LookedAt],
    *,
    ontology: Ontology,
    accepted_weight: float,
) -> tuple[list[tuple[LookedAt, GarmentLabel]], list[Disagreement]]:
    """Bring what several annotators said about one task together.

    Where a reviewer decided, the reviewer's answer takes the place of everybody's.

    Args:
        looks: The task's submitted annotations.
        regions: Every region of them.
        ontology: Whose ids the regions have.
        accepted_weight: Weight of cells that were left as predicted, 0..1.

    Returns:
        The garments, each by the region that stands for it, and what is masked.
    """
    looks = list(looks)
    annotators = [look for look in looks if not look.is_review]
    counting = _who_counts(annotators or looks)
    reviews = Reviews.among(looks if annotators else (), regions := list(regions))
    by_annotation: dict[str, list[LookedAt]] = {ref: [] for ref in sorted(counting)}
    for looked in sorted(regions, key=lambda looked: looked.region_id):
        if looked.is_there and looked.annotation_ref in by_annotation:
            by_annotation[looked.annotation_ref].append(looked)
    num_annotators = len(by_annotation)
    garments, masked = [], []
    for group in _matched(list(by_annotation.values())):
        if any(looked.is_blind and _is_suggested(looked) for looked in group):
            continue  # the model has spoken, so it is no measure; the picture is not for training
        group, is_reviewed = reviews.over(group)
        if len(group) < num_annotators and not is_reviewed:
            masked.append(_disagreement(group, REGION, ["there"] * len(group)))
            continue
        label, odd = _label(group, ontology, accepted_weight)
        masked += odd
        garments.append((group[0], label))
    for looked in reviews.left():
        label, odd = _label([looked], ontology, accepted_weight)
        masked += odd
        garments.append((looked, label))
    return garments, masked


def _is_suggested(looked: LookedAt) -> bool:
    return looked.region_id.startswith(SUGGESTED_PREFIX)


def _who_counts(looks: Iterable[Look]) -> set[str]:
    """Return the newest annotation of each annotator, or of the ground truth alone."""
    looks = list(looks)
    truths = [look for look in looks if look.ground_truth]
    newest: dict[str, tuple[datetime, str]] = {}
    for look in truths or looks:
        who = "" if truths else look.annotator
        mine = (look.updated_at, look.ref)
        newest[who] = max(newest.get(who, mine), mine)
    return {ref for _, ref in newest.values()}


def _matched(annotators: Sequence[Sequence[LookedAt]]) -> list[list[LookedAt]]:
    """Match regions to those of the annotators before, best overlap first."""
    groups: list[list[LookedAt]] = []
    for regions in annotators:
        pairs = sorted(
            (
                (-box_iou(group[0].box, looked.box), at, number)
                for at, group in enumerate(groups)
                for number, looked in enumerate(regions)
            ),
        )
        placed: dict[int, int] = {}
        for overlap, at, number in pairs:
            if -overlap >= SAME_IOU and number not in placed and at not in placed.values():
                placed[number] = at
        for number, looked in enumerate(regions):
            if number in placed:
                groups[placed[number]].append(looked)
            else:
                groups.append([looked])
    return groups


def _label(
    group: Sequence[LookedAt], ontology: Ontology, accepted_weight: float
) -> tuple[GarmentLabel, list[Disagreement]]:
    masked = []
    names = [looked.category for looked in group]
    categories: frozenset[CategoryId] = frozenset()
    if len(set(names)) > 1:
        masked.append(_disagreement(group, CATEGORY, names))
    elif names[0]:
        categories = _leaves(names[0], ontology)
    cells: dict[AttributeId, CellLabel] = {}
    for attribute in ontology.attributes:
        said = [looked.cells.get(attribute.id) for looked in group]
        answers = {cell.answer() for cell in said if cell is not None} - {None}
        if len(answers) > 1:
            masked.append(_disagreement(group, attribute.id, [_worded(cell) for cell in said]))
        elif answers:
            known = [cell for cell in said if cell is not None and cell.answer() is not None]
            is_truth = any(looked.ground_truth for looked in group)
            is_put = any(cell.change is not CellChange.ACCEPTED for cell in known)
            weight = 1.0 if is_put or is_truth else accepted_weight
            cell = cell_label(known, ontology.attribute(attribute.id), weight=weight)
            if cell is not None:
                cells[attribute.id] = cell
    is_put = any(looked.is_category_put or looked.ground_truth for looked in group)
    label = GarmentLabel(
        categories=categories,
        cells=cells,
        category_weight=1.0 if is_put or not categories else accepted_weight,
    )
    return label, masked


def _leaves(category: str, ontology: Ontology) -> frozenset[CategoryId]:
    try:
        under = [ontology.leaves_under(CategoryId(name)) for name in members(category)]
    except (KeyError, UnknownIdError):
        return frozenset()
    return frozenset().union(*under)


def _worded(cell: Cell | None) -> str:
    answer = cell.answer() if cell is not None else None
    if answer is None:
        return ""
    kind, names = answer
    listed = " ".join(sorted(names))
    return listed if kind == "values" else f"{kind} {listed}".strip()


def _disagreement(group: Sequence[LookedAt], attribute: str, words: Sequence[str]) -> Disagreement:
    first = group[0]
    return Disagreement(
        project_uid=first.project_uid,
        task_id=first.task_id,
        image=first.image,
        region_id=first.region_id,
        attribute=attribute,
        answers={
            looked.annotation_ref: tuple(word.split())
            for looked, word in zip(group, words, strict=True)
        },
    )
