"""What hiding does to labels, and what the blanks become."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from bench.missing_labels.labels import (
    blank_means_no,
    given_cells,
    hide_half,
    merge_by_picture,
)
from ontology.labels import CellLabel, CellState, GarmentLabel
from ontology.targets import encode, layout


def _cell(*values: str) -> CellLabel:
    return CellLabel(state=CellState.VALUE, any_of=frozenset(values))


def _label(category: str, **cells: CellLabel) -> GarmentLabel:
    return GarmentLabel(categories=frozenset({category}), cells=cells)


@dataclass(frozen=True)
class Picture:
    image: str
    label: GarmentLabel


def test_half_of_the_given_cells_is_hidden_and_nothing_else_changes():
    unclear = CellLabel(state=CellState.CANNOT_TELL)
    labels = [_label("desk_lamp", shade=_cell("cone"), stand=unclear) for _ in range(40)]

    left = hide_half(labels, np.random.default_rng(3))

    assert given_cells(left, ["shade", "stand"]).sum(axis=0).tolist() == [20, 0]
    assert all(one.categories == {"desk_lamp"} for one in left)
    assert all(one.cells["stand"] == unclear for one in left)


def test_other_seeds_hide_other_cells_and_the_same_seed_the_same():
    labels = [_label("desk_lamp", shade=_cell("cone")) for _ in range(40)]
    first, again, other = (hide_half(labels, np.random.default_rng(n)) for n in (1, 1, 2))

    assert first == again
    assert first != other


def test_blank_means_no_rules_out_the_allowed_values_of_applicable_blanks_only(lamps):
    told = blank_means_no(lamps, _label("desk_lamp", shade=_cell("cone")))
    positions = layout(lamps).positions
    encoded = encode(lamps, told)

    assert encoded.values[positions["shade", "cone"]] == 1
    assert [encoded.values[positions["stand", value]] for value in ("clamp", "base")] == [0, 0]
    assert encoded.values[positions["stand", "tripod"]] == -1  # not for desk lamps
    assert [encoded.values[positions["power", value]] for value in ("mains", "solar")] == [0, 0]
    assert told.cells["shade"] == _cell("cone")


def test_blank_means_no_leaves_attributes_alone_that_do_not_apply(lamps):
    told = blank_means_no(lamps, _label("torch"))

    assert set(told.cells) == {"power"}


def test_cannot_tell_is_a_blank_to_a_plain_trainer(lamps):
    unclear = _label("lantern", shade=CellLabel(state=CellState.CANNOT_TELL))

    told = blank_means_no(lamps, unclear)

    assert told.cells["shade"].negatives == {"cone", "drum", "globe"}


@pytest.mark.parametrize(
    ("later", "categories"),
    [(frozenset({"lantern"}), {"lantern"}), (frozenset({"torch"}), {"torch"})],
)
def test_samples_of_one_picture_become_one_and_the_later_source_counts(later, categories):
    first = _record("a.jpg", {"desk_lamp", "lantern"}, shade=_cell("cone"), power=_cell("mains"))
    second = _record(
        "a.jpg", later, shade=_cell("globe"), power=CellLabel(state=CellState.CANNOT_TELL)
    )
    other = _record("b.jpg", {"torch"})

    merged = merge_by_picture([first, other, second])

    assert [one.image for one in merged] == ["a.jpg", "b.jpg"]
    assert merged[0].label.categories == categories
    assert merged[0].label.cells == {"shade": _cell("globe"), "power": _cell("mains")}


def _record(image, categories, **cells):
    return Picture(image, GarmentLabel(categories=frozenset(categories), cells=cells))
