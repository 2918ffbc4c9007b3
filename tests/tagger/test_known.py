from __future__ import annotations

from types import SimpleNamespace

from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.known import MIN_BY_ELIMINATION, MIN_EXACT, Taught, taught_by


def _samples(count, *, categories=(), **cells):
    label = GarmentLabel(
        categories=frozenset(categories),
        cells={
            name: CellLabel(state=CellState.VALUE, any_of=frozenset(values))
            for name, values in cells.items()
        },
    )
    return [SimpleNamespace(label=label)] * count


def test_a_value_needs_enough_labels_that_name_it_alone():
    taught = taught_by(
        [*_samples(MIN_EXACT, colour=["red"]), *_samples(MIN_EXACT - 1, colour=["blue"])]
    )

    assert taught.values["colour"] == {"red"}
    assert taught.mentioned["colour"] == {"red", "blue"}


def test_a_set_teaches_its_last_unknown_member():
    taught = taught_by(
        [
            *_samples(MIN_EXACT, categories=["sofa"]),
            *_samples(MIN_BY_ELIMINATION, categories=["sofa", "bench"]),
        ]
    )

    assert taught.categories == {"sofa", "bench"}


def test_a_set_with_two_unknown_members_teaches_neither():
    taught = taught_by(_samples(500, categories=["sofa", "bench"]))

    assert taught.categories == frozenset()
    assert taught.mentioned_categories == {"sofa", "bench"}


def test_taught_survives_a_round_trip_and_unites():
    red, blue = (taught_by(_samples(9, colour=[value])) for value in ("red", "blue"))

    assert Taught.from_dict(red.to_dict()) == red
    assert red.united(blue).values["colour"] == {"red", "blue"}
