"""Labels become targets without mixing up the four states."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology import (
    AttributeKind,
    CellLabel,
    CellState,
    GarmentLabel,
    OntologyError,
    UnknownIdError,
    decode_targets,
    encode,
    layout,
    load_ontology,
    parse_ontology,
)
from tests.ontology.strategies import labels, ontologies

FURNITURE = load_ontology(Path(__file__).parents[1] / "fixtures" / "furniture.yaml")
TINY = "{format: 1, id: t, version: '1', label: T, categories: [{id: a, label: A}], attributes: []}"
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def cell(*, state=CellState.VALUE, weight=1.0, looked_at=False, vocabulary=None, **sets):
    return CellLabel(
        state=state,
        weight=weight,
        looked_at=looked_at,
        vocabulary=None if vocabulary is None else frozenset(vocabulary),
        **{name: frozenset(values) for name, values in sets.items()},
    )


def encoded(attribute, given_cell, categories=("sofa",)):
    """Return the state, the targets and the set flags of one attribute by value."""
    cells = {} if given_cell is None else {attribute: given_cell}
    label = GarmentLabel(categories=frozenset(categories), cells=cells)
    targets = encode(FURNITURE, label)
    where = layout(FURNITURE).slices[attribute]
    ids = [value.id for value in FURNITURE.attribute(attribute).values]
    values = dict(zip(ids, targets.values[where], strict=True))
    flagged = [i for i, flag in zip(ids, targets.any_of[where], strict=True) if flag]
    return targets.states[attribute], values, flagged


def test_layout_covers_every_leaf_and_value_once_in_file_order():
    heads = layout(FURNITURE)
    assert heads.categories == FURNITURE.leaves
    assert len(set(heads.values)) == len(heads.values)
    for attribute in FURNITURE.attributes:
        ids = [(attribute.id, value.id) for value in attribute.values]
        assert list(heads.values[heads.slices[attribute.id]]) == ids
    assert all(heads.values[position] == entry for entry, position in heads.positions.items())


def test_exact_value_rules_out_the_other_allowed_values_only():
    state, values, flagged = encoded("legs", cell(any_of={"sled"}))
    assert state is CellState.VALUE
    assert values == {
        "sled": 1,
        "four": 0,
        "legless": 0,
        # not allowed for a sofa, so the label says nothing about them
        "three": -1,
        "pedestal": -1,
        "swivel": -1,
    }
    assert flagged == []


def test_absence_means_no_only_inside_the_vocabulary():
    _, values, _ = encoded("legs", cell(any_of={"sled"}, vocabulary={"sled", "four"}))
    assert (values["sled"], values["four"], values["legless"]) == (1, 0, -1)


def test_set_label_flags_its_members_and_rules_out_the_rest():
    state, values, flagged = encoded("legs", cell(any_of={"sled", "four"}))
    assert state is CellState.VALUE
    assert flagged == ["four", "sled"]
    assert (values["sled"], values["four"], values["legless"]) == (-1, -1, 0)


def test_set_label_shrinks_to_what_the_category_allows():
    _, values, flagged = encoded("legs", cell(any_of={"sled", "pedestal", "three"}))
    assert (values["sled"], values["four"], flagged) == (1, 0, [])


def test_removed_value_is_negative_and_the_rest_missing():
    state, values, _ = encoded("legs", cell(negatives={"sled"}))
    assert state is CellState.VALUE
    assert values["sled"] == 0
    assert set(values.values()) == {0, -1}
    assert list(values.values()).count(0) == 1


@pytest.mark.parametrize(
    ("looked_at", "white"),
    [(True, 0), (False, -1)],  # a seller's form ticks what it knows; absence says nothing
)
def test_what_was_not_chosen_of_many_is_absent_only_if_somebody_looked(looked_at, white):
    _, values, _ = encoded("colour", cell(positives={"red", "blue"}, looked_at=looked_at))
    assert (values["red"], values["blue"], values["white"]) == (1, 1, white)


def test_looking_and_choosing_none_of_many_rules_all_out():
    state, values, _ = encoded("cushions", cell(looked_at=True))
    assert state is CellState.VALUE
    assert set(values.values()) == {0}


@pytest.mark.parametrize(
    ("attribute", "given_cell", "state"),
    [
        ("legs", None, CellState.MISSING),
        ("legs", cell(), CellState.MISSING),
        ("legs", cell(state=CellState.MISSING), CellState.MISSING),
        ("legs", cell(state=CellState.CANNOT_TELL), CellState.CANNOT_TELL),
        ("colour", cell(state=CellState.CANNOT_TELL, looked_at=True), CellState.CANNOT_TELL),
        # the ontology says that a sofa has legs, whatever the source says
        ("legs", cell(state=CellState.NOT_APPLICABLE), CellState.MISSING),
        ("legs", cell(any_of={"pedestal"}), CellState.MISSING),  # not allowed for a sofa
    ],
)
def test_cells_that_teach_nothing_are_all_unknown(attribute, given_cell, state):
    found, values, flagged = encoded(attribute, given_cell)
    assert found is state
    assert set(values.values()) == {-1}
    assert flagged == []


@pytest.mark.parametrize(
    "given_cell", [None, cell(any_of={"drum"}), cell(state=CellState.CANNOT_TELL)]
)
def test_attribute_that_the_category_lacks_is_not_applicable(given_cell):
    found, values, _ = encoded("shade", given_cell)
    assert found is CellState.NOT_APPLICABLE
    assert set(values.values()) == {0}


def test_not_applicable_needs_every_possible_category_to_lack_the_attribute():
    assert encoded("shade", None, ("sofa", "desk"))[0] is CellState.NOT_APPLICABLE
    assert encoded("shade", None, ("sofa", "pendant"))[0] is CellState.MISSING
    assert encoded("shade", None, ())[0] is CellState.MISSING


def test_category_targets_say_which_leaves_it_may_be():
    label = GarmentLabel(
        categories=frozenset({"sofa", "desk"}), category_vocabulary=frozenset({"sofa", "desk"})
    )
    targets = encode(FURNITURE, label)
    by_leaf = dict(zip(FURNITURE.leaves, targets.category, strict=True))
    assert {leaf for leaf, target in by_leaf.items() if target == 1} == {"sofa", "desk"}
    assert set(targets.category) == {0, 1}
    assert set(encode(FURNITURE, GarmentLabel()).category) == {-1}


def test_weights_other_than_one_are_kept():
    cells = {"legs": cell(any_of={"four"}, weight=0.3), "style": cell(any_of={"modern"})}
    label = GarmentLabel(categories=frozenset({"sofa"}), cells=cells)
    assert encode(FURNITURE, label).weights == {"legs": 0.3}


@pytest.mark.parametrize(
    ("label", "error", "reason"),
    [
        (GarmentLabel(categories=frozenset({"seating"})), OntologyError, "seating"),
        (GarmentLabel(categories=frozenset({"spaceship"})), UnknownIdError, "spaceship"),
        (GarmentLabel(cells={"wings": cell()}), UnknownIdError, "wings"),
        (GarmentLabel(cells={"legs": cell(any_of={"nine"})}), UnknownIdError, "nine"),
        (GarmentLabel(cells={"legs": cell(vocabulary={"nine"})}), UnknownIdError, "nine"),
        (GarmentLabel(cells={"legs": cell(positives={"four"})}), OntologyError, "any_of"),
    ],
)
def test_labels_that_do_not_belong_to_the_ontology_are_refused(label, error, reason):
    with pytest.raises(error, match=reason):
        encode(FURNITURE, label)


def test_targets_of_another_ontology_are_refused():
    targets = encode(FURNITURE, GarmentLabel())
    with pytest.raises(OntologyError, match="lengths"):
        decode_targets(parse_ontology(TINY, file="tiny.yaml"), targets)


@RELAXED
@given(data=st.data())
def test_encoding_a_decoded_label_gives_the_same_targets(data):
    ontology = data.draw(ontologies())
    targets = encode(ontology, data.draw(labels(ontology)))
    assert encode(ontology, decode_targets(ontology, targets)) == targets


@RELAXED
@given(data=st.data())
def test_exact_labels_come_back_from_their_targets(data):
    ontology = data.draw(ontologies())
    category = data.draw(st.sampled_from(ontology.leaves))
    chosen = {}
    for attribute in ontology.applicable(category):
        some = st.frozensets(st.sampled_from(ontology.allowed(category, attribute)), min_size=1)
        is_multiple = ontology.attribute(attribute).kind is AttributeKind.MULTIPLE
        values = data.draw(some)
        chosen[attribute] = (
            CellLabel(state=CellState.VALUE, positives=values, looked_at=True)
            if is_multiple
            else CellLabel(state=CellState.VALUE, any_of=values)
        )
    label = GarmentLabel(categories=frozenset({category}), cells=chosen)

    back = decode_targets(ontology, encode(ontology, label))

    assert back.categories == label.categories
    for attribute, given_cell in chosen.items():
        assert back.cells[attribute].any_of == given_cell.any_of
        assert back.cells[attribute].positives == given_cell.positives
    lacking = {a.id for a in ontology.attributes} - chosen.keys()
    assert all(back.cells[a].state is CellState.NOT_APPLICABLE for a in lacking)


@RELAXED
@given(data=st.data())
def test_nothing_is_taught_by_cells_that_are_missing_or_cannot_be_told(data):
    ontology = data.draw(ontologies())
    targets = encode(ontology, data.draw(labels(ontology)))
    for attribute, where in layout(ontology).slices.items():
        if targets.states[attribute] in {CellState.MISSING, CellState.CANNOT_TELL}:
            assert set(targets.values[where]) == {-1}
            assert set(targets.any_of[where]) == {0}
