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

MAX_VALUE_FACTOR = 4.0


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
    value_power: float,
    set_weights: Mapping[str, float],
) -> torch.Tensor:
    """Weigh samples so that small data sets, rare categories and rare values come more often.

    Args:
        samples: N samples; the part of an id before the slash names the data set.
        category_power: Within a set, a category of n samples is drawn like n ** (1 - power).
        set_power: A set of n samples is drawn like n ** (1 - power).
        value_power: Within a set, a sample whose rarest value occurs n times, against m times for
            that attribute's commonest one, is drawn (m / n) ** power times as often, at most
            `MAX_VALUE_FACTOR` times.
        set_weights: Factors on set_power's shares, by name.

    Returns:
        (N,) weights.
    """
    keys = [(sample.id.partition("/")[0], sample.label.categories) for sample in samples]
    cells, sizes = Counter(keys), Counter(name for name, _ in keys)
    plain = [
        cells[key] ** -category_power * factor
        for key, factor in zip(keys, _value_factors(samples, value_power), strict=True)
    ]
    totals: dict[str, float] = {}
    for (name, _), share in zip(keys, plain, strict=True):
        totals[name] = totals.get(name, 0.0) + share
    wanted = {
        name: size ** (1 - set_power) * set_weights.get(name, 1.0) for name, size in sizes.items()
    }
    weights = [
        share * wanted[name] / totals[name] for (name, _), share in zip(keys, plain, strict=True)
    ]
    return torch.tensor(weights, dtype=torch.float64)


def _value_factors(samples: Sequence[Sample], power: float) -> list[float]:
    """Give each sample the factor of its rarest label, counted within its data set."""
    labels = [
        [
            (sample.id.partition("/")[0], attribute, cell.any_of or cell.positives)
            for attribute, cell in sample.label.cells.items()
            if cell.state is CellState.VALUE
        ]
        for sample in samples
    ]
    counts = Counter(label for own in labels for label in own)
    commonest: dict[tuple[str, str], int] = {}
    for (name, attribute, _), count in counts.items():
        commonest[name, attribute] = max(commonest.get((name, attribute), 0), count)
    return [
        min(
            MAX_VALUE_FACTOR,
            max(((commonest[own[:2]] / counts[own]) ** power for own in labels_), default=1.0),
        )
        for labels_ in labels
    ]
