"""Ids in words, also in what the ontology says of a broken rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from backend.review.wording import Wording
from ontology.decode import violations
from ontology.model import AttributeId, CategoryId, Ontology, ValueId
from tests.backend.review.support import ontology

SLEEVE, PATTERN = AttributeId("sleeve"), AttributeId("pattern")


def ruled(**change: object) -> Ontology:
    """Give an ontology whose one rule, and whose patterns' labels, are others."""
    known = ontology()
    (rule,) = known.rules
    attributes = tuple(
        replace(one, label="Sleeve length") if one.id == SLEEVE else one for one in known.attributes
    )
    return replace(known, attributes=attributes, rules=(replace(rule, **change),))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "Sleeve length sleeveless excludes Pattern striped"),
        (
            {
                "excludes": {},
                "implies": {PATTERN: frozenset({ValueId("plain"), ValueId("floral")})},
            },
            "Sleeve length sleeveless needs Pattern to be one of floral, plain, found striped",
        ),
    ],
    ids=["excludes", "implies"],
)
def test_a_broken_rule_is_told_in_labels(change: dict[str, object], said: str) -> None:
    made = ruled(**change)
    held = {SLEEVE: (ValueId("sleeveless"),), PATTERN: (ValueId("striped"),)}

    (fault,) = violations(made, CategoryId("shirt"), held)

    assert Wording(made).rule(fault) == said


def test_what_is_no_rule_stays_as_it_is() -> None:
    assert Wording(ontology()).rule("unknown attribute 'hem'") == "unknown attribute 'hem'"
