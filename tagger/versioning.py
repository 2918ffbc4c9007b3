"""Calibrate a trained network and measure it on every validation split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.calibrate import fit_temperature, fit_threshold, spread_of
from tagger.evaluate import (
    CATEGORY,
    ScoredSamples,
    decode_samples,
    labelled_cells,
    report,
    score_samples,
)
from tagger.pipeline import Tagger
from tagger.scoring import DEFAULT_THRESHOLD, Calibration, Scorer

if TYPE_CHECKING:
    from ontology.model import AttributeId, Ontology
    from tagger.dataset import DatasetDescription
    from tagger.known import Taught
    from tagger.model import AttributeModel
    from tagger.train import DataSets


def calibrated_tagger(
    model: AttributeModel, ontology: Ontology, sets: DataSets, *, real: Taught, rendered: Taught
) -> tuple[Tagger, dict[str, ScoredSamples]]:
    """Fit temperatures and thresholds on the validation splits.

    Returns:
        A tagger with that calibration, and the scored validation samples by data-set name.
    """
    taught = real.united(rendered)

    def tagger_with(calibration: Calibration) -> Tagger:
        return Tagger(
            model,
            scorer=Scorer(ontology, taught, calibration),
            real=real,
            rendered=rendered,
            version="candidate",
        )

    plain = tagger_with(Calibration())
    scored = {
        name: score_samples(plain, samples) for name, samples in sets.validation.items() if samples
    }
    warm = _fit_temperatures(plain.scorer, scored, sets.descriptions)
    thresholds = _fit_thresholds(Scorer(ontology, taught, warm), scored, taught)
    calibration = Calibration(
        category_temperature=warm.category_temperature,
        temperatures=warm.temperatures,
        thresholds=thresholds,
        default_threshold=0.8,
    )
    return tagger_with(calibration), scored


def evaluate_all(
    tagger: Tagger, descriptions: Sequence[DatasetDescription], scored: Mapping[str, ScoredSamples]
) -> dict[str, Any]:
    """Report every validation split, in the shape of `weft evaluate --json`, by data-set name."""
    return {
        description.name: report(
            tagger.scorer,
            scored[description.name],
            decode_samples(tagger.scorer, scored[description.name], tagger.real),
            description,
            version=tagger.version,
        )
        for description in descriptions
        if description.name in scored
    }


def _fit_temperatures(
    scorer: Scorer,
    scored: Mapping[str, ScoredSamples],
    descriptions: Sequence[DatasetDescription],
) -> Calibration:
    by_name = {description.name: description for description in descriptions}
    cells = {
        column: [
            labelled_cells(scorer, samples, by_name[name], column)
            for name, samples in scored.items()
            if any(column in sample.source_labels for sample in samples.samples)
        ]
        for column in _columns(scored)
    }
    category = fit_temperature(cells.pop(CATEGORY, []))
    fitted = {column: fit_temperature(sources, prior=0.0) for column, sources in cells.items()}
    enough = {column: value for column, value in fitted.items() if value > 0}
    prior = spread_of(enough)
    return Calibration(
        category_temperature=category,
        temperatures={
            attribute.id: enough.get(attribute.id, prior)
            for attribute in scorer.ontology.attributes
        },
    )


def _fit_thresholds(
    scorer: Scorer, scored: Mapping[str, ScoredSamples], taught: Taught
) -> dict[AttributeId, float]:
    """Fit each attribute's threshold on the decoder's own scores for its top legal known value."""
    rows: dict[AttributeId, list[tuple[float, bool]]] = {}
    for samples in scored.values():
        probabilities = scorer.category_probabilities(samples.category_logits)
        for sample, row, logits in zip(
            samples.samples, probabilities, samples.value_logits, strict=True
        ):
            category = scorer.best_category(row, taught)
            scores, answerable = scorer.scores(row, logits, category), taught.answerable(category)
            for attribute, cell in sample.label.cells.items():
                truth = cell.any_of or cell.positives
                known = answerable.get(attribute, frozenset())
                legal = {
                    value: p
                    for value, p in scores.attributes.get(attribute, {}).items()
                    if value in known
                }
                if truth and legal:
                    best = max(legal, key=lambda value: (legal[value], value))
                    rows.setdefault(attribute, []).append((legal[best], best in truth))
    return {
        attribute: fit_threshold(
            np.array([score for score, _ in pairs]),
            np.array([hit for _, hit in pairs], dtype=bool),
            floor=DEFAULT_THRESHOLD,
        )
        for attribute, pairs in rows.items()
    }


def _columns(scored: Mapping[str, ScoredSamples]) -> list[str]:
    return sorted(
        {column for s in scored.values() for x in s.samples for column in x.source_labels}
    )
