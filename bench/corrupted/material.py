"""Labelled catalog photographs with embeddings of a fixed encoder.

*frozen* is the ImageNet backbone of the study of missing labels: it never saw a label. *shipped* is
the shipped version's encoder, which was taught most of these labels: in its embeddings values lie
so far apart that wrong labels do heads less harm than they would on new pictures.

Legend: N pictures, C channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bench.missing_labels.embeddings import embed
from bench.missing_labels.study import merge_by_picture
from tagger.evaluate import score_samples
from tagger.found_boxes import find_boxes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.data_sets import DataSets
    from tagger.dataset import Sample
    from tagger.pipeline import Tagger

_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Pictures that were labelled twice over.

    Attributes:
        samples: N, one a picture, with the labels of both sets.
        embeddings: (N, C).
    """

    samples: tuple[Sample, ...]
    embeddings: NDArray[np.float32]


def frozen_material(
    sets: DataSets, *, folder: Path, say: Callable[[str], None] = lambda _: None
) -> Material:
    """Embed with the ImageNet backbone; the study's cache in `folder` is used and filled."""
    held = [sample for samples in sets.validation.values() for sample in samples]
    pictures = [*merge_by_picture(sets.training), *merge_by_picture(held)]
    found = embed(pictures, folder=folder, say=say)
    found = (found - found.mean(axis=0)) / np.maximum(found.std(axis=0), 1e-3)
    places = {sample.image: at for at, sample in enumerate(pictures)}
    samples = united_samples(sets)
    return Material(samples=samples, embeddings=found[[places[sample.image] for sample in samples]])


def shipped_material(
    tagger: Tagger,
    sets: DataSets,
    *,
    folder: Path,
    boxes: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Material:
    """Embed with a version, chunk by chunk, so that a run that was stopped goes on.

    Args:
        tagger: The version.
        sets: Two sets of the same pictures.
        folder: Keeps embeddings between runs.
        boxes: File that keeps the garments' boxes.
        say: Called with a line now and then.
    """
    samples = united_samples(sets)
    found = find_boxes(samples, cache=boxes, workers=1)
    parts = []
    for start in range(0, len(samples), _CHUNK):
        chunk = samples[start : start + _CHUNK]
        path = folder / f"{tagger.version}-{_mark(tagger.version, chunk)}.npy"
        if not path.exists():
            scored = score_samples(tagger, chunk, boxes=found[start : start + _CHUNK])
            if scored.unreadable:
                raise ValueError(f"pictures cannot be read: {scored.unreadable[:3]}")
            np.save(path, scored.embedding.astype(np.float16))
            say(f"embedded {start + len(chunk)} of {len(samples)} pictures")
        parts.append(np.load(path))
    return Material(samples=samples, embeddings=np.concatenate(parts).astype(np.float32))


def united_samples(sets: DataSets) -> tuple[Sample, ...]:
    """Give the pictures that all sets have; where several label a cell, the last one counts.

    Cells that leave several values open are left out: annotators name one, and what heads make of
    the others is chance.
    """
    samples = [*sets.training, *(one for held in sets.validation.values() for one in held)]
    shared = set.intersection(
        *(
            {one.image for one in samples if one.id.startswith(f"{description.name}/")}
            for description in sets.descriptions
        )
    )
    merged = merge_by_picture([one for one in samples if one.image in shared])
    return tuple(_exact(one) for one in sorted(merged, key=lambda one: one.id))


def _exact(sample: Sample) -> Sample:
    cells = {name: cell for name, cell in sample.label.cells.items() if len(cell.any_of) < 2}
    return replace(sample, label=replace(sample.label, cells=cells))


def _mark(version: str, samples: Sequence[Sample]) -> str:
    text = "\n".join([version, *(str(sample.image) for sample in samples)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
