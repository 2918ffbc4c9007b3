"""Check one listing over HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flask import Blueprint, Response, jsonify, request

from backend.model_thread import Priority
from backend.requests import RequestError
from ontology.errors import CatalogError
from ontology.nearest import or_which
from tagger.audit.claims import claimed_leaves
from tagger.audit.columns import CATEGORY
from tagger.audit.listing import Listing
from tagger.audit.product import seems_another
from tagger.audit.run import audit_listings
from tagger.audit.seen import SeenPicture, describe, with_garments
from tagger.audit.words import ClaimReader

if TYPE_CHECKING:
    from PIL.Image import Image

    from backend.predictor import PredictionService
    from ontology.model import CategoryId, Ontology
    from tagger.audit.run import AuditRules
    from tagger.boxes import PixelBox
    from tagger.known import Taught
    from tagger.pipeline import Garment, GarmentTagger, ImagePrediction, Regions
    from tagger.promise_file import PromiseSet

__all__ = ["audit_blueprint", "parse_listing"]

_T = TypeVar("_T")

_KEYS = ("id", "title", "seller", "images", "category", "attributes")
_MAX_PICTURES = 12
_MAX_TEXT = 2000


class _Version(Protocol):
    """What a loaded version offers beside predictions."""

    @property
    def real(self) -> Taught:
        """What real pictures taught it."""


def audit_blueprint(
    service: PredictionService,
    *,
    deadline_s: float,
    promises: Callable[[str], PromiseSet | None] = lambda _version: None,
) -> Blueprint:
    """Make `POST /audit`.

    Args:
        service: Fetches pictures and owns the model.
        deadline_s: Seconds that one listing may take.
        promises: Gives the promises of a model version, None for one that has none.
    """
    blueprint = Blueprint("audit", __name__)

    @blueprint.post("/audit")
    def audit_one() -> Response:
        """Check the listing of the body; the answer is one listing of `audit.json`."""
        ends_at = time.monotonic() + deadline_s
        tagger = service.model.wait_settled(deadline_s)
        listing = parse_listing(request.get_json(force=True, silent=True), tagger.ontology)
        reader = ClaimReader(tagger.ontology)
        claimed = reader.read_all(listing.claims).get(CATEGORY)
        leaves = claimed_leaves(tagger.ontology, claimed)
        look = _Look(service=service, tagger=tagger, leaves=leaves, ends_at=ends_at)
        seen = {name: look(name) for name in listing.pictures}
        report = audit_listings(
            [listing],
            seen,
            tagger.ontology,
            taught=_taught(tagger),
            rules=_rules(tagger, promises(tagger.version)),
            reader=reader,
            model_version=tagger.version,
        )
        return jsonify(model_version=report.model_version, **report.listings[0].to_dict())

    return blueprint


def parse_listing(body: object, ontology: Ontology) -> Listing:
    """Read `{"id", "title", "seller", "images": [...], "category", "attributes": {id: words}}`.

    Raises:
        RequestError: If the body is no such object, has other keys, or names an attribute that does
            not exist.
    """
    if not isinstance(body, Mapping):
        raise RequestError("body is no JSON object; expected `id`, `images`, `category` ...")
    if unknown := [str(key) for key in body if key not in _KEYS]:
        raise RequestError(
            f"unknown {', '.join(map(repr, unknown))}; expected some of {', '.join(_KEYS)}"
        )
    images = body.get("images", [])
    if not isinstance(images, list) or not all(isinstance(one, str) for one in images):
        raise RequestError("`images` is not a list of texts; give references of pictures")
    if len(images) > _MAX_PICTURES:
        raise RequestError(f"{len(images)} pictures; at most {_MAX_PICTURES} a listing")
    return Listing(
        id="" if body.get("id") is None else str(body["id"])[:_MAX_TEXT],
        title=str(body.get("title") or "")[:_MAX_TEXT],
        seller=str(body.get("seller") or "")[:_MAX_TEXT],
        pictures=tuple(dict.fromkeys(images)),
        claims=dict(_claims(body, ontology)),
    )


def _claims(body: Mapping[str, Any], ontology: Ontology) -> Iterator[tuple[str, str]]:
    """Give the words of a listing by `category` or attribute id; what says nothing is left out."""
    attributes = body.get("attributes", {})
    if not isinstance(attributes, Mapping):
        raise RequestError("`attributes` is no object; expected words by attribute id")
    known = [str(attribute.id) for attribute in ontology.attributes]
    for name in attributes:
        if name not in known:
            raise RequestError(f"unknown attribute {name!r}; {or_which(str(name), known)}")
    for name, words in {CATEGORY: body.get("category"), **attributes}.items():
        if words is None:
            continue
        if not isinstance(words, str) or len(words) > _MAX_TEXT:
            raise RequestError(f"the words of {name!r} are no text of at most {_MAX_TEXT} letters")
        if words.strip():
            yield str(name), words.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """Looks at pictures within the server's limits, with the model's thread.

    Attributes:
        leaves: What the claimed category covers; empty if none is claimed.
        ends_at: When it has to be done, in seconds of `time.monotonic`.
    """

    service: PredictionService
    tagger: GarmentTagger
    leaves: Collection[CategoryId]
    ends_at: float

    def __call__(self, reference: str) -> SeenPicture:
        try:
            return self._see(reference, self.service.images.load(reference).image)
        except CatalogError as error:
            return SeenPicture(reference=reference, error=str(error))
        except TimeoutError:
            return SeenPicture(reference=reference, error="not looked at in time; ask again")

    def _see(self, reference: str, image: Image) -> SeenPicture:
        """Look once, and closer where the garment is none that is claimed."""
        version = self.tagger.version
        found = describe(reference, image, self._predict(image), version=version, tag=self._tag)
        if not seems_another(found, self.leaves, self.tagger.ontology):
            return found
        return with_garments(found, self._predict(image, "detect"), version=version)

    def _predict(self, image: Image, regions: Regions | None = None) -> ImagePrediction:
        return self._result(
            self.service.model.predict(
                image, priority=Priority.REQUEST, tagger=self.tagger, regions=regions
            )
        )

    def _tag(self, image: Image, boxes: Sequence[PixelBox]) -> list[Garment]:
        return self._result(
            self.service.model.tag(image, boxes, priority=Priority.REQUEST, tagger=self.tagger)
        )

    def _result(self, asked: Future[_T]) -> _T:
        return asked.result(timeout=max(0.0, self.ends_at - time.monotonic()))


def _taught(tagger: GarmentTagger) -> Taught:
    version: _Version = tagger  # type: ignore[assignment]  # every loaded version has it
    return version.real


def _rules(tagger: GarmentTagger, promises: PromiseSet | None) -> AuditRules:
    from tagger.audit.files import rules_for

    return rules_for(tagger, promises=promises)  # type: ignore[arg-type]  # likewise
