"""Measure how a picture's evidence against a claim becomes a calibrated risk.

Held-out catalog photographs, which the shipped version was not taught, give honest claims; other
products' labels in their place give wrong ones. A logistic regression per column on the evidence of
`tagger.audit.risk` (Platt 1999) gives slope and shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.audit.risk import BASE_RATE, evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.dataset import DatasetDescription
    from tagger.pipeline import Tagger
    from tagger.scored import ScoredSamples

_DATA = ("myntra", "myntra-by-eye")
_MIN_CLAIMS = 150
_REPEATS = 10


def calibrate(tagger: Tagger, *, boxes: Path) -> dict[str, Any]:
    """Give what `tagger/audit/risk.json` holds of stretches.

    Args:
        tagger: The version.
        boxes: File that keeps the garments' boxes.
    """
    from ontology.model import AttributeId
    from tagger.dataset import load_description, load_samples, shipped_descriptions
    from tagger.found_boxes import find_boxes
    from tagger.scored import score_samples

    claims: dict[str, list[tuple[float, float]]] = {}
    for name in _DATA:
        description = load_description(shipped_descriptions()[name])
        samples = load_samples(description, ontology=tagger.ontology, split="validation")
        found = find_boxes(samples, cache=boxes, workers=1)
        scored = score_samples(tagger, samples, boxes=found)
        for column in description.columns():
            if (
                column != "category"
                and tagger.ontology.attribute(AttributeId(column)).weakly_visible
            ):
                continue
            claims.setdefault(column, []).extend(_claims(tagger, description, scored, column))
    stretches = {
        column: {**_fit(np.array(pairs)), "n": int(sum(not wrong for _, wrong in pairs))}
        for column, pairs in claims.items()
        if sum(not wrong for _, wrong in pairs) >= _MIN_CLAIMS
    }
    return {"measured_on": tagger.version, "base_rate": BASE_RATE, "stretches": stretches}


def _claims(
    tagger: Tagger, description: DatasetDescription, scored: ScoredSamples, column: str
) -> list[tuple[float, float]]:
    """Give (evidence, whether wrong) of honest and of other samples' labels."""
    words = description.vocabulary(column)
    probabilities = scored_probabilities(tagger, scored, column)
    said = [at for at, one in enumerate(scored.samples) if column in one.source_labels]
    random = np.random.default_rng(0)
    pairs = []
    for at in said:
        own = words[scored.samples[at].source_labels[column]]
        pairs.append((_evidence(probabilities[at], own), 0.0))
        for _ in range(_REPEATS):
            other = scored.samples[said[int(random.integers(len(said)))]]
            meant = words[other.source_labels[column]]
            if not meant & own and meant & probabilities[at].keys():
                pairs.append((_evidence(probabilities[at], meant), 1.0))
    return pairs


def scored_probabilities(
    tagger: Tagger, scored: ScoredSamples, column: str
) -> Sequence[dict[str, float]]:
    """Give each sample's probabilities, conditional on the leaf that the model chose."""
    from ontology.model import AttributeId

    scorer = tagger.scorer
    rows = scorer.category_probabilities(scored.category_logits)
    if column == "category":
        return [dict(zip(map(str, scorer.categories), row.tolist(), strict=True)) for row in rows]
    found = []
    for row, logits in zip(rows, scored.value_logits, strict=True):
        leaf = scorer.best_category(row, tagger.real)
        values = tagger.ontology.allowed(leaf, AttributeId(column))
        shares = scorer.value_probabilities(logits[None], AttributeId(column), values)[0]
        total = max(float(shares.sum()), 1e-9)
        found.append({str(v): float(p) / total for v, p in zip(values, shares, strict=True)})
    return found


def _evidence(shares: dict[str, float], ids: frozenset[str]) -> float:
    claimed = sum(shares.get(value, 0.0) for value in ids)
    rivals = sum(p > 0.0 for p in shares.values())
    return evidence(claimed=claimed, share=len(ids) / max(2, rivals))


def _fit(pairs: NDArray[np.float64]) -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=10.0, class_weight="balanced")
    model.fit(pairs[:, :1], pairs[:, 1])
    return {
        "slope": round(float(model.coef_[0, 0]), 4),
        "shift": round(float(model.intercept_[0]), 4),
    }
