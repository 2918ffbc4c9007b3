"""Fit heads from nothing on embeddings, with or without corrupted labels.

Legend: N pictures, C channels.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ontology.labels import CellState, GarmentLabel
from ontology.targets import layout
from tagger.gate_cells import cell_outcomes
from tagger.known import Taught, taught_by
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
    """Give samples in which a share of the labels of some attributes is another legal value.

    Args:
        ontology: Says what is legal.
        samples: N samples.
        attributes: Whose labels are changed.
        share: Of an attribute's labels, 0..1.
        random: Chooses labels and values.
    """
    used = {
        name: sorted({v for sample in samples for v in _named(sample.label, name)})
        for name in attributes
    }
    return [
        replace(sample, label=_corrupted(ontology, sample.label, used, share, random))
        for sample in samples
    ]


def _named(label: GarmentLabel, attribute: AttributeId) -> frozenset[Any]:
    cell = label.cells.get(attribute)
    if cell is None or cell.state is not CellState.VALUE:
        return frozenset()
    return cell.any_of | cell.positives


def _corrupted(
    ontology: Ontology,
    label: GarmentLabel,
    used: dict[Any, list[Any]],
    share: float,
    random: np.random.Generator,
) -> GarmentLabel:
    cells = dict(label.cells)
    for name, values in used.items():
        truth = _named(label, name)
        legal = {v for leaf in label.categories for v in ontology.allowed(leaf, name)}
        others = [value for value in values if value in legal and value not in truth]
        if truth and others and random.random() < share:
            wrong = frozenset({others[int(random.integers(len(others)))]})
            kind = "positives" if cells[name].positives else "any_of"
            cells[name] = replace(cells[name], **{kind: wrong})
    return replace(label, cells=cells)


def fit(
    ontology: Ontology,
    network: ModelConfig,
    samples: Sequence[Sample],
    embeddings: NDArray[np.float32],
    *,
    seed: int,
    steps: int,
) -> Heads:
    """Fit heads that start anew, so that they know nothing of other pictures' labels.

    Args:
        ontology: What the heads answer in.
        network: Shape of the heads.
        samples: N samples to learn.
        embeddings: (N, C).
        seed: Of the start, the order and dropout.
        steps: Optimiser steps.
    """
    import torch

    from tagger.model import AttributeModel

    torch.manual_seed(seed)
    model = AttributeModel(network, layout(ontology)).eval()
    taught = taught_by(samples, ontology)
    data = prepare(
        model,
        ontology,
        garments=samples,
        embeddings=embeddings,
        memory=np.zeros((0, embeddings.shape[1]), dtype=np.float32),
        taught=taught,
    )
    fit_heads(model, data, config=RefitConfig(steps=steps, keep=0.0, pull=0.0, seed=seed))
    return Heads(model=model, taught=taught)


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
