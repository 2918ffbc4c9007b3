"""Prepare the rows of an item's page: what is known about each attribute of a region."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend.review.contrast import Contrast, contrast_of
from backend.review.dropped import dropped_text
from backend.review.finding_words import finding_text
from backend.review.items import CATEGORY_KEY
from backend.review.labels import (
    CellDecision,
    Standing,
    answer_score,
    category_of,
    legal_values,
    predicted_values,
)
from backend.review.tables import DecisionAction
from backend.review.wording import Wording
from ontology.errors import CatalogError, UnknownIdError
from ontology.model import AttributeId, CategoryId

if TYPE_CHECKING:
    from backend.review.items import ReviewItem
    from ontology.model import Ontology
    from tagger.promise_file import PromiseSet

__all__ = ["Cell", "cells_of", "score_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One row of the list of attributes.

    Attributes:
        region: Id of the region.
        claim: What the seller says, in words; empty where it says nothing about this region.
        claimed: Id and label of the one legal value that is claimed and does not hold yet; None
            where there is no such value.
        score: Calibrated probability of what is predicted, 0..1; None where nothing is.
        decision: What a reviewer said; None if nobody did.
        decided: That in words; empty if nobody did.
        options: `(id, label, probability or None)` of every legal value, likely ones first.
        chosen: Ids of the values that hold now.
        map_values: Values with a map, the one to show first.
        contrast: The two values that the model hesitates between; None if there are none.
        findings: Reasons for a second look, in words.
        promise: What is promised of the answer, in words; empty where it is not accepted.
        dropped: Why what is predicted cannot hold, in words; empty where it can.
    """

    region: str
    attribute: str
    label: str
    claim: str
    claimed: tuple[str, str] | None
    predicted: str
    predicted_values: tuple[str, ...]
    score: float | None
    decision: CellDecision | None
    decided: str
    options: tuple[tuple[str, str, float | None], ...]
    chosen: tuple[str, ...]
    is_multiple: bool
    can_be_unsure: bool
    map_values: tuple[tuple[str, str], ...]
    contrast: Contrast | None
    findings: tuple[str, ...]
    promise: str
    dropped: str


def cells_of(
    item: ReviewItem,
    region: Mapping[str, Any],
    now: Standing,
    ontology: Ontology,
    promises: PromiseSet | None,
) -> list[Cell]:
    """Prepare the rows of one region, what needs a look first."""
    category = category_of(region, now)
    try:
        applicable = [CATEGORY_KEY, *ontology.applicable(CategoryId(category))]
    except (KeyError, UnknownIdError):
        applicable = [CATEGORY_KEY]
    rows = _Rows(item=item, region=region, now=now, ontology=ontology, promises=promises)
    cells = [rows.cell(name) for name in applicable]
    return sorted(cells, key=lambda cell: (not cell.findings, not cell.claim, not cell.predicted))


def score_of(region: Mapping[str, Any], attribute: str, value: str) -> float | None:
    """Give the calibrated probability of a value, 0..1; None where it is not known."""
    if attribute == CATEGORY_KEY:
        score = region.get("category_score") if value == region.get("category") else None
        return float(score) if score is not None else None
    scores = (region.get("scores") or {}).get(attribute) or {}
    if value in scores:
        return float(scores[value])
    answers = (region.get("attributes") or {}).get(attribute) or ()
    return next((float(a["score"]) for a in answers if a["value"] == value), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Makes the rows of one region."""

    item: ReviewItem
    region: Mapping[str, Any]
    now: Standing
    ontology: Ontology
    promises: PromiseSet | None

    @property
    def wording(self) -> Wording:
        return Wording(self.ontology)

    def cell(self, attribute: str) -> Cell:
        """Make one row."""
        wording, region = self.wording, self.region
        predicted, legal = predicted_values(region, attribute), self._legal(attribute)
        decision = self.now.cells.get((str(region["id"]), attribute))
        entry = None
        if attribute != CATEGORY_KEY:
            entry = self.ontology.attribute(AttributeId(attribute))
        found = [one for one in self.item.findings if one.get("attribute") == attribute]
        return Cell(
            region=str(region["id"]),
            attribute=attribute,
            label=wording.attribute(attribute),
            claim=self._claim(attribute),
            claimed=self._claimed(attribute, legal),
            predicted=wording.values(attribute, predicted),
            predicted_values=predicted,
            score=score_of(region, attribute, predicted[0]) if predicted else None,
            decision=decision,
            decided=_decided(decision, attribute, wording) if decision is not None else "",
            options=self._options(attribute, legal),
            chosen=self.now.held(region, attribute),
            is_multiple=entry is not None and entry.kind == "multiple",
            can_be_unsure=entry is None or entry.offer_cannot_tell,
            map_values=self._map_values(attribute, legal) if entry is not None else (),
            contrast=contrast_of(region, attribute, legal, self.ontology) if entry else None,
            findings=tuple(finding_text(one, wording) for one in found),
            promise=self._promise(attribute),
            dropped=dropped_text(self.now, str(region["id"]), attribute, wording),
        )

    def _legal(self, attribute: str) -> tuple[str, ...]:
        try:
            return legal_values(self.ontology, category_of(self.region, self.now), attribute)
        except CatalogError:
            return ()

    def _options(
        self, attribute: str, legal: tuple[str, ...]
    ) -> tuple[tuple[str, str, float | None], ...]:
        options = [
            (value, self.wording.value(attribute, value), score_of(self.region, attribute, value))
            for value in legal
        ]
        return tuple(sorted(options, key=lambda option: (-(option[2] or 0.0), option[1])))

    @property
    def _is_main(self) -> bool:
        """Whether it is the region that the seller's claims are about."""
        return bool(self.region.get("primary")) or len(self.item.regions) == 1

    def _claim(self, attribute: str) -> str:
        if not self._is_main:
            return ""
        ids = self.item.claims.get(attribute, ())
        return str(self.item.claim_text.get(attribute) or self.wording.values(attribute, ids))

    def _claimed(self, attribute: str, legal: tuple[str, ...]) -> tuple[str, str] | None:
        """Give what a reviewer can take over: words that may mean several values are none."""
        ids = tuple(self.item.claims.get(attribute, ())) if self._is_main else ()
        if len(ids) != 1 or ids[0] not in legal:
            return None
        if ids[0] in self.now.held(self.region, attribute):
            return None
        return ids[0], self.wording.value(attribute, ids[0])

    def _map_values(self, attribute: str, legal: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Give what is predicted and claimed, otherwise the likeliest value."""
        scores = (self.region.get("scores") or {}).get(attribute) or {}
        known = [*predicted_values(self.region, attribute), *self.item.claims.get(attribute, ())]
        shown = known or sorted(scores, key=lambda value: -float(scores[value]))[:1]
        return tuple(
            (value, self.wording.value(attribute, value))
            for value in dict.fromkeys(shown)
            if value in legal
        )

    def _promise(self, attribute: str) -> str:
        score = answer_score(self.region, attribute)
        if self.promises is None or not self.promises.accepts(attribute, score):
            return ""
        return self.promises.stated


def _decided(decision: CellDecision, attribute: str, wording: Wording) -> str:
    if decision.action == DecisionAction.CANNOT_TELL:
        return "cannot tell"
    words = wording.values(attribute, decision.values)
    if decision.action == DecisionAction.ACCEPT:
        return f"accepted: {words or 'no value'}"
    return f"fixed: {words}"
