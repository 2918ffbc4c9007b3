"""Accept one predicted value over many pictures: a random sample first, then all of them."""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING

from flask import Blueprint, Response, abort, flash, redirect, request, session, url_for

from backend.review.decide import Wish
from backend.review.grid import tiles
from backend.review.items import CATEGORY_KEY, decisions_of, items_of
from backend.review.labels import predicted_values, standing
from backend.review.page import present, show
from backend.review.roles import LEAD
from backend.review.tables import DecisionAction, ItemState
from backend.review.wording import Wording
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from backend.review.page import ReviewParts

__all__ = ["add_bulk_routes"]

_SAMPLE = 12
_ALL = 200
_SCAN = 2000


def add_bulk_routes(blueprint: Blueprint, parts: ReviewParts) -> None:
    """Add the routes."""

    @blueprint.get("/grid", endpoint="grid")
    def grid() -> AnyResponse:
        """Show pictures of one predicted value, or which values there are."""
        attribute, value = request.args.get("attribute", ""), request.args.get("value", "")
        if not attribute or not value:
            return show("values.html", parts, groups=_groups(parts))
        is_all = "all" in request.args
        if is_all and session.get("sampled") != [attribute, value]:
            flash("Look at a sample first.")
            return redirect(url_for("review.grid", attribute=attribute, value=value), 303)
        return _shown(parts, attribute, value, is_all=is_all)

    @blueprint.post("/grid", endpoint="accept_grid")
    def accept_grid() -> AnyResponse:
        """Accept the value for the pictures that were shown and are not marked as wrong."""
        form = request.form
        attribute, value = form.get("attribute", ""), form.get("value", "")
        shown, wrong = form.getlist("shown"), set(form.getlist("wrong"))
        if not attribute or not value or not shown or len(shown) > _ALL:
            abort(400, "the form is not whole; load the page again")
        is_all = "all" in form
        if is_all and session.get("sampled") != [attribute, value]:
            abort(403, "look at a sample first")
        right, person = [key for key in shown if key not in wrong], present(parts)
        wishes = _wishes(parts, attribute, value, right, is_lead=person.role == LEAD)
        try:
            parts.decider.decide(wishes, person)
        except CatalogError as error:
            flash(f"Not taken: {error}", "alarm")
            return redirect(url_for("review.grid", attribute=attribute, value=value), 303)
        flash(f"Accepted for {len(wishes)} pictures; {len(wrong)} left to look at.")
        session["sampled"] = [attribute, value] if not wrong else None
        return _onwards(parts, attribute, value, is_all=is_all, is_any_wrong=bool(wrong))


def _shown(parts: ReviewParts, attribute: str, value: str, *, is_all: bool) -> Response:
    """Show a sample of the pictures, or all."""
    found, total = tiles(
        parts.database,
        attribute=attribute,
        value=value,
        seed=None if is_all else secrets.randbits(32),
        limit=_ALL if is_all else _SAMPLE,
        ontology=parts.ontology(),
    )
    wording = Wording(parts.ontology())
    return show(
        "grid.html",
        parts,
        tiles=found,
        total=total,
        is_all=is_all,
        attribute=attribute,
        value=value,
        title=f"{wording.attribute(attribute)}: {wording.value(attribute, value)}",
    )


def _onwards(
    parts: ReviewParts, attribute: str, value: str, *, is_all: bool, is_any_wrong: bool
) -> AnyResponse:
    """Offer the rest if nothing was wrong; otherwise, and at the end, lead to the queue."""
    _, total = tiles(
        parts.database,
        attribute=attribute,
        value=value,
        seed=None,
        limit=0,
        ontology=parts.ontology(),
    )
    if total and not is_any_wrong:
        return redirect(url_for("review.grid", attribute=attribute, value=value, all=1), 303)
    if is_any_wrong and not is_all:
        flash("Some of the sample were wrong, so the rest is not offered at once.")
    return redirect(url_for("review.queue"), 303)


def _wishes(
    parts: ReviewParts, attribute: str, value: str, keys: list[str], *, is_lead: bool
) -> list[Wish]:
    """Turn the keys of tiles into decisions; what changed meanwhile is left out."""
    batch = secrets.token_hex(8)
    pairs = [key.partition("|") for key in keys]
    items = {item.id: item for item in items_of(parts.database, ids=[one for one, _, _ in pairs])}
    wishes = []
    for item_id, _, region_id in pairs:
        item = items.get(item_id)
        region = next(
            (r for r in (item.regions if item is not None else ()) if str(r["id"]) == region_id),
            None,
        )
        if item is None or region is None or value not in predicted_values(region, attribute):
            continue
        now = standing(item, decisions_of(parts.database, item_id=item_id), parts.ontology())
        is_open = (region_id, attribute) not in now.cells and (is_lead or now.gold is None)
        if is_open and value in now.held(region, attribute):
            wishes.append(
                Wish(
                    item_id=item_id,
                    action=DecisionAction.ACCEPT,
                    region=region_id,
                    attribute=attribute,
                    batch=batch,
                )
            )
    return wishes


def _groups(parts: ReviewParts) -> list[tuple[str, str, str, str, int]]:
    """Count the predicted values of the open items: ids and words of each, the commonest first."""
    counts: Counter[tuple[str, str]] = Counter()
    for item in items_of(parts.database, states=[ItemState.OPEN], limit=_SCAN):
        for region in item.regions:
            for attribute in (CATEGORY_KEY, *(region.get("attributes") or {})):
                counts.update((attribute, value) for value in predicted_values(region, attribute))
    wording = Wording(parts.ontology())
    return [
        (attribute, value, wording.attribute(attribute), wording.value(attribute, value), count)
        for (attribute, value), count in counts.most_common(200)
    ]
