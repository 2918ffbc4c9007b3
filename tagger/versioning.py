"""Calibrate a trained network and measure it on every validation split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ontology.model import AttributeId
from tagger.answers import best_answers
from tagger.calibrate import MIN_CELLS, LabelledCells, fit_temperature, spread_of
from tagger.evaluate import labelled_cells, report
from tagger.habits import learn_offsets, learn_wordings
from tagger.heads import heads
from tagger.pipeline import Tagger
from tagger.scored import ScoredSamples, score_samples
from tagger.scoring import Calibration, Scorer
from tagger.sources.description import CATEGORY
from tagger.thresholds import JudgedHead, choose_thresholds

if TYPE_CHECKING:
    from collections.abc import Collection

    from ontology.model import Ontology
    from tagger.boxes import PixelBox
    from tagger.data_sets import DataSets
    from tagger.dataset import DatasetDescription
    from tagger.detect.serving import GarmentDetector
    from tagger.known import Taught
    from tagger.model import AttributeModel
    from tagger.thresholds import Answer, Thresholds

CATEGORY_FLOOR = 0.5  # calibrated, so below it the category is more likely wrong than right


def calibrated_tagger(
    model: AttributeModel,
    ontology: Ontology,
    sets: DataSets,
    *,
    real: Taught,
    rendered: Taught,
    detector: GarmentDetector | None = None,
    boxes: Sequence[PixelBox] | None = None,
) -> tuple[Tagger, dict[str, ScoredSamples]]:
    """Fit temperatures and thresholds on the validation splits.

    Drawn pictures are easier than photographs: they decide only where photographs have too few
    labels.

    Args:
        model: The network.
        ontology: What it answers in.
        sets: Training and validation samples.
        real: What real pictures taught.
        rendered: What rendered pictures taught.
        detector: The version's garment finder, if it has one.
        boxes: One box a training sample where they are known already, else they are found.

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
            detector=detector,
        )

    plain = tagger_with(Calibration())
    scored = {
        name: score_samples(plain, samples) for name, samples in sets.validation.items() if samples
    }
    warm = _fit_temperatures(plain.scorer, scored, sets.descriptions)
    thresholds = _fit_thresholds(
        Scorer(ontology, taught, warm),
        scored,
        sets.descriptions,
        known={"real": real, "rendered": taught},
    )
    category_threshold = thresholds.general.pop(CATEGORY, 0.0)
    wordings, textures = learn_wordings(tagger_with(warm), scored, sets, boxes=boxes)
    calibration = Calibration(
        category_temperature=warm.category_temperature,
        temperatures=warm.temperatures,
        thresholds={AttributeId(name): value for name, value in thresholds.general.items()},
        default_threshold=0.8,
        category_threshold=category_threshold,
        street=thresholds.street,
        category_floor=CATEGORY_FLOOR,
        wordings=wordings,
        textures=textures,
    )
    offsets = learn_offsets(tagger_with(calibration).scorer, scored, sets.descriptions)
    return tagger_with(replace(calibration, offsets=offsets)), scored


def evaluate_all(
    tagger: Tagger,
    descriptions: Sequence[DatasetDescription],
    scored: Mapping[str, ScoredSamples],
    *,
    version: str,
) -> dict[str, Any]:
    """Report every validation split, in the shape of `weft evaluate --json`, by data-set name."""
    return {
        description.name: report(tagger, scored[description.name], description, version=version)
        for description in descriptions
        if description.name in scored
    }


def _fit_temperatures(
    scorer: Scorer,
    scored: Mapping[str, ScoredSamples],
    descriptions: Sequence[DatasetDescription],
) -> Calibration:
    cells: dict[str, dict[str, list[LabelledCells]]] = {}
    for description in descriptions:
        if description.name not in scored:
            continue
        samples = scored[description.name]
        for head in heads(description, samples.samples):
            by_origin = cells.setdefault(head.column, {"real": [], "rendered": []})
            by_origin[description.origin].append(labelled_cells(scorer, samples, head))
    fitted = {}
    for column, by_origin in cells.items():
        real = by_origin["real"]
        enough = sum(len(found.logits) for found in real) >= MIN_CELLS
        fitted[column] = fit_temperature(
            real if enough else real + by_origin["rendered"], prior=0.0
        )
    fitted = {column: value for column, value in fitted.items() if value > 0}
    category = fitted.pop(CATEGORY, 1.0)
    prior = spread_of(fitted)
    return Calibration(
        category_temperature=category,
        temperatures={
            attribute.id: fitted.get(attribute.id, prior)
            for attribute in scorer.ontology.attributes
        },
    )


def _fit_thresholds(
    scorer: Scorer,
    scored: Mapping[str, ScoredSamples],
    descriptions: Sequence[DatasetDescription],
    *,
    known: Mapping[str, Taught],
) -> Thresholds:
    """Fit the thresholds of attributes and category on the decoder's own scores."""
    judged: dict[str, JudgedHead] = {}
    for description in descriptions:
        if description.name not in scored:
            continue
        samples = scored[description.name]
        found = _answers(scorer, samples, known[description.origin])
        in_street = samples.seen_in_street()
        for head in heads(description, samples.samples):
            of_head = judged.setdefault(head.column, JudgedHead())
            for at in head.rows:
                if head.column not in found[at]:
                    continue
                if description.origin != "real":
                    answers = of_head.drawn
                else:
                    by_set = of_head.street if in_street[at] else of_head.plain
                    answers = by_set.setdefault(f"{description.name}/{head.key}", [])
                answers.append(found[at][head.column])
    return choose_thresholds(judged)


def _answers(scorer: Scorer, scored: ScoredSamples, taught: Taught) -> list[dict[str, Answer]]:
    """Give each sample's best known legal answers: by head their score and whether it is right."""
    probabilities = scorer.category_probabilities(scored.category_logits)
    rows = []
    for sample, row, logits in zip(scored.samples, probabilities, scored.value_logits, strict=True):
        category = scorer.best_category(row, taught)
        best = best_answers(scorer.scores(row, logits, category), category, taught)
        cells = sample.label.cells.items()
        truths: dict[str, Collection[str]] = {
            CATEGORY: sample.label.categories,
            **{attribute: cell.any_of or cell.positives for attribute, cell in cells},
        }
        rows.append(
            {
                column: (score, answer in truths[column])
                for column, (answer, score) in best.items()
                if truths.get(column)
            }
        )
    return rows
