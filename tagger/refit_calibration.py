"""Temperatures and thresholds after a refit, from what people said without a suggestion.

Only the blind slice says how often answers are right: labels made from the model's own suggestions
favour it. Where the slice has too few cells of a head, the live version's numbers stay. A head
that got values which no version ever answered has none that could stay, so corrections that were
left out of a fit in turn say how sure its answers have to be.

Legend: N garments, n values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.labels import CellState
from ontology.model import AttributeId, AttributeKind
from ontology.targets import layout
from tagger.calibrate import MIN_CELLS, LabelledCells, fit_temperature
from tagger.gate_pairs import CellOutcome
from tagger.judged import judge
from tagger.scoring import Calibration, Scorer
from tagger.sources.description import CATEGORY
from tagger.thresholds import head_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.known import Taught
    from tagger.scored import ScoredSamples

__all__ = ["recalibrated"]


def recalibrated(
    live: Calibration,
    ontology: Ontology,
    *,
    real: Taught,
    all_taught: Taught,
    blind: ScoredSamples,
    left_out: ScoredSamples | None = None,
    fresh: Collection[str] = (),
) -> Calibration:
    """Give the calibration of a refitted version.

    Args:
        live: Of the version that it was made from.
        ontology: What both answer in.
        real: What is answered.
        all_taught: What takes part in normalising scores.
        blind: Garments that were labelled without a suggestion, scored by the new heads.
        left_out: Corrections, each scored by heads that were fitted without it.
        fresh: Heads with values that the live version could not answer.
    """
    warm = _warm(live, _labelled_cells(ontology, all_taught, blind))
    scorer = Scorer(ontology, all_taught, warm)
    found: dict[str, float] = {}
    if left_out is not None:
        for head, judged in _by_head(judge(scorer, left_out, real)).items():
            if head in fresh and len(judged) >= MIN_CELLS:
                found[head] = max(_threshold(head, judged), _stated(live, head))
    for head, judged in _by_head(judge(scorer, blind, real)).items():
        if len(judged) >= MIN_CELLS:
            found[head] = _threshold(head, judged)
    category_threshold = found.pop(CATEGORY, live.category_threshold)
    thresholds = dict(live.thresholds)
    thresholds.update((AttributeId(head), value) for head, value in found.items())
    return replace(warm, category_threshold=category_threshold, thresholds=thresholds)


def _warm(live: Calibration, found: Mapping[str, LabelledCells]) -> Calibration:
    """Fit the temperature of each head that has enough cells."""
    category_temperature, temperatures = live.category_temperature, dict(live.temperatures)
    for head, cells in found.items():
        if len(cells.logits) < MIN_CELLS:
            continue
        if head == CATEGORY:
            category_temperature = fit_temperature([cells])
        else:
            temperatures[AttributeId(head)] = fit_temperature([cells])
    return replace(live, category_temperature=category_temperature, temperatures=temperatures)


def _stated(live: Calibration, head: str) -> float:
    """Give the threshold that a head has; 0 where it has none of its own."""
    if head == CATEGORY:
        return live.category_threshold
    return live.thresholds.get(AttributeId(head), 0.0)


def _threshold(head: str, cells: Sequence[CellOutcome]) -> float:
    answered = [(cell.score, cell.is_right) for cell in cells if cell.score is not None]
    return head_threshold(head, answered)


def _by_head(cells: Sequence[CellOutcome]) -> dict[str, list[CellOutcome]]:
    found: dict[str, list[CellOutcome]] = {}
    for cell in cells:
        found.setdefault(cell.head, []).append(cell)
    return found


def _labelled_cells(
    ontology: Ontology, taught: Taught, answered: ScoredSamples
) -> dict[str, LabelledCells]:
    """Gather the labelled cells of the category and of every exclusive attribute."""
    order = layout(ontology)
    samples: Sequence[Any] = answered.samples
    rows = [at for at, sample in enumerate(samples) if sample.label.categories]
    found = {
        CATEGORY: _cells(
            answered.category_logits[rows],
            [samples[at].label.categories for at in rows],
            [taught.mentioned_categories for _ in rows],
            order.categories,
        )
    }
    for attribute in ontology.attributes:
        if attribute.kind is not AttributeKind.EXCLUSIVE:
            continue
        rows = [at for at, sample in enumerate(samples) if _truth(sample, attribute.id)]
        known = taught.mentioned.get(attribute.id, frozenset())
        found[attribute.id] = _cells(
            answered.value_logits[rows][:, order.slices[attribute.id]],
            [_truth(samples[at], attribute.id) for at in rows],
            [known & _allowed(ontology, samples[at], attribute.id) for at in rows],
            [value.id for value in attribute.values],
        )
    return found


def _truth(sample: Any, attribute: AttributeId) -> frozenset[Any]:
    cell = sample.label.cells.get(attribute)
    return cell.any_of if cell is not None and cell.state is CellState.VALUE else frozenset()


def _allowed(ontology: Ontology, sample: Any, attribute: AttributeId) -> frozenset[Any]:
    if not sample.label.categories:
        return frozenset(value.id for value in ontology.attribute(attribute).values)
    return frozenset(
        value
        for category in sample.label.categories
        for value in ontology.allowed(category, attribute)
    )


def _cells(
    logits: NDArray[np.float32],
    truths: Sequence[frozenset[Any]],
    usable: Sequence[frozenset[Any]],
    names: Sequence[Any],
) -> LabelledCells:
    """Put N cells together, leaving out those whose truth cannot be answered.

    Args:
        logits: (N, n).
        truths: For each cell the ids that are right.
        usable: For each cell the ids that compete.
        names: The n ids.
    """
    shape = (len(truths), len(names))
    member = np.array([[name in one for name in names] for one in truths], dtype=bool)
    competes = np.array([[name in one for name in names] for one in usable], dtype=bool)
    member, competes = member.reshape(shape), competes.reshape(shape)
    rows = (member & competes).any(axis=1)
    return LabelledCells(
        logits=np.where(competes, logits, -np.inf)[rows].astype(np.float64), member=member[rows]
    )
