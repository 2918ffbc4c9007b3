"""`/overlays`: the evidence panel of a task in Label Studio, fetched by the annotator's browser.

The browser sends no credentials, so the address carries its project's secret, and only pictures are
served that Label Studio asked this backend to predict for that project. Whatever else is asked for
gets the same 404. A task of the blind share gets a picture that says nothing about it.
"""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import structlog
from flask import Blueprint, Response, abort, redirect, request

from backend.blind import is_blind
from backend.review.tables import ItemSource
from ontology.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response as AnyResponse

    from backend.overlays_secret import OverlaySecrets
    from backend.review.asked import AskedPicture, AskedPictures
    from backend.review.evidence import Evidence

__all__ = ["overlays_blueprint", "references_in"]

log = structlog.get_logger(__name__)

_AT_ONCE = 3
_WAIT_S = 25.0
_MAX_QUERY = 8000
_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": "private, max-age=300",
    "Referrer-Policy": "no-referrer",
}


def overlays_blueprint(
    *,
    asked: AskedPictures,
    secrets: OverlaySecrets,
    evidence: Evidence,
    blind_share: float,
    label_studio_url: str,
) -> Blueprint:
    """Make the routes.

    Args:
        asked: The only pictures that are served.
        secrets: Tells whose secret an address carries.
        evidence: Makes the panel.
        blind_share: Part of the tasks that is answered blind, 0..1.
        label_studio_url: A reference may come with this address before it.
    """
    blueprint = Blueprint("overlays", __name__, url_prefix="/overlays")
    free = threading.BoundedSemaphore(_AT_ONCE)

    def wanted(secret: str) -> AskedPicture | None:
        references = references_in(request.query_string, label_studio_url)
        uid = secrets.project_of(secret, asked.project_uids())
        # A wrong secret takes the same way, so that the time says nothing.
        return asked.find(uid or "", references)

    @blueprint.get("/<secret>/evidence.jpg")
    def panel(secret: str) -> AnyResponse:
        """Give one picture with every decided attribute and where the model looked."""
        picture = wanted(secret)
        if picture is None:
            abort(404)
        if is_blind(picture.project_uid, picture.image, blind_share):
            return Response(_blank(), mimetype="image/png", headers=_HEADERS)
        return _bounded(free, lambda: evidence.panel(picture.image))

    @blueprint.get("/<secret>/review")
    def review(secret: str) -> AnyResponse:
        """Lead to the task's item on the review page, or to the queue."""
        picture = wanted(secret)
        if picture is None:
            abort(404)
        found = asked.item_of(picture, source=ItemSource.TASK)
        return redirect(f"/review/items/{found}" if found else "/review", 303)

    return blueprint


def references_in(query: bytes, label_studio_url: str) -> tuple[str, ...]:
    """Read the picture's reference, which stands unescaped at the end of the query.

    Args:
        query: The raw query.
        label_studio_url: A front part that Label Studio's page may have put before the reference.

    Returns:
        Every reading that makes sense; none if there is none.
    """
    text = query[:_MAX_QUERY].decode("utf-8", "replace")
    head, found, reference = text.partition("image=")
    if not found or (head and not head.endswith("&")) or len(query) > _MAX_QUERY:
        return ()
    readings = [reference, unquote(reference), unquote(reference.replace("+", " "))]
    base = label_studio_url.rstrip("/")
    if base:
        path = urlsplit(base).path.rstrip("/")
        for reading in tuple(readings):
            for front in (base, path):
                if front and reading.startswith(f"{front}/"):
                    readings.append(reading[len(front) :])
    return tuple(dict.fromkeys(reading.strip() for reading in readings if reading.strip()))


def _bounded(free: threading.BoundedSemaphore, make: Callable[[], bytes]) -> Response:
    """Make a picture, a few at a time; what fails or has to wait too long gives 503."""
    if not free.acquire(timeout=_WAIT_S):
        return _later()
    try:
        return Response(make(), mimetype="image/jpeg", headers=_HEADERS)
    except (CatalogError, TimeoutError) as error:
        log.warning("evidence_not_made", reason=str(error)[:200])
        return _later()
    finally:
        free.release()


def _later() -> Response:
    headers = {**_HEADERS, "Cache-Control": "no-store", "Retry-After": "10"}
    return Response("not ready", status=503, mimetype="text/plain", headers=headers)


def _blank() -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (480, 40), (255, 255, 255))
    ImageDraw.Draw(image).text((10, 13), "Nothing is shown for this task.", fill=(90, 90, 90))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
