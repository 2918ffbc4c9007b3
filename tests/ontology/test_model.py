"""The ontology answers what applies where, and finds things by any of their names."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from ontology import AttributeKind, UnknownIdError, load_ontology
from tests.ontology.strategies import ontologies

FURNITURE = load_ontology(Path(__file__).parents[1] / "fixtures" / "furniture.yaml")
RELAXED = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize(
    ("category", "attribute", "applies"),
    [
        ("sofa", "cushions", True),
        ("chair", "cushions", False),
        ("stool", "upholstery_pattern", False),  # taken out by except_for
        ("seating", "cushions", True),  # some leaf under it has them
        ("lighting", "legs", False),
        ("mirror", "style", True),  # a top node can be a leaf
    ],
)
def test_attribute_applies_where_the_file_says(category, attribute, applies):
    assert FURNITURE.applies(category, attribute) is applies
    assert (attribute in FURNITURE.applicable(category)) is applies
    assert bool(FURNITURE.allowed(category, attribute)) is applies


@pytest.mark.parametrize(
    ("category", "values"),
    [
        ("sofa", ("four", "sled", "legless")),
        ("stool", ("four", "three", "pedestal", "sled", "swivel", "legless")),
        ("bunk_bed", ("four", "legless")),
        ("seating", ("four", "three", "pedestal", "sled", "swivel", "legless")),
        ("mirror", ()),
    ],
)
def test_allowed_values_come_in_file_order(category, values):
    assert FURNITURE.allowed(category, "legs") == values


def test_required_holds_for_a_coarse_category_only_if_it_holds_everywhere_below():
    assert FURNITURE.is_required("desk", "material")
    assert FURNITURE.is_required("tables", "material")
    assert not FURNITURE.is_required("furniture", "material")
    assert not FURNITURE.is_required("mirror", "material")
    assert FURNITURE.is_required("furniture", "colour")


def test_leaves_under_a_node_are_those_of_its_subtree():
    assert FURNITURE.leaves_under("tables") == {
        "dining_table",
        "coffee_table",
        "desk",
        "bedside_table",
    }
    assert FURNITURE.leaves_under("sofa") == {"sofa"}
    assert "tables" not in FURNITURE.leaves
    assert FURNITURE.leaves[0] == "chair"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("sofa", "sofa"),
        (" Couch ", "sofa"),
        ("DINNER   table", "dining_table"),
        ("Schreibtisch", "desk"),
        ("SITZMÖBEL", "seating"),
        ("spaceship", None),
        ("", None),
    ],
)
def test_category_is_found_by_any_name(text, found):
    assert FURNITURE.find_category(text) == found


def test_value_is_found_only_in_its_own_attribute():
    assert FURNITURE.find_value("colour", "Gray") == "grey"
    assert FURNITURE.find_value("material", "eiche") == "oak"
    assert FURNITURE.find_value("finish", "eiche") is None


def test_unknown_ids_raise_one_clear_line():
    calls = [
        lambda: FURNITURE.category("spaceship"),
        lambda: FURNITURE.attribute("wings"),
        lambda: FURNITURE.value("legs", "wings"),
        lambda: FURNITURE.applies("spaceship", "legs"),
        lambda: FURNITURE.allowed("sofa", "wings"),
        lambda: FURNITURE.applicable("spaceship"),
        lambda: FURNITURE.leaves_under("spaceship"),
        lambda: FURNITURE.is_required("sofa", "wings"),
        lambda: FURNITURE.find_value("wings", "two"),
    ]
    for call in calls:
        with pytest.raises(UnknownIdError, match=r"unknown .*'(spaceship|wings)'.*furniture") as e:
            call()
        assert "\n" not in str(e.value)


def test_single_value_can_be_looked_up():
    assert FURNITURE.value("material", "metal").aliases == ("steel", "iron")
    assert FURNITURE.attribute("colour").kind is AttributeKind.MULTIPLE


@RELAXED
@given(ontology=ontologies())
def test_coarse_categories_are_the_union_of_their_leaves(ontology):
    for category in (c.id for c in ontology.categories):
        leaves = ontology.leaves_under(category)
        for attribute in (a.id for a in ontology.attributes):
            assert ontology.applies(category, attribute) == any(
                ontology.applies(leaf, attribute) for leaf in leaves
            )
            union = {value for leaf in leaves for value in ontology.allowed(leaf, attribute)}
            assert set(ontology.allowed(category, attribute)) == union


@RELAXED
@given(ontology=ontologies())
def test_every_attribute_applies_somewhere_and_every_value_is_allowed_somewhere(ontology):
    for attribute in ontology.attributes:
        allowed = {v for leaf in ontology.leaves for v in ontology.allowed(leaf, attribute.id)}
        assert allowed == {value.id for value in attribute.values}
