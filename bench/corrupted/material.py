"""Labelled catalog photographs with embeddings of the shipped version.

Legend: N pictures, C channels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ontology.labels import GarmentLabel
from tagger.data_sets import load_data
from tagger.dataset import shipped_descriptions
from tagger.found_boxes import find_boxes
from tagger.scored import score_samples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import Ontology
    from tagger.dataset import Sample
    from tagger.pipeline import Tagger

_CHUNK = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Pictures that were labelled by sellers and by eye.

    Attributes:
        samples: N, one a picture, with the labels of both sets.
        embeddings: (N, C), from the shipped version.
    """

    samples: tuple[Sample, ...]
    embeddings: NDArray[np.float32]


def load_material(
    tagger: Tagger,
    *,
    data: tuple[str, str],
    cache: Path,
    boxes: Path,
    say: Callable[[str], None] = lambda _: None,
) -> Material:
    """Load labels and embed each picture once.

    Args:
        tagger: The version that embeds.
        data: Names of two sets of the same pictures; where both speak, the second one counts.
        cache: Folder that keeps embeddings between runs, chunk by chunk.
        boxes: File that keeps the garments' boxes.
        say: Called with a line now and then.
    """
    samples = united_samples(tagger.ontology, data)
    say(f"finding garments in {len(samples)} pictures")
    found = find_boxes(samples, cache=boxes, workers=1)
    parts = []
    for start in range(0, len(samples), _CHUNK):
        chunk = samples[start : start + _CHUNK]
        mark = _mark(tagger.version, chunk)
        path = cache / f"{tagger.version}-{mark}.npy"
        if not path.exists():
            scored = score_samples(tagger, chunk, boxes=found[start : start + _CHUNK])
            if scored.unreadable:
                raise ValueError(f"pictures cannot be read: {scored.unreadable[:3]}")
            cache.mkdir(parents=True, exist_ok=True)
            np.save(path, scored.embedding.astype(np.float16))
            say(f"embedded {start + len(chunk)} of {len(samples)} pictures")
        parts.append(np.load(path))
    return Material(samples=samples, embeddings=np.concatenate(parts).astype(np.float32))


def united_samples(ontology: Ontology, data: tuple[str, str]) -> tuple[Sample, ...]:
    """Give the pictures that both sets have, with the labels of both; the second one's count."""
    sets = load_data([shipped_descriptions()[name] for name in data], ontology)
    samples = [*sets.training, *(one for held in sets.validation.values() for one in held)]
    first, second = (f"{name}/" for name in data)
    others = {one.image: one for one in samples if one.id.startswith(second)}
    return tuple(
        replace(one, label=_united(one.label, others[one.image].label))
        for one in sorted(samples, key=lambda one: one.id)
        if one.id.startswith(first) and one.image in others
    )


def _united(first: GarmentLabel, second: GarmentLabel) -> GarmentLabel:
    return GarmentLabel(
        categories=second.categories or first.categories,
        category_vocabulary=second.category_vocabulary,
        cells={**first.cells, **second.cells},
    )


def _mark(version: str, samples: Sequence[Sample]) -> str:
    text = "\n".join([version, *(str(sample.image) for sample in samples)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]
