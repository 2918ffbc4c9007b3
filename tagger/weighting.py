"""How much each attribute weighs in the loss, and how often each sample is drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import torch

from ontology.labels import CellState
from ontology.targets import layout
from tagger.loss import LossWeights

if TYPE_CHECKING:
    from ontology.model import Ontology
    from tagger.dataset import Sample
    from tagger.loss import TargetBatch


def count_weights(
    ontology: Ontology, samples: Sequence[Sample], targets: TargetBatch, *, rarity: float
) -> LossWeights:
    """Count labelled and not-applicable cells of the training set for the loss."""
    attributes = list(layout(ontology).slices)
    labelled = torch.tensor(
        [
            sum(
                name in sample.label.cells and sample.label.cells[name].state is CellState.VALUE
                for sample in samples
            )
            for name in attributes
        ]
    )
    return LossWeights.from_counts(
        labelled,
        targets.not_applicable.sum(dim=0),
        num_samples=len(samples),
        rarity=rarity,
        category=2.0,
    )


def draw_weights(
    samples: Sequence[Sample],
    *,
    category_power: float,
    set_power: float,
    set_weights: Mapping[str, float],
) -> torch.Tensor:
    """Weigh samples so that small data sets and rare categories are drawn more often.

    Args:
        samples: N samples; the part of an id before the slash names the data set.
        category_power: Within a set, a category of n samples is drawn like n ** (1 - power).
        set_power: A set of n samples is drawn like n ** (1 - power).
        set_weights: Factors on that, by name.

    Returns:
        (N,) weights.
    """
    keys = [(sample.id.partition("/")[0], sample.label.categories) for sample in samples]
    cells, sizes = Counter(keys), Counter(name for name, _ in keys)
    plain = {key: count ** (1 - category_power) for key, count in cells.items()}
    totals: dict[str, float] = {}
    for (name, _), share in plain.items():
        totals[name] = totals.get(name, 0.0) + share
    wanted = {
        name: size ** (1 - set_power) * set_weights.get(name, 1.0) for name, size in sizes.items()
    }
    weights = [plain[key] / cells[key] * wanted[key[0]] / totals[key[0]] for key in keys]
    return torch.tensor(weights, dtype=torch.float64)
