"""What leads do on the page of an item: take back what others decided, and mark it as gold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, flash, redirect, request, url_for

from backend.review.items import ReviewError
from backend.review.page import found_item, present

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from backend.review.page import ReviewParts

__all__ = ["add_lead_routes"]


def add_lead_routes(blueprint: Blueprint, parts: ReviewParts) -> None:
    """Add the routes."""

    @blueprint.post("/items/<item_id>/take-back", endpoint="take_back")
    def take_back(item_id: str) -> AnyResponse:
        """Take back one decision, whoever made it."""
        found_item(parts, item_id)
        try:
            decision = request.form.get("decision", 0, type=int)
            taken = parts.decider.take_back(item_id, decision, present(parts))
            flash(f"Taken back what {taken.reviewer} decided.")
        except ReviewError as error:
            flash(f"Not taken: {error}", "alarm")
        return redirect(url_for("review.item", item_id=item_id), 303)

    @blueprint.post("/items/<item_id>/gold", endpoint="gold")
    def gold(item_id: str) -> AnyResponse:
        """Mark what is decided about an item as the truth that others are measured by."""
        found_item(parts, item_id)
        try:
            parts.decider.mark_gold(item_id, present(parts))
            flash("Marked as gold: annotators are measured by what is decided here.")
        except ReviewError as error:
            flash(f"Not taken: {error}", "alarm")
        return redirect(url_for("review.item", item_id=item_id), 303)
