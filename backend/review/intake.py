"""Fill the review queue from tasks: claims that the picture contradicts, and doubtful answers.

A claim in a task's data is a text under an attribute's id or label (or `category`) that the
ontology knows. Tasks of the blind share are left alone: their annotators must not be shown answers.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from backend.blind import is_blind
from backend.places import placed
from backend.review.items import CATEGORY_KEY, ReviewItem, put_items
from backend.review.labels import answer_score
from backend.review.tables import ItemSource
from ontology.errors import CatalogError
from ontology.model import normalise_name
from tagger.predictions import image_record

if TYPE_CHECKING:
    from backend.database import Database
    from backend.predictor import PredictionService
    from backend.review.asked import AskedPicture, AskedPictures
    from backend.review.seen import Seen, SeenPictures
    from ontology.model import Ontology
    from tagger.promise_file import PromiseSet

__all__ = ["TaskIntake", "claims_in", "task_item"]

log = structlog.get_logger(__name__)

_TOGETHER = 4
_TIMEOUT_S = 60.0
_PAUSE_S = 10.0
_DOUBTFUL = 0.6
_CONTRADICTED = 0.15


@dataclass(slots=True, kw_only=True)
class TaskIntake:
    """A `Worker` chore that looks at pictures that were asked about and queues what is doubtful.

    Attributes:
        blind_share: Part of the tasks that is answered blind, 0..1.
        promises: Gives the promises of a model version, None for one that has none.
        timer: Gives seconds, as `time.monotonic`.
    """

    database: Database
    service: PredictionService
    asked: AskedPictures
    seen: SeenPictures
    blind_share: float
    promises: Callable[[str], PromiseSet | None] = lambda _version: None
    timer: Callable[[], float] = time.monotonic
    _again_at: float = 0.0

    def __call__(self) -> bool:
        """Look at a few; returns whether there may be more."""
        if self.service.state != "ready" or self.timer() < self._again_at:
            return False
        pictures = self.asked.not_looked_at(_TOGETHER)
        if not pictures:
            self._again_at = self.timer() + 1.0
            return False
        items = [item for picture in pictures if (item := self._item(picture)) is not None]
        put_items(self.database, items)
        self.asked.mark_looked_at(pictures)
        return True

    def _item(self, picture: AskedPicture) -> ReviewItem | None:
        if is_blind(picture.project_uid, picture.image, self.blind_share):
            return None
        try:
            seen = self.seen.look(self.service, picture.image, timeout_s=_TIMEOUT_S)
            return task_item(picture, seen, promises=self.promises(seen.tagger.version))
        except (CatalogError, TimeoutError) as error:
            log.info("picture_not_reviewable", task_id=picture.task_id, reason=str(error)[:200])
            return None


def task_item(
    picture: AskedPicture, seen: Seen, *, promises: PromiseSet | None = None
) -> ReviewItem | None:
    """Make the item of a task's picture; None if nothing about it needs a look.

    Args:
        picture: With what the task's data claims.
        seen: What the model sees in it.
        promises: An answer that they accept is not doubtful, whatever its score.
    """
    ontology = seen.tagger.ontology
    regions = _regions(seen)
    claims, words = claims_in(picture.data, ontology)
    main = next((region for region in regions if region["primary"]), None)
    main = main or (regions[0] if len(regions) == 1 else None)
    findings = []
    if main is not None:
        findings += _contradicted(main, claims, words)
    for region in regions:
        findings += _doubtful(region, promises)
    if not findings:
        return None
    findings.sort(key=lambda finding: -float(finding["risk"]))
    key = f"{picture.project_uid}|{picture.task_id}|{picture.image}"
    return ReviewItem(
        id="t" + hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).hexdigest(),
        source=ItemSource.TASK,
        project_uid=picture.project_uid,
        project_id=picture.project_id,
        task_id=picture.task_id,
        product_id=str(picture.data.get("product_id") or picture.data.get("id") or ""),
        image=picture.image,
        image_digest=seen.digest,
        claims=claims,
        claim_text=words,
        regions=regions,
        findings=findings,
        risk=float(findings[0]["risk"]),
        model_version=seen.tagger.version,
    )


def claims_in(
    data: Mapping[str, Any], ontology: Ontology
) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Read what a task's data claims; returns ids and words by attribute, or `category`."""
    claims: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    by_name = {normalise_name(str(key)): value for key, value in data.items()}
    for attribute in ontology.attributes:
        names = (normalise_name(attribute.id), normalise_name(attribute.label))
        texts = next((by_name[name] for name in names if name in by_name), None)
        for text in _texts(texts):
            found = ontology.find_value(attribute.id, text)
            if found is not None:
                claims.setdefault(attribute.id, []).append(found)
                words[attribute.id] = text
    for text in _texts(by_name.get(CATEGORY_KEY)):
        category = ontology.find_category(text)
        if category is not None:
            claims[CATEGORY_KEY] = sorted(ontology.leaves_under(category))
            words[CATEGORY_KEY] = text
    return claims, words


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [text for text in found if isinstance(text, str) and text.strip()]


def _regions(seen: Seen) -> list[dict[str, Any]]:
    """Write the regions as `weft predict` does, by the ids that Label Studio was sent."""
    version = seen.tagger.version
    places = [
        place for _, place in placed(seen.prediction, digest=seen.digest, model_version=version)
    ]
    record = image_record("", seen.prediction, version, seconds=0.0)
    return [
        {
            **region,
            "id": place.region_id,
            "percent": dict(place.geometry),
            "image_wh": list(seen.prediction.image_wh),
        }
        for region, place in zip(record["regions"], places, strict=True)
        if place is not None
    ]


def _contradicted(
    region: Mapping[str, Any], claims: Mapping[str, list[str]], words: Mapping[str, str]
) -> list[dict[str, Any]]:
    found = []
    for key, claimed in claims.items():
        if key == CATEGORY_KEY:
            seen, score = str(region["category"]), float(region["category_score"])
            if seen not in claimed and score >= _DOUBTFUL:
                found.append(_finding("claim_contradicts_picture", key, words, seen, score))
            continue
        scores = region["scores"].get(key) or {}
        if not scores or set(claimed) - set(scores):
            continue
        best = max(scores, key=lambda value: float(scores[value]))
        likely = max(float(scores[value]) for value in claimed)
        if best not in claimed and likely < _CONTRADICTED and scores[best] >= _DOUBTFUL:
            found.append(_finding("claim_contradicts_picture", key, words, best, 1.0 - likely))
    return found


def _finding(
    kind: str, key: str, words: Mapping[str, str], seen: str, risk: float
) -> dict[str, Any]:
    claim = words.get(key, "")
    reason = f"claimed {claim}, seen {seen}" if claim else f"not sure of {seen}"
    return {
        "kind": kind,
        "attribute": key,
        "claim": claim,
        "seen": seen,
        "risk": round(min(max(risk, 0.0), 1.0), 4),
        "reason": reason,
    }


def _doubtful(region: Mapping[str, Any], promises: PromiseSet | None) -> list[dict[str, Any]]:
    """List what the model answered without being sure; half of the risk of a contradiction."""

    def is_sure(head: str) -> bool:
        return promises is not None and promises.accepts(head, answer_score(region, head))

    found = []
    if float(region["category_score"]) < _DOUBTFUL and not is_sure(CATEGORY_KEY):
        risk = (1.0 - float(region["category_score"])) / 2
        found.append(_finding("low_confidence", CATEGORY_KEY, {}, str(region["category"]), risk))
    for attribute, answers in region["attributes"].items():
        for answer in () if is_sure(attribute) else answers:
            score = float(answer["score"])
            if score < _DOUBTFUL:
                risk = (1.0 - score) / 2
                found.append(_finding("low_confidence", attribute, {}, str(answer["value"]), risk))
    return found
