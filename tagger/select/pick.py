"""From candidates to picks with their reasons in words.

Legend: N candidates, C channels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.select.batch import BatchRule, Chosen, choose_batch, gradient_residuals
from tagger.select.uncertainty import CellDoubt, informativeness
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology

__all__ = ["Candidate", "Pick", "attribute_weights", "pick_next"]

_NAMED = 2
_RARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One garment that could be labelled.

    Attributes:
        id: Unique among the candidates.
        doubts: Of its cells; attributes that teach nothing are absent.
        probabilities: Per attribute (or `category`) of those cells, the probabilities by value.
        embedding: (C,) of its crop.
        confidence: Probability of the shown category, 0..1.
    """

    id: str
    doubts: tuple[CellDoubt, ...]
    probabilities: Mapping[str, Mapping[str, float]]
    embedding: NDArray[np.floating]
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One garment to label next.

    Attributes:
        id: The candidate's.
        is_random: Whether it was drawn, not picked.
        confidence: For the annotator: probability of the shown category, 0..1.
        uncertainty: For the choice: weighted mean over its cells, 0..1.
        priority: For the queue: 1 for the first, falling evenly towards 0.
        reasons: Why, in words, the most telling first.
    """

    id: str
    is_random: bool
    confidence: float
    uncertainty: float
    priority: float
    reasons: tuple[str, ...]


def attribute_weights(
    counts: Mapping[str, int], *, shortfall: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Weigh attributes: more where labels are few, more where the model is weak.

    Args:
        counts: Labels so far, by attribute or `category`.
        shortfall: One minus what the model reaches there, 0..1; absent where not measured.

    Returns:
        Factors with mean 1.
    """
    raw = {
        name: (count + 1.0) ** -_RARE * (0.5 + (shortfall or {}).get(name, 0.5))
        for name, count in counts.items()
    }
    mean = sum(raw.values()) / len(raw) if raw else 1.0
    return {name: weight / mean for name, weight in raw.items()}


def pick_next(
    candidates: Sequence[Candidate],
    *,
    budget: int,
    ontology: Ontology,
    rng: np.random.Generator,
    weights: Mapping[str, float] | None = None,
    rule: BatchRule | None = None,
) -> list[Pick]:
    """Choose what to label next.

    Args:
        candidates: N garments without labels; their order does not matter to the random slice.
        budget: How many.
        ontology: Gives the words.
        rng: Draws.
        weights: Factor of each attribute, as of `attribute_weights`; 1 where absent.
        rule: How the batch is composed.

    Raises:
        SelectionError: If the budget is not positive.
    """
    if not candidates:
        return []
    heads = sorted({name for candidate in candidates for name in candidate.probabilities})
    residuals = gradient_residuals([_column(candidates, name) for name in heads])
    residuals *= _head_factors(candidates, heads, weights)
    embeddings = np.stack([np.asarray(c.embedding, dtype=np.float32) for c in candidates])
    embeddings = embeddings - embeddings.mean(axis=0) if len(candidates) > 1 else embeddings
    chosen = _interleaved(choose_batch(residuals, embeddings, count=budget, rng=rng, rule=rule))
    return [
        _pick(
            candidates[one.at], one, rank=rank, of=len(chosen), ontology=ontology, weights=weights
        )
        for rank, one in enumerate(chosen)
    ]


def _interleaved(chosen: Sequence[Chosen]) -> list[Chosen]:
    """Spread the random slice evenly, so that a round that is broken off has its share of it."""
    kinds = [[one for one in chosen if one.is_random is wanted] for wanted in (False, True)]
    placed = [((at + 0.5) / len(kind), one) for kind in kinds for at, one in enumerate(kind)]
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


def _values(candidates: Sequence[Candidate], head: str) -> list[str]:
    return sorted({value for c in candidates for value in c.probabilities.get(head, {})})


def _column(candidates: Sequence[Candidate], head: str) -> NDArray[np.float32]:
    values = _values(candidates, head)
    rows = [c.probabilities.get(head, {}) for c in candidates]
    return np.array([[row.get(value, 0.0) for value in values] for row in rows], dtype=np.float32)


def _head_factors(
    candidates: Sequence[Candidate], heads: Sequence[str], weights: Mapping[str, float] | None
) -> NDArray[np.float32]:
    """Give the factor of every column (V,); squared lengths then follow the weights."""
    factors = [
        np.full(len(_values(candidates, head)), (weights or {}).get(head, 1.0) ** 0.5)
        for head in heads
    ]
    joined: NDArray[np.float32] = np.concatenate(factors).astype(np.float32)
    return joined


def _pick(
    candidate: Candidate,
    chosen: Chosen,
    *,
    rank: int,
    of: int,
    ontology: Ontology,
    weights: Mapping[str, float] | None,
) -> Pick:
    return Pick(
        id=candidate.id,
        is_random=chosen.is_random,
        confidence=candidate.confidence,
        uncertainty=informativeness(candidate.doubts, weights=weights),
        priority=1.0 - rank / of,
        reasons=_reasons(candidate, chosen, ontology, weights or {}),
    )


def _reasons(
    candidate: Candidate, chosen: Chosen, ontology: Ontology, weights: Mapping[str, float]
) -> tuple[str, ...]:
    if chosen.is_random:
        return ("drawn at random, to measure what picking gains",)
    by_weight = Counter(
        {doubt: doubt.uncertainty * weights.get(doubt.attribute, 1.0) for doubt in candidate.doubts}
    )
    reasons = [_in_words(doubt, ontology) for doubt, _ in by_weight.most_common(_NAMED)]
    rare = [d.attribute for d in candidate.doubts if weights.get(d.attribute, 1.0) >= _NAMED]
    if rare:
        names = ", ".join(sorted(_name(attribute, ontology) for attribute in rare)[:_NAMED])
        reasons.append(f"few labels so far of {names}")
    if chosen.num_alike:
        reasons.append(f"stands for {chosen.num_alike} more that look almost the same")
    return tuple(reasons)


def _in_words(doubt: CellDoubt, ontology: Ontology) -> str:
    return (
        f"{_name(doubt.attribute, ontology)}: {_value(doubt, ontology)} at "
        f"{100 * doubt.confidence:.0f} %, uncertainty {doubt.uncertainty:.2f}"
    )


def _name(attribute: str, ontology: Ontology) -> str:
    if attribute == CATEGORY:
        return "Category"
    return next((a.label for a in ontology.attributes if a.id == attribute), attribute)


def _value(doubt: CellDoubt, ontology: Ontology) -> str:
    if doubt.attribute == CATEGORY:
        return next((c.label for c in ontology.categories if c.id == doubt.value), doubt.value)
    for attribute in ontology.attributes:
        if attribute.id == doubt.attribute:
            return next((v.label for v in attribute.values if v.id == doubt.value), doubt.value)
    return doubt.value
