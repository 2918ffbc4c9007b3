"""Learn how each source of photographs words what it sees, and which words it prefers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tagger.evaluate import model_view, source_view
from tagger.heads import Head, heads
from tagger.metrics import is_likelier, is_no_worse, log_likelihoods
from tagger.offsets import Offsets, fit_offsets
from tagger.scored import ScoredSamples, score_samples
from tagger.texture_words import TextureLayer, fit_texture_words
from tagger.wording import Wording, fit_embedding_words, frequent_words, overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.boxes import PixelBox
    from tagger.data_sets import DataSets
    from tagger.dataset import DatasetDescription, Sample
    from tagger.pipeline import Tagger
    from tagger.scoring import Scorer

__all__ = ["learn_offsets", "learn_wordings"]

_MIN_CELLS = 50  # they choose between four ways to answer, all learnt elsewhere
_KEPT_F1 = 0.95


def learn_wordings(
    tagger: Tagger,
    scored: Mapping[str, ScoredSamples],
    sets: DataSets,
    *,
    boxes: Sequence[PixelBox] | None = None,
) -> tuple[tuple[Wording, ...], tuple[TextureLayer, ...]]:
    """Learn the words of photographs' sources from their training rows.

    Args:
        tagger: A calibrated network.
        scored: What it said about the validation samples, by data-set name.
        sets: All samples.
        boxes: One box a training sample where they are known already, else they are found.

    Returns:
        Wordings of columns whose labels overlap, and of those with at least `_MIN_CELLS`
        validation cells where they raise the mean log likelihood by more than its standard error
        and lower neither accuracy nor, by more than a twentieth, macro-F1; of the ways to read
        them the likeliest. Columns that a description lists as `without_habits` have none, but
        help to learn the texture network that the others read. And those networks.
    """
    wordings: list[Wording] = []
    layers: list[TextureLayer] = []
    for description in _photographed(sets.descriptions, scored):
        held = scored[description.name]
        asked = {
            head.key: head
            for head in heads(description, held.samples)
            if overlaps(head) or len(head.rows) >= _MIN_CELLS
        }
        wanted = {head.key for head in _with_habits(description, held)}
        if not wanted & asked.keys():
            continue
        seen = _own_rows(tagger, description, asked.values(), sets.training, boxes)
        if seen is None:
            continue
        taught = [head for head in heads(description, seen.samples) if head.key in asked]
        readings, layer = _learnt(description.name, taught, seen)
        texture = held.texture
        hidden = None if layer is None or texture is None else layer.hidden(texture)
        chosen = (
            _likeliest(wording, asked[wording.key], tagger.scorer, held, hidden)
            for wording in readings
            if wording.key in wanted
        )
        kept = [wording for wording in chosen if wording is not None]
        wordings.extend(kept)
        if layer is not None and any(wording.texture is not None for wording in kept):
            layers.append(layer)
    return tuple(wordings), tuple(layers)


def learn_offsets(
    scorer: Scorer,
    scored: Mapping[str, ScoredSamples],
    descriptions: Sequence[DatasetDescription],
) -> tuple[Offsets, ...]:
    """Learn the leanings of photographs' sources from their validation rows.

    Args:
        scorer: Of the network, with the sources' wordings.
        scored: What it said about the validation samples, by data-set name.
        descriptions: All data sets.
    """
    fitted = []
    for description in _photographed(descriptions, scored):
        samples = scored[description.name]
        for head in _with_habits(description, samples):
            names, probability, truth = source_view(scorer, samples, head, source=description.name)
            fitted.append(fit_offsets(description.name, head.key, probability, truth, names))
    return tuple(offsets for offsets in fitted if offsets is not None)


def _photographed(
    descriptions: Sequence[DatasetDescription], scored: Mapping[str, ScoredSamples]
) -> Iterator[DatasetDescription]:
    return (one for one in descriptions if one.name in scored and one.origin == "real")


def _with_habits(description: DatasetDescription, scored: ScoredSamples) -> Iterator[Head]:
    return (
        head
        for head in heads(description, scored.samples)
        if head.column not in description.without_habits
    )


def _own_rows(
    tagger: Tagger,
    description: DatasetDescription,
    asked: Iterable[Head],
    training: Sequence[Sample],
    boxes: Sequence[PixelBox] | None,
) -> ScoredSamples | None:
    """Score a source's training samples that have a label in a column; None if there are none."""
    prefix, columns = f"{description.name}/", {head.column for head in asked}
    own = [
        at
        for at, sample in enumerate(training)
        if sample.id.startswith(prefix) and columns & sample.source_labels.keys()
    ]
    if not own:
        return None
    return score_samples(
        tagger,
        [training[at] for at in own],
        boxes=[boxes[at] for at in own] if boxes is not None else None,
    )


def _learnt(
    source: str, taught: Sequence[Head], seen: ScoredSamples
) -> tuple[list[Wording], TextureLayer | None]:
    """Learn all readings of a source's columns."""
    words = {
        head.key: [seen.samples[at].source_labels[head.column] for at in head.rows]
        for head in taught
    }
    names = {key: frequent_words(labels) for key, labels in words.items()}
    chosen = [head for head in taught if names[head.key]]
    layer, texts = None, dict.fromkeys(names)
    if chosen and seen.texture is not None:
        places = {head.key: np.full(len(seen.samples), -1, dtype=np.int64) for head in chosen}
        for head in chosen:
            known = names[head.key]
            places[head.key][list(head.rows)] = [
                known.index(word) if word in known else -1 for word in words[head.key]
            ]
        layer, found = fit_texture_words(source, seen.texture, places)
        texts.update(found)
    wordings = [
        Wording(
            source=source,
            key=head.key,
            names=names[head.key],
            embedding=fit_embedding_words(
                seen.embedding[list(head.rows)], words[head.key], names[head.key]
            ),
            texture=texts[head.key],
        )
        for head in chosen
    ]
    return wordings, layer


def _likeliest(
    wording: Wording,
    head: Head,
    scorer: Scorer,
    held: ScoredSamples,
    hidden: NDArray[np.float64] | None,
) -> Wording | None:
    """Choose the way to read the words that suits the validation cells best, or none."""
    names, before, truth = model_view(scorer, held, head)
    rows = list(head.rows)
    parts = None if hidden is None else hidden[rows]
    ways = [wording]
    if wording.texture is not None:
        ways += [replace(wording, texture=None), replace(wording, embedding=None)]
    views = [
        way.joined(before, names, embedding=held.embedding[rows], hidden=parts) for way in ways
    ]
    allowed = [
        at
        for at, after in enumerate(views)
        if is_likelier(before, after, truth)
        and is_no_worse(before, after, truth, names, kept_f1=_KEPT_F1)
    ]
    if not allowed and overlaps(head):
        allowed = list(range(len(ways)))
    if not allowed:
        return None
    return ways[max(allowed, key=lambda at: log_likelihoods(views[at], truth).mean())]
