"""What a trainer is told when half of the labels are hidden, and what it makes of the blanks.

All arms share the encoding and the loss; they differ in what stands in the blank cells.

Legend: N samples, A attributes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from ontology.labels import CellLabel, CellState, GarmentLabel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ontology.model import AttributeId, CategoryId, Ontology, ValueId
    from tagger.dataset import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One way to train.

    Attributes:
        name: As printed.
        is_hidden: Whether the random half of the cells is hidden.
        blank_weight: None leaves blank cells out of the loss; a number makes every value of a
            blank cell a "no" of that weight.
    """

    name: str
    is_hidden: bool
    blank_weight: float | None


FOUR_STATE = Arm(name="four-state", is_hidden=True, blank_weight=None)
BLANK_IS_NO = Arm(name="blank means no", is_hidden=True, blank_weight=1.0)
WEAK_NO = Arm(name="blank means no, weight 0.1", is_hidden=True, blank_weight=0.1)
NOTHING_HIDDEN = Arm(name="four-state, nothing hidden", is_hidden=False, blank_weight=None)
ARMS = (FOUR_STATE, BLANK_IS_NO, WEAK_NO, NOTHING_HIDDEN)


def merge_by_picture(samples: Sequence[Sample]) -> list[Sample]:
    """Make one sample of all samples of a picture, in order of first appearance.

    Trainers have one row a product. Of two sources that answer the same cell, the later one
    counts; what the product may be is what all sources allow, or the later source's answer where
    they contradict each other.
    """
    merged: dict[object, Sample] = {}
    for sample in samples:
        earlier = merged.get(sample.image)
        merged[sample.image] = (
            sample
            if earlier is None
            else replace(earlier, label=_merge(earlier.label, sample.label))
        )
    return list(merged.values())


def _merge(earlier: GarmentLabel, later: GarmentLabel) -> GarmentLabel:
    both = earlier.categories & later.categories
    given = {
        name: cell
        for name, cell in later.cells.items()
        if name not in earlier.cells or cell.state is CellState.VALUE
    }
    return replace(
        earlier,
        categories=both or later.categories or earlier.categories,
        cells={**earlier.cells, **given},
    )


def hide_half(labels: Sequence[GarmentLabel], random: np.random.Generator) -> list[GarmentLabel]:
    """Give the labels without a random half of all cells that hold values; categories stay."""
    given = [
        (at, name)
        for at, label in enumerate(labels)
        for name, cell in sorted(label.cells.items())
        if cell.state is CellState.VALUE
    ]
    picked = random.permutation(len(given))[: len(given) // 2]
    hidden = {given[at] for at in picked}
    return [
        replace(
            label,
            cells={name: cell for name, cell in label.cells.items() if (at, name) not in hidden},
        )
        for at, label in enumerate(labels)
    ]


def blank_means_no(ontology: Ontology, label: GarmentLabel) -> GarmentLabel:
    """Rule out every value of each applicable cell without a value, as a plain trainer does.

    Args:
        ontology: Says which attributes apply and which values are allowed.
        label: What is known.
    """
    cells = dict(label.cells)
    for name, allowed in _allowed(ontology, label.categories).items():
        if name not in cells or cells[name].state is not CellState.VALUE:
            cells[name] = CellLabel(state=CellState.VALUE, negatives=allowed)
    return replace(label, cells=cells)


@lru_cache(maxsize=1024)
def _allowed(
    ontology: Ontology, categories: frozenset[CategoryId]
) -> dict[AttributeId, frozenset[ValueId]]:
    """Give the values that some of the categories allow, for each attribute with any."""
    by_attribute = {
        attribute.id: frozenset(
            value for category in categories for value in ontology.allowed(category, attribute.id)
        )
        for attribute in ontology.attributes
    }
    return {name: values for name, values in by_attribute.items() if values}


def given_cells(
    labels: Sequence[GarmentLabel], attributes: Sequence[AttributeId]
) -> NDArray[np.bool_]:
    """Tell which cells hold values, (N, A)."""
    return np.array(
        [
            [
                name in label.cells and label.cells[name].state is CellState.VALUE
                for name in attributes
            ]
            for label in labels
        ],
        dtype=bool,
    ).reshape(len(labels), len(attributes))
