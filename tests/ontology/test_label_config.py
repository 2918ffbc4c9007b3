"""The written labeling config asks exactly what the ontology says."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ontology import (
    AttributeKind,
    LabelConfigError,
    Ontology,
    OntologyError,
    default_ontology_path,
    load_ontology,
    parse_ontology,
)
from ontology.check import check_label_config
from ontology.config_map import ConfigMap
from ontology.label_config import build_label_config
from tests.ontology.strategies import ontologies

FURNITURE = load_ontology(Path(__file__).parents[1] / "fixtures" / "furniture.yaml")
SHIPPED = load_ontology(default_ontology_path())
BOTH = pytest.mark.parametrize("ontology", [FURNITURE, SHIPPED], ids=["furniture", "shipped"])
RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

# What a name may be: printable on one line, and, for a category, without commas.
NAMES = st.text(
    st.one_of(st.sampled_from("&<>\"'/ ;$#_-"), st.characters(categories=["L", "N", "S"])),
    min_size=1,
    max_size=12,
).filter(lambda name: name == name.strip() and name.isprintable())


def parse(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314  # our own output


def choices_of(xml: str) -> dict[str, ET.Element]:
    return {element.attrib["name"]: element for element in parse(xml).iter("Choices")}


@st.composite
def renamed(draw: st.DrawFn) -> Ontology:
    """Draw an ontology whose labels are any legal text."""
    spec = yaml.safe_load(draw(ontologies()).source)
    waiting = list(spec["categories"])
    while waiting:
        node = waiting.pop()
        node["label"] = draw(NAMES)
        waiting += node.get("children", [])
    for attribute in spec["attributes"]:
        attribute["label"] = draw(NAMES)
        for value in attribute["values"]:
            value["label"] = draw(NAMES)
    try:
        return parse_ontology(yaml.safe_dump(spec, allow_unicode=True), file="renamed.yaml")
    except OntologyError:
        assume(False)
        raise


def assert_round_trip(ontology: Ontology, xml: str) -> None:
    config = ConfigMap.parse(xml, ontology)
    assert config.unmapped == ()
    assert set(config.category_by_label.values()) == set(ontology.leaves)
    assert config.choices.keys() == {
        (attribute, leaf) for leaf in ontology.leaves for attribute in ontology.applicable(leaf)
    }
    for (attribute, leaf), tag in config.choices.items():
        assert tag.attribute == attribute
        assert tuple(tag.label_by_value) == ontology.allowed(leaf, attribute)
        entry = ontology.attribute(attribute)
        assert tag.multiple == (entry.kind is AttributeKind.MULTIPLE)
        assert (tag.cannot_tell_label is not None) == entry.offer_cannot_tell
        assert (tag.other_label is not None) == entry.offer_other
    assert check_label_config(xml, ontology) == ()


@BOTH
def test_everything_written_is_read_back(ontology):
    assert_round_trip(ontology, build_label_config(ontology))


@RELAXED
@given(ontology=ontologies())
def test_everything_written_for_any_ontology_is_read_back(ontology):
    assert_round_trip(ontology, build_label_config(ontology))


@RELAXED
@given(ontology=renamed())
def test_labels_of_any_legal_text_are_read_back(ontology):
    assert_round_trip(ontology, build_label_config(ontology))


@pytest.mark.parametrize(("ontology", "language"), [(FURNITURE, "de"), (SHIPPED, "hi")])
def test_a_translated_config_is_read_back_and_shows_the_translation(ontology, language):
    xml = build_label_config(ontology, language=language)

    assert_round_trip(ontology, xml)
    shown = {label.attrib["value"] for label in parse(xml).iter("Label")}
    leaves = [ontology.category(leaf) for leaf in ontology.leaves]
    assert {leaf.translations.get(language, leaf.label) for leaf in leaves} == shown
    assert any(language in leaf.translations for leaf in leaves)


def test_a_translation_with_a_comma_gives_way_to_the_label():
    text = FURNITURE.source.replace("{de: Stuhl}", '{de: "Stuhl, klein"}')
    ontology = parse_ontology(text, file="furniture.yaml")

    xml = build_label_config(ontology, language="de")

    assert ConfigMap.parse(xml, ontology).label_by_category["chair"] == "Chair"


@BOTH
def test_choices_are_restricted_where_they_are_shown_and_where_they_are_submitted(ontology):
    root = parse(build_label_config(ontology))
    parents = {child: parent for parent in root.iter() for child in parent}
    by_label = ConfigMap.parse(build_label_config(ontology), ontology).category_by_label

    for choices in root.iter("Choices"):
        for element in (choices, parents[choices]):
            assert element.attrib["visibleWhen"] == "region-selected"
        restriction = choices.attrib.get("whenLabelValue")
        assert restriction == parents[choices].attrib.get("whenLabelValue")
        if restriction is None:
            attribute = choices.attrib["name"]
            assert all(ontology.applies(leaf, attribute) for leaf in ontology.leaves)
        else:
            assert choices.attrib["whenTagName"] == parents[choices].attrib["whenTagName"]
            assert set(restriction.split(",")) <= by_label.keys()


@BOTH
def test_names_are_unique_and_every_choices_is_asked_of_each_box(ontology):
    root = parse(build_label_config(ontology))

    names = Counter(element.attrib["name"] for element in root.iter() if "name" in element.attrib)
    assert set(names.values()) == {1}
    for choices in root.iter("Choices"):
        assert choices.attrib["perRegion"] == "true"
        assert choices.attrib["toName"] == "image"
        texts = [choice.attrib["value"] for choice in choices.iter("Choice")]
        assert len(set(texts)) == len(texts)


@BOTH
def test_the_answers_that_are_no_values_come_last(ontology):
    for choices in choices_of(build_label_config(ontology)).values():
        texts = [choice.attrib["value"] for choice in choices.iter("Choice")]
        answers = [ontology.other_label, ontology.cannot_tell_label]
        offered = [text for text in answers if text in texts]
        assert texts[len(texts) - len(offered) :] == offered


@pytest.mark.parametrize(
    ("name", "choice"),
    [("colour__chair", "multiple"), ("cushions", "multiple"), ("arms__chair", "single-radio")],
)
def test_exclusive_attributes_are_radio_buttons(name, choice):
    assert choices_of(build_label_config(FURNITURE))[name].attrib["choice"] == choice


def test_one_attribute_with_two_value_sets_gets_two_tags():
    config = ConfigMap.parse(build_label_config(FURNITURE), FURNITURE)

    armchair, chair = config.choices["arms", "armchair"], config.choices["arms", "chair"]
    assert armchair.name != chair.name
    assert "without_arms" in chair.label_by_value
    assert "without_arms" not in armchair.label_by_value


def test_required_is_asked_of_the_categories_that_require_it_only():
    config = ConfigMap.parse(build_label_config(FURNITURE), FURNITURE)
    tags = choices_of(build_label_config(FURNITURE))

    required = tags[config.choices["doors", "wardrobe"].name]
    assert required.attrib["required"] == "true"
    assert "Doors" in required.attrib["requiredMessage"]
    assert "required" not in tags[config.choices["doors", "sideboard"].name].attrib


def test_an_attribute_called_like_a_tag_of_ours_gets_another_name():
    text = re.sub(r"\bcolour\b", "label", FURNITURE.source)
    text = re.sub(r"\bshade\b", "image", text)
    ontology = parse_ontology(text, file="furniture.yaml")

    assert_round_trip(ontology, build_label_config(ontology))


def test_an_attribute_whose_id_looks_like_another_ones_tag_is_not_mixed_up():
    text = FURNITURE.source.replace("id: finish", "id: arms_chair")
    text = text.replace("finish:", "arms_chair:")
    ontology = parse_ontology(text, file="furniture.yaml")

    assert_round_trip(ontology, build_label_config(ontology))


@BOTH
def test_categories_of_one_branch_share_a_colour_and_others_have_another(ontology):
    root = parse(build_label_config(ontology))

    branches = [
        {label.attrib["background"] for label in view.iter("Label")}
        for view in root.iter("View")
        if view.attrib.get("className") == "weft-branch"
    ]
    assert all(len(colours) == 1 for colours in branches)
    assert len({colour for colours in branches for colour in colours}) == len(branches) > 1


@BOTH
def test_same_ontology_gives_the_same_text(ontology):
    again = parse_ontology(ontology.source, file="again.yaml")

    assert build_label_config(ontology) == build_label_config(again)


def test_image_key_and_smart_tool_are_as_asked():
    root = parse(build_label_config(FURNITURE, image_key="photo", smart=False))

    assert root.find(".//Image").attrib["value"] == "$photo"
    assert root.find(".//RectangleLabels").attrib["smart"] == "false"
    assert parse(build_label_config(FURNITURE)).find(".//RectangleLabels").attrib["smart"] == "true"


@pytest.mark.parametrize("image_key", ["", "my image", "$image", "a.b", 'x"', "1st"])
def test_an_image_key_that_cannot_be_one_is_refused(image_key):
    with pytest.raises(LabelConfigError, match="image key"):
        build_label_config(FURNITURE, image_key=image_key)


def test_the_shipped_config_stays_small_enough_for_a_task_page():
    xml = build_label_config(SHIPPED)

    assert len(list(parse(xml).iter("Choices"))) <= 120
    assert len(list(parse(xml).iter("Choice"))) <= 1000
