"""Configs that others wrote or changed are read as far as they make sense, and the rest listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ontology import LabelConfigError, load_ontology
from ontology.config_map import ConfigMap

FIXTURES = Path(__file__).parents[1] / "fixtures"
FURNITURE = load_ontology(FIXTURES / "furniture.yaml")
LABELS = '<Label value="Chair"/><Label value="couch"/><Label value="DESK"/>'


def config(
    controls: str = "",
    *,
    labels: str = LABELS,
    image: str = '<Image name="img" value="$photo"/>',
    attributes: str = "",
) -> str:
    rectangles = (
        f'<RectangleLabels name="kind" toName="img" {attributes}>{labels}</RectangleLabels>'
    )
    return f"<View>{image}{rectangles}{controls}</View>"


def choices(name: str, values: list[str], attributes: str = 'perRegion="true"') -> str:
    options = "".join(f'<Choice value="{value}"/>' for value in values)
    return f'<Choices name="{name}" toName="img" {attributes}>{options}</Choices>'


def read(*args: str, **kwargs: str) -> ConfigMap:
    return ConfigMap.parse(config(*args, **kwargs), FURNITURE)


def test_a_hand_written_config_is_read_with_its_own_names():
    found = read(choices("Material", ["Oak", "iron", "Cannot tell"]))

    assert (found.image_tag, found.image_key, found.label_tag) == ("img", "photo", "kind")
    assert found.category_by_label == {"Chair": "chair", "couch": "sofa", "DESK": "desk"}
    assert found.label_by_category["sofa"] == "couch"
    tag = found.choices["material", "chair"]
    assert tag is found.choices["material", "desk"]
    assert tag is found.choices_by_name["Material"]
    assert tag.label_by_value == {"oak": "Oak", "metal": "iron"}
    assert (tag.cannot_tell_label, tag.other_label, tag.multiple) == ("Cannot tell", None, False)
    assert found.unmapped == ()


@pytest.mark.parametrize("name", ["upholstery_pattern", "Upholstery pattern", "upholstery-pattern"])
def test_an_attribute_is_found_by_its_id_or_label(name):
    assert read(choices(name, ["Plain"])).choices["upholstery_pattern", "chair"].name == name


def test_a_tag_asks_only_the_categories_that_have_the_attribute():
    found = read(choices("doors", ["Hinged doors"]), labels=LABELS + '<Label value="Wardrobe"/>')

    assert set(found.choices) == {("doors", "wardrobe")}
    assert found.unmapped == ()


def test_a_tag_and_the_views_around_it_restrict_together():
    inner = choices(
        "material", ["Oak"], 'perRegion="true" whenTagName="kind" whenLabelValue="DESK"'
    )
    view = f'<View whenTagName="kind" whenLabelValue="DESK,Chair">{inner}</View>'

    found = read(view + choices("finish", ["Raw"]))

    assert set(found.choices) == {
        ("material", "desk"),
        ("finish", "chair"),
        ("finish", "sofa"),
        ("finish", "desk"),
    }


def test_a_coarse_label_is_read_as_the_coarse_category():
    found = read(choices("cushions", ["Seat cushion"]), labels='<Label value="Seating"/>')

    assert found.category_by_label == {"Seating": "seating"}
    assert ("cushions", "seating") in found.choices


def test_an_alias_is_what_results_hold():
    labels = (
        '<Label value="Stuhl" alias="chair"/><Label value="Tisch, klein" alias="coffee_table"/>'
    )

    assert read(labels=labels).category_by_label == {
        "chair": "chair",
        "coffee_table": "coffee_table",
    }


@pytest.mark.parametrize(
    ("xml", "line"),
    [
        (config(labels='<Label value="Spaceship"/>'), "label 'Spaceship' is no category"),
        (config(labels=LABELS + '<Label value="Chair"/>'), "label 'Chair' is there twice"),
        (config(labels="<Label/>"), "label '' is no category"),
        (config(choices("aroma", ["Sweet"])), "Choices 'aroma' is no attribute"),
        (
            config(choices("material", ["Oak", "Cheese"])),
            "choice 'Cheese' of 'material' is no value",
        ),
        (config(choices("material", ["Oak", "Oak"])), "choice 'Oak' of 'material' is there twice"),
        (
            config(choices("material", ["Oak"], "")),
            "Choices 'material' asks about the whole picture",
        ),
        (
            config(choices("material", ["Oak"]) + choices("material", ["Pine"])),
            "the name 'material' is used by more than one tag",
        ),
        (
            config(choices("material", ["Oak"]) + choices("material__2", ["Pine"])),
            "'material__2' and 'material' both ask for 'material'",
        ),
        (
            config(
                choices(
                    "doors",
                    ["Sliding doors"],
                    'perRegion="true" whenTagName="kind" whenLabelValue="Chair"',
                )
            ),
            "Choices 'doors' is offered for 'Chair', which has no 'doors'",
        ),
        (
            config(
                choices(
                    "material", ["Oak"], 'perRegion="true" whenTagName="kind" whenLabelValue="Bed"'
                )
            ),
            "Choices 'material' depends on 'Bed', which is no label",
        ),
        (
            config(
                choices(
                    "material", ["Oak"], 'perRegion="true" whenTagName="x" whenLabelValue="Chair"'
                )
            ),
            "Choices 'material' depends on 'x', which is not 'kind'",
        ),
        (config('<TextArea name="notes" toName="img"/>'), "TextArea 'notes' is not one of"),
        (config(image='<Image name="img" value="photo.jpg"/>'), "names no key of the tasks' data"),
    ],
)
def test_what_does_not_resolve_is_listed(xml, line):
    found = ConfigMap.parse(xml, FURNITURE)

    assert len(found.unmapped) == 1
    assert line in found.unmapped[0]


def test_tags_that_nobody_answers_with_are_no_concern():
    controls = '<Filter name="f" toName="kind"/><Header value="Hello"/><Style>.a{}</Style>'
    second = '<Image name="cam" value="http://localhost/?image=$photo"/>'

    assert read(controls + second).unmapped == ()


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ("", "is not XML"),
        ("<View>", "is not XML"),
        ("<View>\x00</View>", "is not XML"),
        ("<View>\ud800</View>", "is not XML"),
        ("<View></View>", "has no Image"),
        ('<View><Image name="img" value="$x"/></View>', "has no RectangleLabels"),
        ('<View><RectangleLabels name="kind" toName="img"/></View>', "has no Image"),
        (config().replace('toName="img"', 'toName="other"'), "mend its toName"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + config(), "document type or an entity"),
        ("<View>" + " " * 8_000_000 + "</View>", "characters"),
    ],
)
def test_what_is_no_labeling_config_is_refused_in_one_line(xml, reason):
    with pytest.raises(LabelConfigError, match=reason) as caught:
        ConfigMap.parse(xml, FURNITURE)
    assert "\n" not in str(caught.value)


def test_deeply_nested_views_are_read():
    depth = 3000
    xml = config("<View>" * depth + choices("material", ["Oak"]) + "</View>" * depth)

    assert ("material", "chair") in ConfigMap.parse(xml, FURNITURE).choices


def test_a_config_about_something_else_maps_to_nothing_and_raises_nothing():
    xml = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text(encoding="utf-8")

    found = ConfigMap.parse(xml, FURNITURE)

    assert found.category_by_label == {}
    assert found.choices == {}
    assert len(found.unmapped) >= 4
