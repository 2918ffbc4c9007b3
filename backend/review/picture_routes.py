"""The pictures of the review pages, for whoever is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, request

from backend.review.page import found_item
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from backend.review.page import ReviewParts

__all__ = ["add_picture_routes"]

_CACHED = {"Cache-Control": "private, max-age=600"}


def add_picture_routes(blueprint: Blueprint, parts: ReviewParts) -> None:
    """Add the routes."""
    evidence = parts.evidence

    @blueprint.get("/items/<item_id>/picture.jpg", endpoint="picture")
    def picture(item_id: str) -> Response:
        """Give an item's picture, or its further `view` 1, 2 ..., or a small copy."""
        item = found_item(parts, item_id)
        pictures = [item.image, *(str(view["image"]) for view in item.views)]
        at = request.args.get("view", 0, type=int)
        if not 0 <= at < len(pictures) or not pictures[at]:
            abort(404, "the item has no such picture")
        try:
            body = evidence.picture(pictures[at], is_small="small" in request.args)
        except CatalogError as error:
            abort(404, str(error))
        return Response(body, mimetype="image/jpeg", headers=_CACHED)

    @blueprint.get("/items/<item_id>/masks.png", endpoint="masks")
    def masks(item_id: str) -> Response:
        """Give the masks of an item's regions."""
        item = found_item(parts, item_id)
        try:
            body = evidence.masks(item)
        except CatalogError as error:
            abort(404, str(error))
        return Response(body, mimetype="image/png", headers=_CACHED)

    @blueprint.get("/items/<item_id>/map/<region>/<attribute>/<value>.jpg", endpoint="map")
    def map_of(item_id: str, region: str, attribute: str, value: str) -> Response:
        """Give an item's picture with where the model looked for one value, `against` another."""
        item = found_item(parts, item_id)
        try:
            found = evidence.overlay(
                item,
                region,
                attribute,
                value,
                against=request.args.get("against", ""),
                is_checked="checked" in request.args,
            )
        except CatalogError as error:
            abort(404, str(error))
        headers = dict(_CACHED)
        if found.share_on_garment is not None:
            headers["X-Weft-Share"] = f"{found.share_on_garment:.3f}"
        if found.is_trusted is not None:
            headers["X-Weft-Trusted"] = "yes" if found.is_trusted else "no"
        return Response(found.jpeg, mimetype="image/jpeg", headers=headers)
