"""Prepare what the review pages show; no HTTP here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.review.cells import Cell, cells_of
from backend.review.finding_words import finding_text
from backend.review.items import CATEGORY_KEY, ReviewItem, decisions_of, items_of
from backend.review.labels import Standing, category_of, standing
from backend.review.tables import ItemState
from backend.review.wording import Wording

if TYPE_CHECKING:
    from backend.database import Database
    from ontology.model import Ontology
    from tagger.promise_file import PromiseSet

__all__ = ["Box", "ItemView", "item_view", "neighbour", "percent_of"]

_SCAN = 2000


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
        cells += cells_of(item, region, now, ontology, promises)
    shown = {(cell.region, cell.attribute) for cell in cells}
    other = tuple(
        finding_text(finding, wording)
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
