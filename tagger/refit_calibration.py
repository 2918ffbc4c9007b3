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
from tagger.calibrate import MIN_CELLS, LabelledCells, fit_temperature, fit_threshold
from tagger.gate_pairs import CellOutcome
from tagger.judged import judge
from tagger.scoring import DEFAULT_THRESHOLD, Calibration, Scorer
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
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
    category_temperature, temperatures = live.category_temperature, dict(live.temperatures)
    for head, cells in _cells(ontology, all_taught, blind).items():
        if len(cells.logits) < MIN_CELLS:
            continue
        if head == CATEGORY:
            category_temperature = fit_temperature([cells])
        else:
            temperatures[AttributeId(head)] = fit_temperature([cells])
    warm = replace(live, category_temperature=category_temperature, temperatures=temperatures)
    scorer = Scorer(ontology, all_taught, warm)
    thresholds = {
        **dict(live.thresholds),
        **({CATEGORY: live.category_threshold} if live.category_threshold else {}),
    }
    found: dict[str, float] = {}
    if left_out is not None:
        for head, cells in _by_head(judge(scorer, left_out, real)).items():
            if head in fresh and len(cells) >= MIN_CELLS:
                found[head] = max(_threshold(head, cells), thresholds.get(AttributeId(head), 0.0))
    for head, cells in _by_head(judge(scorer, blind, real)).items():
        if len(cells) >= MIN_CELLS:
            found[head] = _threshold(head, cells)
    category_threshold = found.pop(CATEGORY, live.category_threshold)
    return replace(
        warm,
        category_threshold=category_threshold,
        thresholds={
            **dict(live.thresholds),
            **{AttributeId(head): value for head, value in found.items()},
        },
    )


def _threshold(head: str, cells: Sequence[CellOutcome]) -> float:
    answered = [(cell.score, cell.is_right) for cell in cells if cell.score is not None]
    return fit_threshold(
        np.array([score for score, _ in answered]),
        np.array([is_right for _, is_right in answered], dtype=bool),
        floor=0.0 if head == CATEGORY else DEFAULT_THRESHOLD,
    )


def _by_head(cells: Sequence[CellOutcome]) -> dict[str, list[CellOutcome]]:
    found: dict[str, list[CellOutcome]] = {}
    for cell in cells:
        found.setdefault(cell.head, []).append(cell)
    return found


def _cells(
    ontology: Ontology, taught: Taught, answered: ScoredSamples
) -> Mapping[str, LabelledCells]:
    """Gather the labelled cells of the category and of every exclusive attribute."""
    from ontology.targets import layout

    order = layout(ontology)
    samples: Sequence[Any] = answered.samples
    mentioned = np.array([name in taught.mentioned_categories for name in order.categories])
    rows = [at for at, sample in enumerate(samples) if sample.label.categories]
    member = np.array(
        [[name in samples[at].label.categories for name in order.categories] for at in rows],
        dtype=bool,
    ).reshape(len(rows), len(order.categories))
    found = {CATEGORY: _masked(answered.category_logits[rows], member, mentioned)}
    for attribute in ontology.attributes:
        if attribute.kind is not AttributeKind.EXCLUSIVE:
            continue
        where = order.slices[attribute.id]
        cells = {at: sample.label.cells.get(attribute.id) for at, sample in enumerate(samples)}
        rows = [
            at
            for at, cell in cells.items()
            if cell is not None and cell.state is CellState.VALUE and cell.any_of
        ]
        ids = [value.id for value in attribute.values]
        member = np.array(
            [
                [value in samples[at].label.cells[attribute.id].any_of for value in ids]
                for at in rows
            ],
            dtype=bool,
        ).reshape(len(rows), len(ids))
        known = taught.mentioned.get(attribute.id, frozenset())
        usable = np.array(
            [
                [value in known & _allowed(ontology, samples[at], attribute.id) for value in ids]
                for at in rows
            ],
            dtype=bool,
        ).reshape(len(rows), len(ids))
        found[attribute.id] = _masked(answered.value_logits[rows][:, where], member, usable)
    return found


def _allowed(ontology: Ontology, sample: Any, attribute: AttributeId) -> frozenset[Any]:
    if not sample.label.categories:
        return frozenset(value.id for value in ontology.attribute(attribute).values)
    return frozenset(
        value
        for category in sample.label.categories
        for value in ontology.allowed(category, attribute)
    )


def _masked(logits: Any, member: Any, usable: Any) -> LabelledCells:
    """Leave out cells whose truth cannot be answered, and values that cannot be."""
    usable = np.broadcast_to(usable, member.shape)
    rows = (member & usable).any(axis=1)
    return LabelledCells(
        logits=np.where(usable, logits, -np.inf)[rows].astype(np.float64), member=member[rows]
    )
