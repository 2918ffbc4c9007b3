"""The end of error lines about ids that do not exist."""

from __future__ import annotations

import pytest

from ontology.nearest import or_which

KNOWN = ("pattern", "sleeve_length", "neck")


@pytest.mark.parametrize("given", ["patern", "Pattern", "patterns"])
def test_a_slip_of_spelling_is_answered_with_the_id(given):
    assert or_which(given, KNOWN) == "did you mean pattern?"


def test_a_label_is_answered_with_the_id():
    assert or_which("Sleeve length", KNOWN) == "did you mean sleeve_length?"


def test_without_anything_near_all_are_listed_in_their_order():
    assert or_which("bogus", KNOWN) == "expected one of pattern, sleeve_length, neck"


def test_a_long_list_is_cut():
    told = or_which("bogus", [f"value_{number}" for number in range(100)])

    assert told.endswith("value_39 ...")


def test_what_only_shares_letters_is_not_offered():
    assert or_which("bogus", ["blouse", "shirt"]) == "expected one of blouse, shirt"
