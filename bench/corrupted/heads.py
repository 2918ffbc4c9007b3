"""Fit heads on embeddings, with or without corrupted labels.

Legend: N pictures, C channels.
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.targets import layout
from tagger.gate_cells import cell_outcomes
from tagger.known import Taught
from tagger.refit_heads import RefitConfig, fit_heads, head_logits, prepare
from tagger.scoring import Calibration, Scorer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import AttributeId, Ontology
    from tagger.dataset import Sample
    from tagger.gate_pairs import CellOutcome
    from tagger.model import AttributeModel, ModelConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """Fitted heads and what taught them."""

    model: AttributeModel
    taught: Taught


def corrupt(
    ontology: Ontology,
    samples: Sequence[Sample],
    *,
    attributes: Collection[AttributeId],
    share: float,
    random: np.random.Generator,
) -> list[Sample]:
    """Give samples in which a share of the labels of some attributes is another one.

    Args:
        ontology: Says what is legal.
        samples: N samples.
        attributes: Whose labels are changed.
        share: Of an attribute's labels, 0..1.
        random: Chooses labels and values.
    """
    used = {
        name: list(
            dict.fromkeys(sample.label.cells[name] for sample in samples if _says(sample, name))
        )
        for name in attributes
    }
    return [
        replace(sample, label=_corrupted(ontology, sample, used, share, random))
        for sample in samples
    ]


def _says(sample: Sample, attribute: AttributeId) -> bool:
    cell = sample.label.cells.get(attribute)
    return cell is not None and cell.state is CellState.VALUE and bool(_named(cell))


def _named(cell: CellLabel) -> frozenset[Any]:
    return cell.any_of | cell.positives


def _corrupted(
    ontology: Ontology,
    sample: Sample,
    used: dict[Any, list[CellLabel]],
    share: float,
    random: np.random.Generator,
) -> GarmentLabel:
    """Put another label that occurs in the same vocabulary in place of some."""
    cells = dict(sample.label.cells)
    for name, labels in used.items():
        if not _says(sample, name) or random.random() >= share:
            continue
        own = cells[name]
        legal = {v for leaf in sample.label.categories for v in ontology.allowed(leaf, name)}
        others = [
            label
            for label in labels
            if label.vocabulary == own.vocabulary
            and _named(label) <= legal
            and not _named(label) & _named(own)
        ]
        if others:
            cells[name] = others[int(random.integers(len(others)))]
    return replace(sample.label, cells=cells)


def fit(
    ontology: Ontology,
    start: AttributeModel,
    samples: Sequence[Sample],
    embeddings: NDArray[np.float32],
    *,
    taught: Taught,
    config: RefitConfig,
) -> Heads:
    """Fit a copy of heads, as a fast round does.

    Args:
        ontology: What the heads answer in.
        start: The heads to begin with.
        samples: N samples to learn.
        embeddings: (N, C).
        taught: What may be answered afterwards.
        config: How, and how strongly they are held to what they knew.
    """
    model = copy.deepcopy(start)
    nothing = np.zeros((0, embeddings.shape[1]), dtype=np.float32)
    data = prepare(
        model, ontology, garments=samples, embeddings=embeddings, memory=nothing, taught=taught
    )
    fit_heads(model, data, config=config)
    return Heads(model=model, taught=taught)


def untrained(ontology: Ontology, network: ModelConfig, *, seed: int) -> AttributeModel:
    """Give a network that nothing was taught."""
    import torch

    from tagger.model import AttributeModel

    torch.manual_seed(seed)
    return AttributeModel(network, layout(ontology)).eval()


def answers(
    ontology: Ontology, heads: Heads, samples: Sequence[Sample], embeddings: NDArray[np.float32]
) -> list[CellOutcome]:
    """Answer the gold cells of N samples from their embeddings (N, C)."""
    category, values = head_logits(heads.model, embeddings)
    return cell_outcomes(
        Scorer(ontology, heads.taught, Calibration()),
        samples,
        category_logits=category,
        value_logits=values,
        known=heads.taught,
    )
