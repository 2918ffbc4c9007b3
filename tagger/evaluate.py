"""Report what a version says about labelled pictures, in the source's own vocabulary.

A source label's probability is the sum over its set of ontology values, and it competes with the
labels among which the source chose; where sets are nested, a tie goes to the smaller one. If the
version learnt the source's wording (`tagger.wording`), the mean of both probabilities counts, and
if it learnt the source's leaning (`tagger.offsets`), that shifts them.
Missing and undecided cells are left out of everything.

Legend: N samples, K leaf categories, V values over all attributes, S source labels.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.model import AttributeId, CategoryId, ValueId
from tagger.answers import Best, coverage_at_errors, wrong_by_score
from tagger.calibrate import LabelledCells
from tagger.detect.scores import score_detector
from tagger.heads import Head, heads
from tagger.metrics import confusion, head_report, macro_f1, per_value
from tagger.scored import ScoredSamples, decode_samples, score_samples
from tagger.sources.description import CATEGORY

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tagger.dataset import DatasetDescription
    from tagger.pipeline import Tagger
    from tagger.scored import DecodedSample
    from tagger.scoring import Scorer


def labelled_cells(scorer: Scorer, scored: ScoredSamples, head: Head) -> LabelledCells:
    """Gather one head's labelled cells, for fitting its temperature."""
    rows = list(head.rows)
    names = _members(scorer, head)
    member = [
        [name in head.vocabulary[scored.samples[at].source_labels[head.column]] for name in names]
        for at in rows
    ]
    if head.column == CATEGORY:
        logits = scored.category_logits[rows][:, scorer.category_positions(names)]
    else:
        positions = scorer.value_positions(AttributeId(head.column), names)
        logits = scored.value_logits[rows][:, positions]
    return LabelledCells(
        logits=logits.astype(np.float64),
        member=np.array(member, dtype=bool).reshape(len(rows), len(names)),
    )


def _members(scorer: Scorer, head: Head) -> list[Any]:
    named = frozenset().union(*head.vocabulary.values())
    if head.column == CATEGORY:
        return [
            name for name in scorer.categories if name in named & scorer.taught.mentioned_categories
        ]
    attribute = AttributeId(head.column)
    mentioned = scorer.taught.mentioned.get(attribute, frozenset())
    return [
        value.id
        for value in scorer.ontology.attribute(attribute).values
        if value.id in named & mentioned
    ]


def report(
    tagger: Tagger, scored: ScoredSamples, description: DatasetDescription, *, version: str
) -> dict[str, Any]:
    """Decode scored samples of one data set and judge them, and the detector on their pictures.

    Args:
        tagger: The model version.
        scored: What it said about the samples.
        description: The data set.
        version: The version's name in the report.

    Returns:
        The shape of `weft evaluate --json`.
    """
    decoded = decode_samples(tagger.scorer, scored, tagger.real)
    attributes = {
        head.key: _report_head(tagger.scorer, scored, decoded, head, source=description.name)
        for head in heads(description, scored.samples)
    }
    category = attributes.pop(CATEGORY, None)
    averages = [head["average_accuracy"] for head in attributes.values() if head["n"]]
    return {
        "model_version": version,
        "dataset": description.name,
        "labelled_by": description.labelled_by,
        "images": len({sample.image for sample in scored.samples}),
        "unreadable": list(scored.unreadable),
        "category": category,
        "attributes": attributes,
        "mean_average_accuracy": sum(averages) / len(averages) if averages else None,
        "detection": score_detector(tagger.detector, scored.samples, description),
    }


def _report_head(
    scorer: Scorer,
    scored: ScoredSamples,
    decoded: Sequence[DecodedSample],
    head: Head,
    *,
    source: str,
) -> dict[str, Any]:
    vocabulary, column, rows = head.vocabulary, head.column, list(head.rows)
    names, plain, truth = model_view(scorer, scored, head)
    probability = _worded(scorer, scored, head, plain, names, source=source)
    offsets = scorer.calibration.source_offsets(source, head.key)
    if offsets is not None:
        probability = offsets.applied(probability, names)
    forced = _forced(probability, names, vocabulary)
    has_habit = probability is not plain
    before = _agreement(truth, _forced(plain, names, vocabulary), names) if has_habit else None
    labels = [scored.samples[at].source_labels[column] for at in rows]
    shown = [_shown(scorer, decoded[at], column) for at in rows]
    inside = [
        [value in vocabulary[label] for value in values]
        for values, label in zip(shown, labels, strict=True)
    ]
    view: dict[str, Any] = {
        "truth": truth,
        "forced": forced,
        "top_scores": probability[np.arange(len(rows)), forced],
        "names": names,
    }
    result = head_report(
        **view,
        answered=np.array([bool(values) for values in shown], dtype=bool),
        right=np.array([all(hits) for hits in inside], dtype=bool),
        overlap=np.array(
            [sum(hits) / max(1, len(hits) + (not any(hits))) for hits in inside], dtype=np.float64
        ),
    )
    return {
        **result,
        "without_habits": before,
        "confusion": confusion(truth, view["forced"], names),
        "coverage_at_error": coverage_at_errors(
            [_best(scorer, decoded[at], column) for at in rows],
            [vocabulary[label] for label in labels],
        ),
        "wrong_by_score": wrong_by_score(
            pictures=[scored.samples[at].id.partition("/")[2] for at in rows], **view
        ),
    }


def _forced(
    probability: NDArray[np.float64],
    names: Sequence[str],
    vocabulary: Mapping[str, Collection[str]],
) -> NDArray[np.int64]:
    sizes = np.array([len(vocabulary[name]) for name in names])
    best: NDArray[np.int64] = (probability.round(9) - 1e-10 * sizes).argmax(axis=1)
    return best


def _agreement(
    truth: NDArray[np.int64], forced: NDArray[np.int64], names: Sequence[str]
) -> dict[str, float]:
    f1 = macro_f1(per_value(truth, forced, names))
    return {"top1_accuracy": float((truth == forced).mean()), "macro_f1": f1}


def model_view(
    scorer: Scorer, scored: ScoredSamples, head: Head
) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Give a head's cells in the words of its source, without the source's habits.

    Args:
        scorer: Of the version.
        scored: Samples of the source.
        head: The column and its labelled rows.

    Returns:
        The S labels, (N, S) their probabilities, and (N,) the positions of the true ones.
    """
    names = sorted(head.vocabulary)
    probability = _source_probabilities(scorer, scored, head, names)
    labels = [scored.samples[at].source_labels[head.column] for at in head.rows]
    return names, probability, np.array([names.index(label) for label in labels], dtype=np.int64)


def source_view(
    scorer: Scorer, scored: ScoredSamples, head: Head, *, source: str
) -> tuple[list[str], NDArray[np.float64], NDArray[np.int64]]:
    """Give what `model_view` gives, with the source's wording but before its offsets.

    Args:
        scorer: Of the version.
        scored: Samples of the source.
        head: The column and its labelled rows.
        source: Name of the data set.
    """
    names, plain, truth = model_view(scorer, scored, head)
    return names, _worded(scorer, scored, head, plain, names, source=source), truth


def _worded(
    scorer: Scorer,
    scored: ScoredSamples,
    head: Head,
    plain: NDArray[np.float64],
    names: Sequence[str],
    *,
    source: str,
) -> NDArray[np.float64]:
    """Give (N, S) with the source's wording; the same array where there is none."""
    wording = scorer.calibration.wording(source, head.key)
    if wording is None:
        return plain
    rows, texture = list(head.rows), scored.texture
    layer = scorer.calibration.texture(source)
    return wording.joined(
        plain,
        names,
        embedding=scored.embedding[rows],
        hidden=None if layer is None or texture is None else layer.hidden(texture[rows]),
    )


def _source_probabilities(
    scorer: Scorer, scored: ScoredSamples, head: Head, names: Sequence[str]
) -> NDArray[np.float64]:
    """Give (N, S): each source label's share of the probability of what the source can name."""
    members = _members(scorer, head)
    share = scorer.normalised(labelled_cells(scorer, scored, head).logits, head.column)
    belongs = np.array([[value in head.vocabulary[name] for name in names] for value in members])
    total: NDArray[np.float64] = share @ belongs.reshape(len(members), len(names)).astype(float)
    return total


def _shown(scorer: Scorer, decoded: DecodedSample, column: str) -> list[CategoryId] | list[ValueId]:
    if column == CATEGORY:
        return [decoded.category] if decoded.is_sure else []
    answers = decoded.assignment.attributes.get(AttributeId(column), ())
    return [answer.value for answer in answers]


def _best(scorer: Scorer, decoded: DecodedSample, column: str) -> Best | None:
    likely = column == CATEGORY or scorer.is_likely(decoded.category_score)
    return decoded.best.get(column) if likely else None


def evaluate(
    tagger: Tagger,
    description: DatasetDescription,
    *,
    root: Path | None = None,
    watch: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Evaluate a model version on one data set.

    Args:
        tagger: The model version.
        description: The data set.
        root: Score every picture found there; without it, the validation split.
        watch: Called with (done, all) pictures.

    Raises:
        CatalogError: If nothing can be read.
    """
    from tagger.dataset import load_samples

    samples = load_samples(
        description, root=root, ontology=tagger.ontology, split="all" if root else "validation"
    )
    scored = score_samples(tagger, samples, watch=watch)
    return report(tagger, scored, description, version=tagger.version)
