"""Prepare what the review pages show; no HTTP here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.review.contrast import Contrast, contrast_of
from backend.review.dropped import dropped_text
from backend.review.items import CATEGORY_KEY, ReviewItem, decisions_of, items_of
from backend.review.labels import (
    Standing,
    answer_score,
    category_of,
    legal_values,
    predicted_values,
    standing,
)
from backend.review.tables import DecisionAction, ItemState
from backend.review.wording import Wording
from ontology.errors import CatalogError, UnknownIdError
from ontology.model import AttributeId, CategoryId

if TYPE_CHECKING:
    from backend.database import Database
    from ontology.model import Ontology
    from tagger.promise_file import PromiseSet

__all__ = ["Box", "Cell", "ItemView", "item_view", "neighbour", "percent_of", "score_of"]

_SCAN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One row of the list of attributes.

    Attributes:
        region: Id of the region.
        score: Calibrated probability of what is predicted, 0..1; None where nothing is.
        decided: What a reviewer said, in words; empty if nobody did.
        decision: Number of that decision; 0 if there is none.
        decider: Who that was.
        options: `(id, label, probability or None)` of every legal value, likely ones first.
        map_values: Values with a map, the one to show first.
        contrast: The two values that the model hesitates between; None if there are none.
        findings: Reasons for a second look, in words.
        promise: What is promised of the answer, in words; empty where it is not accepted.
        dropped: Why what is predicted cannot hold, in words; empty where it can.
    """

    region: str
    attribute: str
    label: str
    claim: str
    predicted: str
    predicted_values: tuple[str, ...]
    score: float | None
    decided: str
    decision: int
    decider: str
    action: str
    options: tuple[tuple[str, str, float | None], ...]
    chosen: tuple[str, ...]
    is_multiple: bool
    can_be_unsure: bool
    map_values: tuple[tuple[str, str], ...]
    contrast: Contrast | None
    findings: tuple[str, ...]
    promise: str
    dropped: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One region over the picture; x, y, width and height in percent of it."""

    region: str
    number: int
    label: str
    percent: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """What the page of one item shows.

    Attributes:
        cells: By region, in the order of the regions, what needs a look first.
    """

    item: ReviewItem
    now: Standing
    boxes: tuple[Box, ...]
    cells: tuple[Cell, ...]
    findings: tuple[str, ...]
    has_masks: bool
    decisions: int


def item_view(
    database: Database,
    item: ReviewItem,
    ontology: Ontology,
    image_wh: tuple[int, int],
    *,
    promises: PromiseSet | None = None,
) -> ItemView:
    """Prepare the page of one item; `promises` are those of the version that made its answers."""
    decisions = decisions_of(database, item_id=item.id)
    now = standing(item, decisions, ontology)
    wording = Wording(ontology)
    cells: list[Cell] = []
    for region in item.regions:
        cells += _cells(item, region, now, ontology, promises)
    shown = {(cell.region, cell.attribute) for cell in cells}
    other = tuple(
        _finding_text(finding, wording)
        for finding in item.findings
        if not any(attribute == finding.get("attribute") for _, attribute in shown)
    )
    return ItemView(
        item=item,
        now=now,
        boxes=tuple(
            Box(
                region=str(region["id"]),
                number=number,
                label=wording.value(CATEGORY_KEY, category_of(region, now)),
                percent=percent_of(region, image_wh),
            )
            for number, region in enumerate(item.regions, 1)
        ),
        cells=tuple(cells),
        findings=other,
        has_masks=any(region.get("mask") for region in item.regions),
        decisions=len(now.counting),
    )


def neighbour(database: Database, item_id: str | None, *, step: int = 1) -> ReviewItem | None:
    """Return the open item after (or before) one in the queue; the first one for None.

    The item itself need not be open; the queue goes round once it ends.
    """
    waiting = items_of(database, states=[ItemState.OPEN], limit=_SCAN)
    if item_id is None:
        return waiting[0] if waiting else None
    found = items_of(database, ids=[item_id])
    others = [item for item in waiting if item.id != item_id]
    if not others:
        return None
    if not found:
        return others[0]
    mine = (-found[0].risk, found[0].id)
    after = [item for item in others if (-item.risk, item.id) > mine]
    before = [item for item in others if (-item.risk, item.id) < mine]
    if step > 0:
        return (after or others)[0]
    return (before or others)[-1]


def _cells(
    item: ReviewItem,
    region: Mapping[str, Any],
    now: Standing,
    ontology: Ontology,
    promises: PromiseSet | None,
) -> list[Cell]:
    category = category_of(region, now)
    try:
        applicable = [CATEGORY_KEY, *ontology.applicable(CategoryId(category))]
    except (KeyError, UnknownIdError):
        applicable = [CATEGORY_KEY]
    cells = [_cell(item, region, name, now, ontology, promises) for name in applicable]
    return sorted(cells, key=lambda cell: (not cell.findings, not cell.claim, not cell.predicted))


def _cell(
    item: ReviewItem,
    region: Mapping[str, Any],
    attribute: str,
    now: Standing,
    ontology: Ontology,
    promises: PromiseSet | None,
) -> Cell:
    wording = Wording(ontology)
    region_id = str(region["id"])
    predicted = predicted_values(region, attribute)
    decided = now.cells.get((region_id, attribute))
    is_main = bool(region.get("primary")) or len(item.regions) == 1
    scores = (region.get("scores") or {}).get(attribute) or {}
    try:
        legal = legal_values(ontology, category_of(region, now), attribute)
    except CatalogError:
        legal = ()
    options = [
        (value, wording.value(attribute, value), score_of(region, attribute, value))
        for value in legal
    ]
    options.sort(key=lambda option: (-(option[2] or 0.0), option[1]))
    found = [f for f in item.findings if f.get("attribute") == attribute]
    spoken = item.claim_text.get(attribute) if is_main else None
    claim = str(spoken or wording.values(attribute, item.claims.get(attribute, ())))
    entry = None
    if attribute != CATEGORY_KEY:
        entry = ontology.attribute(AttributeId(attribute))
    maps = [*predicted, *item.claims.get(attribute, ())] or sorted(
        scores, key=lambda value: -float(scores[value])
    )[:1]
    return Cell(
        region=region_id,
        attribute=attribute,
        label=wording.attribute(attribute),
        claim=claim if is_main else "",
        predicted=wording.values(attribute, predicted),
        predicted_values=predicted,
        score=score_of(region, attribute, predicted[0]) if predicted else None,
        decided=_decided(decided, attribute, wording) if decided is not None else "",
        decision=decided.decision_id if decided is not None else 0,
        decider=decided.reviewer if decided is not None else "",
        action=decided.action if decided is not None else "",
        options=tuple(options),
        chosen=now.held(region, attribute),
        is_multiple=entry is not None and entry.kind == "multiple",
        can_be_unsure=entry is None or entry.offer_cannot_tell,
        map_values=tuple(
            (value, wording.value(attribute, value))
            for value in dict.fromkeys(maps)
            if value in legal
        )
        if entry is not None
        else (),
        contrast=contrast_of(region, attribute, legal, ontology) if entry is not None else None,
        findings=tuple(_finding_text(f, wording) for f in found),
        promise=promises.stated
        if promises is not None and promises.accepts(attribute, answer_score(region, attribute))
        else "",
        dropped=dropped_text(now, region_id, attribute, wording),
    )


def _decided(decided: Any, attribute: str, wording: Wording) -> str:
    if decided.action == DecisionAction.CANNOT_TELL:
        return "cannot tell"
    words = wording.values(attribute, decided.values)
    if decided.action == DecisionAction.ACCEPT:
        return f"accepted: {words or 'no value'}"
    return f"fixed: {words}"


def _finding_text(finding: Mapping[str, Any], wording: Wording) -> str:
    attribute = str(finding.get("attribute") or "")
    kind = str(finding.get("kind") or "").replace("_", " ")
    seen = wording.value(attribute, str(finding.get("seen") or ""))
    claim = wording.value(attribute, str(finding.get("claim") or ""))
    if claim and seen:
        return f"{kind}: claimed {claim}, seen {seen}"
    return f"{kind}: {seen or finding.get('reason') or ''}"


def score_of(region: Mapping[str, Any], attribute: str, value: str) -> float | None:
    """Give the calibrated probability of a value, 0..1; None where it is not known."""
    if attribute == CATEGORY_KEY:
        score = region.get("category_score") if value == region.get("category") else None
        return float(score) if score is not None else None
    scores = (region.get("scores") or {}).get(attribute) or {}
    if value in scores:
        return float(scores[value])
    answers = (region.get("attributes") or {}).get(attribute) or ()
    return next((float(a["score"]) for a in answers if a["value"] == value), None)


def percent_of(
    region: Mapping[str, Any], image_wh: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Give a region's x, y, width and height in percent of its picture."""
    known = region.get("percent")
    if known:
        return float(known["x"]), float(known["y"]), float(known["width"]), float(known["height"])
    x, y, width, height = (float(edge) for edge in region["box"])
    wide, high = image_wh
    return (100 * x / wide, 100 * y / high, 100 * width / wide, 100 * height / high)
