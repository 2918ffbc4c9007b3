"""The shipped ontology says what the trade would say."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from ontology import AttributeKind, default_ontology_path, load_ontology, violations

FACTS = yaml.safe_load(
    (Path(__file__).parents[1] / "fixtures" / "catalog_facts.yaml").read_text(encoding="utf-8")
)
SHIPPED = load_ontology(default_ontology_path())


def test_it_covers_a_whole_marketplace():
    values = [value for attribute in SHIPPED.attributes for value in attribute.values]

    assert len(SHIPPED.leaves) >= 95
    assert len(SHIPPED.attributes) >= 26
    assert len(values) >= 240
    assert {attribute.kind for attribute in SHIPPED.attributes} == set(AttributeKind)


@pytest.mark.parametrize(("category", "attribute", "expected"), FACTS["applies"])
def test_attribute_applies_as_the_trade_would_say(category, attribute, expected):
    assert SHIPPED.applies(category, attribute) is expected


@pytest.mark.parametrize(("category", "attribute", "value", "expected"), FACTS["allows"])
def test_value_is_allowed_as_the_trade_would_say(category, attribute, value, expected):
    assert value in {known.id for known in SHIPPED.attribute(attribute).values}
    assert (value in SHIPPED.allowed(category, attribute)) is expected


@pytest.mark.parametrize(("category", "values", "expected"), FACTS["together"])
def test_values_go_together_as_the_trade_would_say(category, values, expected):
    assert (violations(SHIPPED, category, values) == ()) is expected


@pytest.mark.parametrize(("text", "category"), FACTS["names"])
def test_category_is_found_by_what_people_call_it(text, category):
    assert SHIPPED.find_category(text) == category


@pytest.mark.parametrize("leaf", SHIPPED.leaves)
def test_no_question_is_empty_and_every_category_has_a_translation(leaf):
    assert SHIPPED.category(leaf).translations.keys() == {"hi"}
    assert SHIPPED.applicable(leaf)
    assert all(SHIPPED.allowed(leaf, attribute) for attribute in SHIPPED.applicable(leaf))


def test_every_attribute_has_few_enough_value_sets_to_be_asked_about_quickly():
    for attribute in SHIPPED.attributes:
        sets = {SHIPPED.allowed(leaf, attribute.id) for leaf in SHIPPED.leaves}
        assert len(sets - {()}) <= 9, attribute.id
