"""Validation photographs as the shipped version answers them, cell by cell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.missing_labels.labels import merge_by_picture
from tagger.dataset import load_description, load_samples, shipped_descriptions
from tagger.promise_cells import promise_cells
from tagger.scored import ScoredSamples, score_samples

if TYPE_CHECKING:
    from tagger.dataset import Sample
    from tagger.pipeline import Tagger
    from tagger.promise import PromiseCell

__all__ = ["STREAMS", "Stream", "load_streams"]

STREAMS: Mapping[str, tuple[str, ...]] = {
    "catalog": ("myntra", "myntra-by-eye"),
    "amateur": ("clothing-small",),
    "street": ("ccp",),
}
"""Data sets by the kind of their pictures; sets of one kind share pictures, which count once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Pictures of one kind.

    Attributes:
        data: Names of the data sets.
        num_pictures: Validation pictures.
        cells: Their labelled cells.
    """

    data: tuple[str, ...]
    num_pictures: int
    cells: tuple[PromiseCell, ...]


def load_streams(
    tagger: Tagger, *, cache: Path, say: Callable[[str], None] = lambda _: None
) -> dict[str, Stream]:
    """Score the validation splits, or take what an earlier run scored.

    Args:
        tagger: The version.
        cache: Folder of raw outputs, by version and data set.
        say: Called with a line now and then.
    """
    streams = {}
    for name, sets in STREAMS.items():
        parts = [_validation(one, tagger) for one in sets]
        scored = _scored(tagger, parts[0], cache / f"{tagger.version}-{sets[0]}.npz", say)
        samples = _with_labels_of(scored.samples, [one for part in parts for one in part])
        merged = replace(scored, samples=samples)
        streams[name] = Stream(
            data=sets,
            num_pictures=len({sample.image for sample in samples}),
            cells=tuple(promise_cells(tagger.scorer, merged, tagger.real)),
        )
    return streams


def _validation(name: str, tagger: Tagger) -> list[Sample]:
    description = load_description(shipped_descriptions()[name])
    return load_samples(description, ontology=tagger.ontology, split="validation")


def _with_labels_of(samples: Sequence[Sample], more: Sequence[Sample]) -> tuple[Sample, ...]:
    """Give samples all labels of their picture; street pictures have several garments each."""
    if len({sample.image for sample in samples}) < len(samples):
        return tuple(samples)
    merged = {sample.image: sample for sample in merge_by_picture(more)}
    return tuple(merged[sample.image] for sample in samples)


def _scored(
    tagger: Tagger, samples: Sequence[Sample], path: Path, say: Callable[[str], None]
) -> ScoredSamples:
    if not path.is_file():
        say(f"scoring {len(samples)} samples")
        found = score_samples(tagger, samples)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            ids=[sample.id for sample in found.samples],
            category=found.category_logits,
            values=found.value_logits,
            street=found.seen_in_street(),
        )
    with np.load(path) as stored:
        by_id = {sample.id: sample for sample in samples}
        return ScoredSamples(
            samples=tuple(by_id[name] for name in stored["ids"].tolist()),
            category_logits=stored["category"],
            value_logits=stored["values"],
            embedding=np.zeros((len(stored["ids"]), 0), dtype=np.float32),
            street=stored["street"],
        )
