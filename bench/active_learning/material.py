"""The pool, the test pictures and their labels, as arrays.

The embeddings are those of a network that never saw a label of the pool (ImageNet's weights,
frozen), as in a shop that the model is new to. The shipped version was trained on this very pool;
its embeddings would hold what the simulation pretends not to know.

Legend: N pool pictures, M test pictures, C channels after projection.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tagger.dataset import Sample

CHANNELS = 128
MIN_TEST_CELLS = 100
MIN_TEST_PICTURES = 5
_DATA = "myntra"
# The pictures of these two are the same, and embedded once for both studies.
_EMBEDDED = ("myntra", "myntra-by-eye")
_OFFSET = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """One question: the category or an attribute.

    Attributes:
        names: Source labels.
        pool: (N,) position of each pool picture's label, -1 where missing.
        test: (M,) likewise.
        counted: Positions of the labels that the macro-F1 is over.
    """

    names: tuple[str, ...]
    pool: NDArray[np.int64]
    test: NDArray[np.int64]
    counted: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """What every strategy works on.

    Attributes:
        pool: (N, C) projected embeddings with mean squared length 1.
        test: (M, C) likewise.
        heads: By column name.
    """

    pool: NDArray[np.float32]
    test: NDArray[np.float32]
    heads: Mapping[str, Head]


def load_material(cache: Path, *, say: Callable[[str], None]) -> Material:
    """Read the data set, embed its pictures or take kept embeddings, and project them."""
    from bench.missing_labels.embeddings import embed
    from bench.missing_labels.labels import merge_by_picture
    from ontology.load import default_ontology_path, load_ontology
    from tagger.data_sets import load_data
    from tagger.dataset import shipped_descriptions

    ontology = load_ontology(default_ontology_path())
    sets = load_data([shipped_descriptions()[name] for name in _EMBEDDED], ontology)
    pool = [sample for sample in sets.training if sample.id.startswith(f"{_DATA}/")]
    test = list(sets.validation[_DATA])
    pictures = [
        *merge_by_picture(sets.training),
        *merge_by_picture([s for held in sets.validation.values() for s in held]),
    ]
    embeddings = embed(pictures, folder=cache, say=say)
    at = {sample.image: n for n, sample in enumerate(pictures)}
    inputs = project(
        embeddings[[at[sample.image] for sample in pool]],
        embeddings[[at[sample.image] for sample in test]],
        channels=CHANNELS,
    )
    return Material(pool=inputs[0], test=inputs[1], heads=read_heads(pool, test))


def project(
    pool: NDArray[np.floating], test: NDArray[np.floating], *, channels: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Project onto the pool's first principal axes; no label is looked at."""
    mean = pool.mean(axis=0, dtype=np.float64)
    centred = pool.astype(np.float64) - mean
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :channels]
    first, second = centred @ axes, (test - mean) @ axes
    scale = float(np.sqrt((first**2).sum(axis=1).mean()))
    return (first / scale).astype(np.float32), (second / scale).astype(np.float32)


def with_offset(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Append a constant channel, so that a linear head has an offset (N, C + 1)."""
    return np.c_[inputs, np.full(len(inputs), _OFFSET, dtype=np.float32)]


def read_heads(pool: Sequence[Sample], test: Sequence[Sample]) -> dict[str, Head]:
    """Read every column with at least `MIN_TEST_CELLS` labelled test pictures."""
    columns = Counter(name for sample in test for name in sample.source_labels)
    heads = {}
    for column in sorted(name for name, count in columns.items() if count >= MIN_TEST_CELLS):
        names = sorted(
            {s.source_labels[column] for s in (*pool, *test) if column in s.source_labels}
        )
        at = {name: n for n, name in enumerate(names)}
        asked, told = (
            np.array([at.get(s.source_labels.get(column, ""), -1) for s in part], dtype=np.int64)
            for part in (test, pool)
        )
        counts = np.bincount(asked[asked >= 0], minlength=len(names))
        heads[column] = Head(
            names=tuple(names),
            pool=told,
            test=asked,
            counted=np.flatnonzero(counts >= MIN_TEST_PICTURES),
        )
    return heads
