"""Learn how each source of photographs words what it sees, and which words it prefers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from tagger.evaluate import model_view, source_view
from tagger.heads import Head, heads
from tagger.metrics import is_likelier
from tagger.offsets import MIN_CELLS, Offsets, fit_offsets
from tagger.scored import ScoredSamples, score_samples
from tagger.wording import Wording, fit_wording, overlaps

if TYPE_CHECKING:
    from tagger.boxes import PixelBox
    from tagger.data_sets import DataSets
    from tagger.dataset import DatasetDescription
    from tagger.pipeline import Tagger
    from tagger.scoring import Scorer

__all__ = ["learn_offsets", "learn_wordings"]


def learn_wordings(
    tagger: Tagger,
    scored: Mapping[str, ScoredSamples],
    sets: DataSets,
    *,
    boxes: Sequence[PixelBox] | None = None,
) -> tuple[Wording, ...]:
    """Learn the words of photographs' sources from their training rows.

    Args:
        tagger: A calibrated network.
        scored: What it said about the validation samples, by data-set name.
        sets: All samples.
        boxes: One box a training sample where they are known already, else they are found.

    Returns:
        Wordings of columns whose labels overlap, and of those with at least
        `tagger.offsets.MIN_CELLS` validation cells where they raise the mean log likelihood by
        more than its standard error and do not lower accuracy.
    """
    wordings: list[Wording] = []
    for description in _photographed(sets.descriptions, scored):
        held = scored[description.name]
        asked = {
            head.key: head
            for head in heads(description, held.samples)
            if overlaps(head) or len(head.rows) >= MIN_CELLS
        }
        prefix, columns = f"{description.name}/", {head.column for head in asked.values()}
        own = [
            at
            for at, sample in enumerate(sets.training)
            if sample.id.startswith(prefix) and columns & sample.source_labels.keys()
        ]
        if not own:
            continue
        seen = score_samples(
            tagger,
            [sets.training[at] for at in own],
            boxes=[boxes[at] for at in own] if boxes is not None else None,
        )
        for taught in heads(description, seen.samples):
            if taught.key not in asked:
                continue
            wording = _learnt(description.name, taught, seen)
            if wording is not None and _is_kept(wording, asked[taught.key], tagger.scorer, held):
                wordings.append(wording)
    return tuple(wordings)


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
        for head in heads(description, samples.samples):
            names, probability, truth = source_view(scorer, samples, head, source=description.name)
            fitted.append(fit_offsets(description.name, head.key, probability, truth, names))
    return tuple(offsets for offsets in fitted if offsets is not None)


def _photographed(
    descriptions: Sequence[DatasetDescription], scored: Mapping[str, ScoredSamples]
) -> Iterator[DatasetDescription]:
    return (one for one in descriptions if one.name in scored and one.origin == "real")


def _learnt(source: str, head: Head, seen: ScoredSamples) -> Wording | None:
    rows = list(head.rows)
    words = [seen.samples[at].source_labels[head.column] for at in rows]
    return fit_wording(source, head.key, seen.embedding[rows], words)


def _is_kept(wording: Wording, head: Head, scorer: Scorer, held: ScoredSamples) -> bool:
    if overlaps(head):
        return True
    names, before, truth = model_view(scorer, held, head)
    after = wording.joined(before, held.embedding[list(head.rows)], names)
    old, new = ((view.argmax(axis=1) == truth).mean() for view in (before, after))
    return bool(new >= old) and is_likelier(before, after, truth)
