"""Sellers' words: matched where there is one meaning, listed where there is none."""

from __future__ import annotations

import pytest

from ontology.load import default_ontology_path, load_ontology
from tagger.audit.words import ClaimReader
from tagger.dataset import load_description, shipped_descriptions


@pytest.fixture(scope="module")
def reader(lamps):
    return ClaimReader(lamps)


@pytest.fixture(scope="module")
def shipped():
    return ClaimReader(load_ontology(default_ontology_path()))


@pytest.mark.parametrize(
    "text", ["desk_lamp", "Desk lamp", "DESK  LAMPS", "desk light", "desk-lamp", "Desklamp"]
)
def test_ids_labels_aliases_plurals_and_hyphens_mean_the_same(reader, text):
    assert reader.read("category", text).ids == ("desk_lamp",)


def test_a_slip_of_spelling_is_read_and_reported(reader):
    claim = reader.read("category", "flor lamp")

    assert claim.ids == ("floor_lamp",)
    assert claim.spelled == (("flor lamp", "floor lamp"),)


def test_words_that_match_nothing_are_listed_and_not_guessed(reader):
    claim = reader.read("shade", "hexagonal")

    assert (claim.ids, claim.unknown) == ((), ("hexagonal",))


def test_several_values_in_one_cell_are_several_claims(reader):
    claim = reader.read("power", "Mains / battery")

    assert claim.options == (frozenset({"mains"}), frozenset({"battery"}))


@pytest.mark.parametrize("text", ["", " - ", "N/A", "unknown"])
def test_a_cell_that_says_nothing_is_no_claim(reader, text):
    assert reader.read("shade", text) is None


@pytest.mark.parametrize(
    ("attribute", "text", "value"),
    [
        ("base_colour", "Navy", "navy_blue"),
        ("base_colour", "navy colour", "navy_blue"),
        ("pattern", "stripes", "striped"),
        ("pattern", "Polka dots", "polka_dot"),
        ("sleeve_length", "full sleeves", "full"),
        ("neck", "V neck", "v_neck"),
        ("category", "Sweat shirts", "sweatshirt"),
        ("category", "T shirts", "tshirt"),
    ],
)
def test_usual_words_of_sellers_are_understood(shipped, attribute, text, value):
    assert shipped.read(attribute, text).ids == (value,)


def test_near_names_of_two_values_are_not_guessed(shipped):
    assert shipped.read("base_colour", "blsck").ids == ("black",)
    assert shipped.read("category", "kurtt").ids == ()  # kurta or kurti


def test_a_sources_own_word_may_stand_for_several_ids():
    ontology = load_ontology(default_ontology_path())
    own = ClaimReader(ontology, description=load_description(shipped_descriptions()["myntra"]))

    assert own.read("category", "Sweaters").ids == ("cardigan", "sweater")
    assert len(own.read("category", "Sweaters").options) == 1


@pytest.mark.parametrize(
    ("attribute", "text", "told"),
    [
        ("category", "Desk-Lamps", "'Desk-Lamps'"),
        ("category", "desk light", "'desk light' (read as desk_lamp)"),
        ("category", "flor lamp", "'flor lamp' (read as floor_lamp)"),
        ("shade", "drum & cone", "'drum & cone'"),
        ("shade", "brass", "'brass'"),
    ],
)
def test_words_that_are_another_name_are_told_with_what_they_were_read_as(
    reader, attribute, text, told
):
    assert reader.read(attribute, text).said() == told


def test_of_several_things_the_one_that_is_meant_is_told(reader):
    claim = reader.read("power", "battery & solar")

    assert claim.said(claim.options[1]) == "'battery & solar' (solar)"
