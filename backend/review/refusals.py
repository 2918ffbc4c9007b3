"""Show a browser why it got no page, with a way back; other clients get JSON."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from flask import Response, g, request, url_for
from werkzeug.exceptions import MethodNotAllowed, NotFound

from backend.review.items import item_of
from backend.review.page import protect, show
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from backend.review.page import ReviewParts

__all__ = ["RefusalPage", "refusal_page"]

RefusalPage = Callable[[int, str], Response | None]
"""Makes a page of a status and a message; None where the client or the path takes JSON."""

_PAGE, _JSON = "text/html", "application/json"
_PLAIN = {
    NotFound.description: "there is no such page",
    MethodNotAllowed.description: "this is no page to look at; a form of the review leads to it",
}


def refusal_page(parts: ReviewParts) -> RefusalPage:
    """Return what makes the pages of refusals below `/review`."""

    def page(status: int, message: str) -> Response | None:
        if not _is_wanted():
            return None
        if "nonce" not in g:
            g.nonce = secrets.token_urlsafe(16)
        line = _PLAIN.get(message, message)
        if request.method == "POST" and status < 500:
            line = f"Not taken: {line}"
        try:
            to, words = _way_back(parts)
            made = show(
                "refusal.html",
                parts,
                status=status,
                line=f"{line[:1].upper()}{line[1:]}".rstrip(".") + ".",
                to=to,
                words=words,
            )
        except CatalogError:  # the page itself needs what has failed
            return None
        return protect(made)

    return page


def _is_wanted() -> bool:
    is_here = request.path == "/review" or request.path.startswith("/review/")
    return is_here and request.accept_mimetypes.best_match([_JSON, _PAGE]) == _PAGE


def _way_back(parts: ReviewParts) -> tuple[str, str]:
    """Give an address and words: the item that it was about, the value, or the queue."""
    item_id = (request.view_args or {}).get("item_id", "")
    is_item = item_id and request.endpoint != "review.item" and item_of(parts.database, item_id)
    to, words = url_for("review.queue"), "Back to the queue"
    if is_item:
        to, words = url_for("review.item", item_id=item_id), "Back to the item"
    elif request.endpoint == "review.accept_grid":
        attribute, value = request.form.get("attribute", ""), request.form.get("value", "")
        to = url_for("review.grid", attribute=attribute, value=value)
        words = "Back to the pictures"
    if parts.sign_in.reviewer() is None:
        return url_for("review.sign_in", next=to), "Sign in"
    return to, words
