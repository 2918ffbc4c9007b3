"""Read trained heads on the validation split, cell by cell.

Two readings of the same logits: *shared* is the project's (the values of an exclusive attribute
share one probability, which makes good a part of what all-negative cells take away), *alone* reads
each value through a sigmoid of its own, as a plain multi-label trainer does.

Legend: N labelled cells, K leaf categories, V values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ontology.model import AttributeId
from tagger.calibrate import MAX_ERROR, fit_threshold
from tagger.scored import ScoredSamples, decode_samples
from tagger.scoring import Calibration, Scorer, sigmoid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.decode import Answer
    from ontology.model import Ontology
    from tagger.dataset import DatasetDescription
    from tagger.known import Taught
    from tagger.scored import DecodedSample

Head = tuple[str, str]
CATEGORY = "category"
MIN_CELLS = 30


class SigmoidScorer(Scorer):
    """Reads every value through a sigmoid of its own."""

    def normalised(self, logits: NDArray[np.float64], column: str) -> NDArray[np.float64]:
        """Give (N, n) independent probabilities; the category's still share one."""
        return super().normalised(logits, column) if column == CATEGORY else sigmoid(logits)


READINGS: Mapping[str, type[Scorer]] = {"shared": Scorer, "alone": SigmoidScorer}


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a decoder shows of N labelled cells, as in `tagger.metrics.head_report`.

    Attributes:
        answered: (N,) whether anything is shown.
        right: (N,) whether all that is shown is right.
        overlap: (N,) |shown and true| / |shown or true|, 0..1.
    """

    answered: NDArray[np.bool_]
    right: NDArray[np.bool_]
    overlap: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCells:
    """The labelled cells of one attribute in one data set, with one model's answers.

    Attributes:
        rows: (N,) position of each cell's sample in the data set.
        truth: (N,) the source's label.
        forced: (N,) the best of the labels among which the source chose.
        views: What is shown at a threshold of 0.5, by reading.
        tuned_coverage: By reading, the share answered at the lowest threshold that keeps the
            error of these cells within 10 %.
        open_overlap: Mean overlap where everything is answered, which is the most that any
            threshold gives.
    """

    rows: NDArray[np.int64]
    truth: NDArray[np.int64]
    forced: NDArray[np.int64]
    views: Mapping[str, View]
    tuned_coverage: Mapping[str, float]
    open_overlap: float


def head_cells(
    ontology: Ontology,
    taught: Taught,
    scored: ScoredSamples,
    description: DatasetDescription,
) -> dict[Head, HeadCells]:
    """Read all attributes of a data set with at least `MIN_CELLS` labelled cells."""
    decoded = {
        (reading, threshold): decode_samples(
            kind(ontology, taught, Calibration(default_threshold=threshold)), scored, taught
        )
        for reading, kind in READINGS.items()
        for threshold in (0.5, 0.0)
    }
    scorer = Scorer(ontology, taught, Calibration())
    columns = sorted({name for sample in scored.samples for name in sample.source_labels})
    counts = {
        name: sum(name in sample.source_labels for sample in scored.samples) for name in columns
    }
    return {
        (description.name, name): _read(scorer, scored, decoded, description, name)
        for name in columns
        if name != CATEGORY and counts[name] >= MIN_CELLS
    }


def _read(
    scorer: Scorer,
    scored: ScoredSamples,
    decoded: Mapping[tuple[str, float], list[DecodedSample]],
    description: DatasetDescription,
    column: str,
) -> HeadCells:
    rows = [at for at, sample in enumerate(scored.samples) if column in sample.source_labels]
    names = sorted(description.vocabulary(column))
    labels = [scored.samples[at].source_labels[column] for at in rows]
    open_views = {
        reading: _view([decoded[reading, 0.0][at] for at in rows], labels, description, column)
        for reading in READINGS
    }
    return HeadCells(
        rows=np.array(rows, dtype=np.int64),
        truth=np.array([names.index(label) for label in labels], dtype=np.int64),
        forced=forced_answers(scorer, scored, description, column),
        views={
            reading: _view([decoded[reading, 0.5][at] for at in rows], labels, description, column)
            for reading in READINGS
        },
        tuned_coverage={
            reading: _tuned_coverage(
                [decoded[reading, 0.0][at] for at in rows], open_views[reading], column
            )
            for reading in READINGS
        },
        open_overlap=float(open_views["shared"].overlap.mean()),
    )


def forced_answers(
    scorer: Scorer, scored: ScoredSamples, description: DatasetDescription, column: str
) -> NDArray[np.int64]:
    """Give the best source label of each labelled cell (N,), as `tagger.evaluate.report` does."""
    vocabulary = description.vocabulary(column)
    names, attribute = sorted(vocabulary), AttributeId(column)
    samples = [sample for sample in scored.samples if column in sample.source_labels]
    rows = [at for at, sample in enumerate(scored.samples) if column in sample.source_labels]
    mentioned = scorer.taught.mentioned.get(attribute, frozenset())
    named = frozenset().union(*vocabulary.values()) & mentioned
    values = [
        value.id for value in scorer.ontology.attribute(attribute).values if value.id in named
    ]
    logits = scored.value_logits[rows][:, scorer.value_positions(attribute, values)]
    share = scorer.normalised(logits.astype(np.float64), column)
    belongs = np.array([[value in vocabulary[name] for name in names] for value in values])
    offered = [[name in sample.rivals[column] for name in names] for sample in samples]
    probability = np.where(offered, share @ belongs.astype(float), 0.0)
    sizes = np.array([len(vocabulary[name]) for name in names])
    best: NDArray[np.int64] = (probability.round(9) - 1e-10 * sizes).argmax(axis=1)
    return best


def _view(
    decoded: list[DecodedSample], labels: list[str], description: DatasetDescription, column: str
) -> View:
    vocabulary = description.vocabulary(column)
    inside = [
        [answer.value in vocabulary[label] for answer in _answers(one, column)]
        for one, label in zip(decoded, labels, strict=True)
    ]
    return View(
        answered=np.array([bool(hits) for hits in inside], dtype=bool),
        right=np.array([all(hits) for hits in inside], dtype=bool),
        overlap=np.array(
            [sum(hits) / max(1, len(hits) + (not any(hits))) for hits in inside], dtype=np.float64
        ),
    )


def _tuned_coverage(decoded: list[DecodedSample], view: View, column: str) -> float:
    scores = np.array(
        [max((answer.score for answer in _answers(one, column)), default=0.0) for one in decoded]
    )
    correct = view.answered & view.right
    threshold = fit_threshold(scores, correct, floor=0.0, max_error=MAX_ERROR)
    return float((scores > threshold).mean())


def _answers(decoded: DecodedSample, column: str) -> tuple[Answer, ...]:
    return decoded.assignment.attributes.get(AttributeId(column), ())
