"""Columns are scored once for each vocabulary that they were labelled in."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tagger.heads import heads

UPPER = {"solid": ["solid"], "striped": ["striped"]}
SHOES = {"solid": ["solid"], "two_tone": ["two_tone"]}
KINDS = {"shirt": ["shirt"], "shoe": ["shoe"]}


@pytest.fixture
def description():
    maps = {
        "category": (SimpleNamespace(labels=KINDS, table="labels.csv"),),
        "pattern": (
            SimpleNamespace(labels=UPPER, table="upper.csv"),
            SimpleNamespace(labels=SHOES, table="forms/shoes.csv"),
        ),
    }

    def vocabulary(column):
        return {
            name: frozenset(values)
            for label_map in maps[column]
            for name, values in label_map.labels.items()
        }

    return SimpleNamespace(
        speaks_ontology=False, vocabulary=vocabulary, column_maps=lambda column: maps[column]
    )


def _sample(form, pattern):
    return SimpleNamespace(
        source_labels={"category": "shirt", "pattern": pattern},
        rivals={"category": frozenset(KINDS), "pattern": frozenset(form)},
    )


def test_each_form_is_a_head_with_the_labels_that_compete_in_it(description):
    samples = [_sample(UPPER, "solid"), _sample(SHOES, "two_tone"), _sample(UPPER, "striped")]

    found = {head.key: head for head in heads(description, samples)}

    assert list(found) == ["category", "pattern", "pattern@shoes"]
    assert found["pattern"].rows == (0, 2)
    assert set(found["pattern"].vocabulary) == {"solid", "striped"}
    assert found["pattern@shoes"].rows == (1,)
    assert found["pattern@shoes"].column == "pattern"
    assert set(found["pattern@shoes"].vocabulary) == {"solid", "two_tone"}


def test_a_form_without_labelled_samples_is_no_head(description):
    found = heads(description, [_sample(UPPER, "solid")])

    assert [head.key for head in found] == ["category", "pattern"]
    assert found[0].rows == (0,)
