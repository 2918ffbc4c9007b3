from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.known import (
    MIN_CELLS_OF_LEAF,
    MIN_CELLS_OF_SIBLINGS,
    MIN_EXACT,
    Taught,
    also_taught,
    taught_by,
)


@pytest.fixture
def taught(lamps):
    return lambda samples: taught_by(samples, lamps)


def _samples(count, *, categories=(), **cells):
    label = GarmentLabel(
        categories=frozenset(categories),
        cells={
            name: CellLabel(state=CellState.VALUE, any_of=frozenset(values))
            for name, values in cells.items()
        },
    )
    return [SimpleNamespace(label=label)] * count


def test_a_value_needs_enough_labels_that_name_it_alone(taught):
    found = taught(
        [*_samples(MIN_EXACT, colour=["red"]), *_samples(MIN_EXACT - 1, colour=["blue"])]
    )

    assert found.values["colour"] == {"red"}
    assert found.mentioned["colour"] == {"red", "blue"}


def test_a_set_teaches_none_of_its_members_even_if_the_others_are_known(taught):
    found = taught(
        [
            *_samples(MIN_EXACT, categories=["desk_lamp"]),
            *_samples(500, categories=["desk_lamp", "lantern"]),
        ]
    )

    assert found.categories == {"desk_lamp"}
    assert found.mentioned_categories == {"desk_lamp", "lantern"}


def test_taught_survives_a_round_trip_and_unites(taught):
    red, blue = (taught(_samples(MIN_EXACT, colour=[value])) for value in ("red", "blue"))

    assert Taught.from_dict(red.to_dict()) == red
    assert red.united(blue).values["colour"] == {"red", "blue"}


def test_an_attribute_is_answered_only_where_it_was_labelled(taught):
    few = MIN_CELLS_OF_LEAF - 1

    found = taught(
        [
            *_samples(MIN_CELLS_OF_LEAF, categories=["desk_lamp"], stand=["base"]),
            *_samples(few, categories=["floor_lamp"], stand=["base"]),
        ]
    )

    assert found.answerable("desk_lamp") == {"stand": {"base"}}
    assert found.answerable("floor_lamp") == {}


def test_siblings_with_many_labels_speak_for_each_other(taught):
    found = taught(_samples(MIN_CELLS_OF_SIBLINGS, categories=["desk_lamp"], stand=["base"]))

    assert found.answerable("torch") == {"stand": {"base"}}


def test_a_new_leaf_is_answered_what_all_its_siblings_that_have_it_are(taught, lamps):
    before = taught(
        [
            *_samples(MIN_EXACT, categories=["desk_lamp"], shade=["drum"], power=["mains"]),
            *_samples(MIN_EXACT, categories=["torch"], power=["mains"]),
        ]
    )
    only_one_of_two = replace(before, carriers={**before.carriers, "power": {"torch"}})
    corrections = taught(_samples(MIN_EXACT, categories=["lantern"]))

    known = also_taught(before, corrections, lamps)

    assert known.answerable("lantern") == {"shade": {"drum"}, "power": {"mains"}}
    known = also_taught(only_one_of_two, corrections, lamps)
    assert known.answerable("lantern") == {"shade": {"drum"}}
    assert "torch" not in known.carriers["shade"]


def test_labels_that_name_an_id_alone_are_counted_even_where_they_are_too_few(taught):
    found = taught(
        [
            *_samples(3, categories=["desk_lamp"], stand=["base"]),
            *_samples(2, categories=["desk_lamp", "lantern"], stand=["base", "clamp"]),
        ]
    )

    assert found.counts == {"category": {"desk_lamp": 3}, "stand": {"base": 3}}
    assert found.united(found).counts["stand"] == {"base": 6}


def test_a_manifest_that_was_written_without_counts_is_read(taught):
    plain = taught(_samples(MIN_EXACT, stand=["base"])).to_dict()
    del plain["counts"]

    assert Taught.from_dict(plain).counts == {}
    assert Taught.from_dict(plain).values == {"stand": {"base"}}
