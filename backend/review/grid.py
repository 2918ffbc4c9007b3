"""Choose the pictures whose predicted value can be accepted together."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.review.cells import score_of
from backend.review.items import ReviewItem, decisions_of, items_of
from backend.review.labels import predicted_values, standing
from backend.review.tables import ItemState
from backend.review.views import percent_of

if TYPE_CHECKING:
    from backend.database import Database
    from ontology.model import Ontology

__all__ = ["Tile", "tiles"]

_SCAN = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture of the grid; `key` names the item and its region."""

    key: str
    item: ReviewItem
    region: str
    score: float | None
    percent: tuple[float, float, float, float] | None


def tiles(
    database: Database,
    *,
    attribute: str,
    value: str,
    seed: int | None,
    limit: int,
    ontology: Ontology,
) -> tuple[tuple[Tile, ...], int]:
    """Choose pictures whose predicted value nobody has decided, and that can still hold.

    Args:
        database: Where the queue is.
        attribute: An attribute, or `category`.
        value: The predicted value.
        seed: For a random sample; None for all, the least certain first.
        limit: How many at most.
        ontology: Says what can hold beside what was decided.

    Returns:
        The pictures, and how many there are in all.
    """
    found = []
    for item in items_of(database, states=[ItemState.OPEN], limit=_SCAN):
        now = None
        for region in item.regions:
            if value not in predicted_values(region, attribute):
                continue
            now = now or standing(item, decisions_of(database, item_id=item.id), ontology)
            is_open = (str(region["id"]), attribute) not in now.cells
            if is_open and value in now.held(region, attribute):
                found.append(_tile(item, region, attribute, value))
    total = len(found)
    if seed is None:
        found.sort(key=lambda tile: (tile.score if tile.score is not None else 0.0, tile.key))
    else:
        found.sort(key=lambda tile: tile.key)
        found = random.Random(seed).sample(found, min(limit, total))  # noqa: S311 - no secret
    return tuple(found[:limit]), total


def _tile(item: ReviewItem, region: Mapping[str, Any], attribute: str, value: str) -> Tile:
    wh = region.get("image_wh") or (region.get("mask") or {}).get("size", [0, 0])[::-1]
    return Tile(
        key=f"{item.id}|{region['id']}",
        item=item,
        region=str(region["id"]),
        score=score_of(region, attribute, value),
        percent=percent_of(region, (int(wh[0]), int(wh[1]))) if all(wh) else None,
    )
