from __future__ import annotations

import pytest

from ontology.labels import CellLabel, CellState, GarmentLabel
from tagger.card_values import knowledge, sorted_by_source
from tagger.known import MIN_CELLS_OF_LEAF, MIN_EXACT, Taught, taught_by


class _Sample:
    def __init__(self, category, **cells):
        self.label = GarmentLabel(
            categories=frozenset({category}),
            cells={
                name: CellLabel(state=CellState.VALUE, any_of=frozenset({value}))
                for name, value in cells.items()
            },
        )


@pytest.fixture
def taught(lamps):
    """Photographs teach two stands on desk lamps; drawings a shade and a kind of lamp."""
    many = max(MIN_EXACT, MIN_CELLS_OF_LEAF)
    real = [_Sample("desk_lamp", stand="base")] * many
    real += [_Sample("desk_lamp", stand="clamp")] * (MIN_EXACT - 1)
    rendered = [_Sample("lantern", shade="drum")] * many
    rendered += [_Sample("desk_lamp", stand="base")] * many
    return {
        "real": taught_by(real, lamps).to_dict(),
        "rendered": taught_by(rendered, lamps).to_dict(),
    }


def test_each_id_stands_in_one_place():
    found = sorted_by_source("abcd", real=frozenset("ab"), rendered=frozenset("bc"))

    assert (found.real, found.rendered, found.unknown) == (("a", "b"), ("c",), ("d",))


def test_values_are_told_apart_by_what_taught_them_with_the_number_of_labels(taught, lamps):
    lines = list(knowledge(taught, lamps))

    assert "| stand | 1 | base 10 | - | clamp 9, tripod |" in lines
    assert "| shade | 1 | - | drum 10 | cone, globe, pleated |" in lines
    assert "Attributes of which nothing is known: power." in lines
    assert "- From photographs: desk_lamp 19." in lines
    assert "- From drawings only: lantern 10." in lines
    assert "- Not at all: floor_lamp, torch." in lines


def test_all_ids_are_counted_once(taught, lamps):
    lines = list(knowledge(taught, lamps))

    assert "| categories | 4 | 1 | 1 | 2 |" in lines
    assert "| values | 10 | 1 | 1 | 8 |" in lines


def test_a_manifest_without_counts_gives_plain_names(taught, lamps):
    older = {kind: {**plain, "counts": {}} for kind, plain in taught.items()}

    lines = list(knowledge(older, lamps))

    assert "| stand | 1 | base | - | clamp, tripod |" in lines
    assert not any("number after an id" in line for line in lines)


def test_a_value_that_no_category_carries_is_not_known(lamps):
    few = [_Sample(leaf, stand="base") for leaf in ("desk_lamp", "floor_lamp")] * 6
    taught = taught_by(few, lamps)
    homeless = Taught.from_dict({**taught.to_dict(), "carriers": {"stand": []}}).to_dict()
    nothing = taught_by([], lamps).to_dict()

    lines = list(knowledge({"real": homeless, "rendered": nothing}, lamps))

    assert "| values | 10 | 0 | 0 | 10 |" in lines
