"""Labelled garments that look like the one in doubt, beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort

from backend.review.items import CATEGORY_KEY
from backend.review.page import found_item, show
from backend.review.wording import Wording
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response as AnyResponse

    from backend.neighbours import Neighbour, NeighbourFinder
    from backend.review.evidence import Evidence
    from backend.review.items import ReviewItem
    from backend.review.page import ReviewParts

__all__ = ["add_alike_routes", "alike"]

_COUNT = 8
_CACHED = {"Cache-Control": "private, max-age=600"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tile:
    """A labelled garment: what people say of it, and the cosine of its embedding."""

    number: int
    said: str
    similarity: float


def alike(
    finder: NeighbourFinder, evidence: Evidence, item: ReviewItem, region: str, attribute: str
) -> tuple[Neighbour, ...]:
    """Give labelled garments that look like an item's, the nearest first.

    Args:
        finder: Knows the labelled ones.
        evidence: Makes the embedding of a garment that was never sent to Label Studio.
        item: Whose garment.
        region: Its id.
        attribute: Only garments with a value of it; `category` for any category.

    Raises:
        CatalogError: If there is no such region, or its picture is of no use.
    """
    found = finder.of_region(region, count=_COUNT, attribute=attribute)
    if found:
        return found
    made = evidence.embedding(item, region)
    if made is None:
        return ()
    embedding, encoder = made
    return finder.of_embedding(
        embedding, encoder=encoder, count=_COUNT, attribute=attribute, without=(item.image,)
    )


def add_alike_routes(blueprint: Blueprint, parts: ReviewParts) -> None:
    """Add the page of labelled garments like one, and their pictures."""

    def look(item_id: str, region: str, attribute: str) -> tuple[Neighbour, ...]:
        item = found_item(parts, item_id)
        try:
            return alike(parts.neighbours, parts.evidence, item, region, attribute)
        except CatalogError as error:
            abort(404, str(error))

    @blueprint.get("/items/<item_id>/alike/<region>/<attribute>", endpoint="alike")
    def page(item_id: str, region: str, attribute: str) -> AnyResponse:
        """Show what people said of garments that look like this one."""
        found = look(item_id, region, attribute)
        wording = Wording(parts.ontology())
        return show(
            "alike.html",
            parts,
            item=found_item(parts, item_id),
            region=region,
            attribute=attribute,
            title=f"{wording.attribute(attribute)} of labelled pictures like this one",
            tiles=[
                _Tile(
                    number=number,
                    said=wording.values(attribute, _said(one, attribute)),
                    similarity=one.similarity,
                )
                for number, one in enumerate(found)
            ],
        )

    @blueprint.get("/items/<item_id>/alike/<region>/<attribute>/<int:number>.jpg", endpoint="like")
    def picture(item_id: str, region: str, attribute: str, number: int) -> Response:
        """Give the picture of one of them, cut to the garment."""
        found = look(item_id, region, attribute)
        if number >= len(found):
            abort(404, "there is no such picture")
        try:
            body = parts.evidence.cut(found[number].image, found[number].box_percent)
        except CatalogError as error:
            abort(404, str(error))
        return Response(body, mimetype="image/jpeg", headers=_CACHED)


def _said(one: Neighbour, attribute: str) -> Sequence[str]:
    return one.categories if attribute == CATEGORY_KEY else one.values.get(attribute, ())
