"""The review pages: sign in, the queue, one item, and a grid of pictures of one value."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)

from backend.review.decide import WISHED, Decider, Reviewer, Wish
from backend.review.dropped import dropped_by
from backend.review.finding_words import finding_line
from backend.review.items import ReviewError, count_items, item_of, items_of
from backend.review.tables import DecisionAction, ItemState
from backend.review.views import item_view, neighbour
from backend.review.wording import Wording
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from backend.database import Database
    from backend.neighbours import NeighbourFinder
    from backend.review.auth import SignIn
    from backend.review.evidence import Evidence
    from backend.review.items import ReviewItem
    from ontology.model import Ontology
    from tagger.promise_file import PromiseSet

__all__ = ["ReviewParts", "found_item", "present", "protect", "review_blueprint", "show"]

_PAGE_ITEMS = 50
_LONGEST_S = 3600.0
_TAKE_CLAIM = "take_claim"
_SAID = {
    DecisionAction.ACCEPT: "Accepted",
    DecisionAction.FIX: "Fixed",
    DecisionAction.CANNOT_TELL: "Noted that one cannot tell",
    DecisionAction.REJECT: "Rejected",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewParts:
    """What the pages work with.

    Attributes:
        ontology: Gives the ontology that is served.
        reasons: Why an item may be refused: words for the reviewer by code.
        neighbours: Finds labelled garments that look like one.
        promises: Gives the promises of a model version, None for one that has none.
    """

    database: Database
    sign_in: SignIn
    evidence: Evidence
    decider: Decider
    ontology: Callable[[], Ontology]
    reasons: Mapping[str, str]
    neighbours: NeighbourFinder
    promises: Callable[[str], PromiseSet | None]


def review_blueprint(parts: ReviewParts) -> Blueprint:
    """Make the routes."""
    from backend.review.alike import add_alike_routes
    from backend.review.bulk_page import add_bulk_routes
    from backend.review.lead_page import add_lead_routes
    from backend.review.picture_routes import add_picture_routes

    blueprint = Blueprint("review", __name__, url_prefix="/review")
    blueprint.before_request(lambda: _guard(parts.sign_in))
    blueprint.after_request(protect)
    _add_sign_in(blueprint, parts)
    _add_queue(blueprint, parts)
    _add_item(blueprint, parts)
    _add_decisions(blueprint, parts)
    add_bulk_routes(blueprint, parts)
    add_picture_routes(blueprint, parts)
    add_lead_routes(blueprint, parts)
    add_alike_routes(blueprint, parts)
    return blueprint


def show(template: str, parts: ReviewParts, *, status: int = 200, **content: Any) -> Response:
    """Render a page with what every page needs."""
    person = parts.sign_in.reviewer()
    page = render_template(
        f"review/{template}",
        csrf=parts.sign_in.token(),
        nonce=g.nonce,
        person=person,
        counts=count_items(parts.database),
        reasons=parts.reasons,
        **content,
    )
    return make_response(page, status)


def found_item(parts: ReviewParts, item_id: str) -> ReviewItem:
    """Return an item, or end the request with 404."""
    item = item_of(parts.database, item_id)
    if item is None:
        abort(404, "there is no such item; it may have been removed: open /review")
    return item


def present(parts: ReviewParts) -> Reviewer:
    """Return who is signed in; the guard has looked."""
    person = parts.sign_in.reviewer()
    if person is None:
        abort(403, "sign in first: open /review")
    return person


def _guard(sign_in: SignIn) -> AnyResponse | None:
    g.nonce = secrets.token_urlsafe(16)
    return None if request.endpoint == "review.sign_in" else sign_in.guard()


def protect(response: Response) -> Response:
    """Let pages load nothing from elsewhere, run only our script, and be framed by nobody."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src 'self' data: blob:; style-src 'unsafe-inline'; "
        f"script-src 'nonce-{g.nonce}'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _add_sign_in(blueprint: Blueprint, parts: ReviewParts) -> None:
    door = parts.sign_in

    @blueprint.route("/sign-in", methods=["GET", "POST"], endpoint="sign_in")
    def sign_in() -> AnyResponse:
        """Ask for name and secret, or let in."""
        fault = door.fault()
        if request.method == "POST" and not fault:
            door.check_token()
            if door.try_in(request.form.get("name", ""), request.form.get("secret", "")):
                return redirect(_own_path(request.args.get("next")), 303)
            fault = "Name and secret do not fit together."
        status = 200 if request.method == "GET" else 403
        return show("sign_in.html", parts, status=status, fault=fault, door=door)

    @blueprint.post("/sign-out")
    def sign_out() -> AnyResponse:
        """Forget who is signed in."""
        from flask import session

        session.clear()
        return redirect(url_for("review.sign_in"), 303)


def _own_path(wanted: str | None) -> str:
    """Return where to go after signing in; never to another host."""
    is_own = bool(wanted) and str(wanted).startswith("/review") and "\\" not in str(wanted)
    return str(wanted) if is_own else url_for("review.queue")


def _add_queue(blueprint: Blueprint, parts: ReviewParts) -> None:
    @blueprint.get("", endpoint="queue")
    def queue() -> AnyResponse:
        """Show what is to be looked at, the riskiest first."""
        page = max(request.args.get("page", 1, type=int), 1)
        state = request.args.get("state", ItemState.OPEN)
        if state not in set(ItemState):
            abort(400, f"no such state: expected one of {', '.join(ItemState)}")
        found = items_of(
            parts.database,
            states=[state],
            limit=_PAGE_ITEMS + 1,
            offset=(page - 1) * _PAGE_ITEMS,
        )
        return show(
            "queue.html",
            parts,
            items=found[:_PAGE_ITEMS],
            has_more=len(found) > _PAGE_ITEMS,
            page=page,
            state=state,
            states=tuple(ItemState),
            wording=Wording(parts.ontology()),
            line=finding_line,
        )


def _add_item(blueprint: Blueprint, parts: ReviewParts) -> None:
    @blueprint.get("/items/<item_id>", endpoint="item")
    def item(item_id: str) -> AnyResponse:
        """Show one item."""
        found = found_item(parts, item_id)
        fault, image_wh = "", (1, 1)
        try:
            image_wh = parts.evidence.image_wh(found)
        except CatalogError as error:
            fault = str(error)
        view = item_view(
            parts.database,
            found,
            parts.ontology(),
            image_wh,
            promises=parts.promises(found.model_version),
        )
        return show("item.html", parts, view=view, item=found, fault=fault, image_wh=image_wh)

    @blueprint.get("/next", endpoint="next")
    def next_item() -> AnyResponse:
        """Go to the item after or before one, or to the first."""
        step = -1 if request.args.get("back") else 1
        found = neighbour(parts.database, request.args.get("after"), step=step)
        if found is None:
            flash("There is nothing else to look at.")
            return redirect(url_for("review.queue"), 303)
        return redirect(url_for("review.item", item_id=found.id), 303)


def _add_decisions(blueprint: Blueprint, parts: ReviewParts) -> None:
    @blueprint.post("/items/<item_id>/decide", endpoint="decide")
    def decide(item_id: str) -> AnyResponse:
        """Take one decision, then show the item again or the next one."""
        found_item(parts, item_id)
        wish = _wish(item_id, parts.reasons)
        try:
            (item,) = parts.decider.decide([wish], present(parts))
        except CatalogError as error:
            flash(f"Not taken: {error}", "alarm")
            return redirect(url_for("review.item", item_id=item_id), 303)
        said, about = _SAID[DecisionAction(wish.action)], "item"
        if wish.attribute:
            ontology = parts.ontology()
            about = Wording(ontology).attribute(wish.attribute)
            where = {"region": wish.region, "attribute": wish.attribute}
            for text in dropped_by(parts.database, item, ontology, **where):
                flash(text)
        if item.state == ItemState.OPEN:
            flash(f"{said}: {about}.")
            row = request.form.get("row", 0, type=int)
            return redirect(url_for("review.item", item_id=item.id, _anchor=f"c{row + 1}"), 303)
        flash(f"{said}: {about}. The item is done ({item.state}).")
        return redirect(url_for("review.next", after=item.id), 303)

    @blueprint.post("/undo", endpoint="undo")
    def undo() -> AnyResponse:
        """Take back what this reviewer did last."""
        try:
            items = parts.decider.undo(present(parts))
        except ReviewError as error:
            flash(f"Not taken: {error}", "alarm")
            return redirect(_own_path(request.form.get("here")), 303)
        if not items:
            flash("There is nothing to take back.")
            return redirect(_own_path(request.form.get("here")), 303)
        flash(f"Taken back ({len(items)} items)." if len(items) > 1 else "Taken back.")
        return redirect(url_for("review.item", item_id=items[0].id), 303)


def _wish(item_id: str, reasons: Mapping[str, str]) -> Wish:
    """Read a form."""
    form = request.form
    action, field = form.get("action", ""), "values"
    reason = form.get("reason", "")
    if action == _TAKE_CLAIM:
        action, field = DecisionAction.FIX, "claimed"
    if action not in WISHED:
        abort(400, f"no such decision: {action!r}")
    if action == DecisionAction.REJECT and reason not in reasons:
        abort(400, "a refusal needs one of the listed reasons")
    seconds = form.get("seconds", type=float)
    return Wish(
        item_id=item_id,
        action=action,
        region=form.get("region", ""),
        attribute=form.get("attribute") or None,
        values=tuple(dict.fromkeys(form.getlist(field))) if action == "fix" else (),
        reason=reason if action == DecisionAction.REJECT else "",
        version=form.get("version", ""),
        seconds=min(seconds, _LONGEST_S) if seconds is not None and seconds >= 0 else None,
    )
