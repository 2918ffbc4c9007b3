"""Nothing wrong with a config or with results goes unnoticed, and nothing right is refused."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ontology import Ontology, decode, default_ontology_path, load_ontology
from ontology.check import check_label_config, check_results
from ontology.config_map import ConfigMap
from ontology.label_config import build_label_config
from tests.ontology.strategies import ontologies, random_scores, seeded

FURNITURE = load_ontology(Path(__file__).parents[1] / "fixtures" / "furniture.yaml")
SHIPPED = load_ontology(default_ontology_path())
CONFIG = ConfigMap.parse(build_label_config(FURNITURE), FURNITURE)
RELAXED = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)

Result = dict[str, Any]


def box(label: str = "Chair", *, id_: str = "w_1", **value: Any) -> Result:
    geometry = {"x": 10.0, "y": 20.0, "width": 50.0, "height": 60.0, "rotation": 0}
    return {
        "id": id_,
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "original_width": 640,
        "original_height": 480,
        "image_rotation": 0,
        "score": 0.9,
        "value": {**geometry, "rectanglelabels": [label], **value},
    }


def answer(name: str, *texts: str, id_: str = "w_1", **fields: Any) -> Result:
    return {
        "id": id_,
        "from_name": name,
        "to_name": "image",
        "type": "choices",
        "score": 0.7,
        "value": {"choices": list(texts)},
        **fields,
    }


def tag(attribute: str, category: str = "chair") -> str:
    return CONFIG.choices[attribute, category].name


def check(*results: Any) -> tuple[str, ...]:
    return check_results(results, CONFIG, FURNITURE)


def test_a_legal_region_is_accepted():
    assert (
        check(
            box(),
            answer(tag("material"), "Oak"),
            answer(tag("colour"), "Brown", "Red"),
            answer(tag("arms"), "Cannot tell"),
            answer(tag("style"), "Other / not in the list"),
            box("Mirror", id_="w_2"),
        )
        == ()
    )


def test_the_order_of_results_does_not_matter():
    assert check(answer(tag("material"), "Oak"), box()) == ()


def test_a_blank_that_a_value_implies_is_no_fault_of_an_annotation():
    assert check(box(), answer(tag("finish"), "Stained")) == ()


@pytest.mark.parametrize(
    ("results", "line"),
    [
        ([box("Spaceship")], "label 'Spaceship' is not in the project's config"),
        ([box(rectanglelabels=["Chair", "Desk"])], "expected exactly one"),
        ([box(rectanglelabels=[])], "expected exactly one"),
        ([box(rectanglelabels=None)], "expected exactly one"),
        ([box(rectanglelabels=[["Chair"]])], "expected exactly one"),
        ([{**box(), "value": None}], "the box has no value"),
        ([{**box(), "id": None}], "expected a string"),
        ([{**box(), "id": ["w"]}], "expected a string"),
        ([box(), box("Desk")], "two boxes with this id"),
        ([{**box(), "to_name": "img"}], "to_name is 'img'"),
        ([{**box(), "type": "polygonlabels"}], "type is 'polygonlabels'"),
        ([{**box(), "from_name": "kind"}], "from_name 'kind' is not in the project's config"),
        ([{**box(), "score": 7.5}], "score is 7.5"),
        ([{**box(), "score": float("nan")}], "score is nan"),
        ([{**box(), "score": "0.5"}], "score is '0.5'"),
        ([{**box(), "score": True}], "score is True"),
        ([{**box(), "original_width": 0}], "original_width is 0"),
        ([box(x=-3)], "leaves the picture"),
        ([box(width=95)], "leaves the picture"),
        ([box(height=81)], "leaves the picture"),
        ([box(width=0)], "expected a size above 0"),
        ([box(height=-4)], "expected a size above 0"),
        ([box(x=None)], "expected numbers"),
        ([box(y="20")], "expected numbers"),
        ([box(y=10**400)], "expected numbers"),
        ([box(x=float("inf"))], "expected numbers"),
        ([box(), answer("aroma", "Sweet")], "from_name 'aroma' is not in the project's config"),
        ([box(), answer(tag("material"), "Cheese")], "choice 'Cheese' is not in"),
        ([box(), answer(tag("material"), "Oak", "Pine")], "2 choices where one is taken"),
        ([box(), answer(tag("material"))], "expected at least one string"),
        (
            [box(), answer(tag("material"), value={"choices": "Oak"})],
            "expected at least one string",
        ),
        ([box(), answer(tag("material"), value={"choices": [["Oak"]]})], "expected at least one"),
        ([box(), answer(tag("material"), value=None)], "expected at least one string"),
        ([box(), answer(tag("colour"), "Red", "Cannot tell")], "stands beside other choices"),
        ([box(), answer(tag("colour"), "Red", "Red")], "has a value twice"),
        ([box(), answer(tag("material"), "Oak", to_name="x")], "to_name is 'x'"),
        ([box(), answer(tag("material"), "Oak", type="rating")], "type is 'rating'"),
        ([box(), answer(tag("material"), "Oak", score=-1)], "score is -1"),
        ([box(), answer(tag("material"), "Oak", id_="w_9")], "there is no box with this id"),
        ([answer(tag("material"), "Oak")], "there is no box with this id"),
        (
            [box(), answer(tag("material"), "Oak"), answer(tag("material"), "Oak")],
            "'material' is answered twice",
        ),
        (
            [box(), answer(tag("doors", "wardrobe"), "Hinged doors")],
            "'doors' does not apply to 'Chair'",
        ),
        (
            [box("Armchair"), answer(tag("arms", "chair"), "Without arms")],
            "value 'without_arms' of attribute 'arms' is not allowed for 'armchair'",
        ),
        (
            [box("Armchair"), answer(tag("arms", "chair"), "With arms")],
            "the choices for 'Armchair' are",
        ),
        (
            [box(), answer(tag("finish"), "Chrome"), answer(tag("material"), "Oak")],
            "finish=chrome needs material to be one of metal",
        ),
        (
            [box(), answer(tag("colour"), "Multicolour", "Red")],
            "colour=multicolour excludes colour=red",
        ),
        ([box(), None, "x"], "2 results are not objects"),
    ],
)
def test_whatever_is_wrong_with_results_is_said(results, line):
    assert any(line in found for found in check(*results)), check(*results)


@pytest.mark.parametrize(
    "value",
    [
        {"x": 0, "y": 0, "width": 100, "height": 100},
        {"x": 50.0000001, "width": 50},  # rounding
        {"x": 96, "y": 60, "width": 20, "height": 20, "rotation": 45},  # drawn turned by a human
    ],
)
def test_boxes_that_annotators_really_draw_are_accepted(value):
    assert check(box(**value)) == ()


def test_a_question_that_the_project_does_not_ask_is_named():
    xml = (
        '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
        '<Label value="Chair"/><Label value="Desk"/></RectangleLabels>'
        '<Choices name="material" toName="image" perRegion="true" whenTagName="label" '
        'whenLabelValue="Desk"><Choice value="Oak"/></Choices></View>'
    )
    config = ConfigMap.parse(xml, FURNITURE)

    found = check_results([box(), answer("material", "Oak")], config, FURNITURE)

    assert found == (
        "region 'w_1', 'material': the project's config does not ask for 'material' of 'Chair'",
    )


def test_coarse_labels_are_checked_against_what_any_category_under_them_allows():
    xml = (
        '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
        '<Label value="Tables"/></RectangleLabels>'
        '<Choices name="material" toName="image" perRegion="true"><Choice value="Glass"/>'
        '<Choice value="Cloth"/></Choices></View>'
    )
    config = ConfigMap.parse(xml, FURNITURE)

    assert check_results([box("Tables"), answer("material", "Glass")], config, FURNITURE) == ()
    found = check_results([box("Tables"), answer("material", "Cloth")], config, FURNITURE)
    assert any("'cloth'" in line for line in found)


@RELAXED
@given(
    results=st.lists(JSON | st.just(box()), max_size=4),
    key=st.sampled_from(sorted(box())),
    odd=JSON,
)
def test_anything_at_all_can_be_checked(results, key, odd):
    broken = copy.deepcopy(box())
    broken[key] = odd

    assert all(isinstance(line, str) for line in check(*results, broken, answer("material", "x")))


def decoded_results(ontology: Ontology, config: ConfigMap, seed: int) -> list[Result]:
    """Write what the decoder says about random scores as Label Studio results."""
    found = decode(ontology, random_scores(ontology, seeded(seed)))
    if found.category is None:
        return []
    results = [box(config.label_by_category[found.category])]
    for attribute, answers in found.attributes.items():
        place = config.choices[attribute, found.category]
        texts = [place.label_by_value[given.value] for given in answers]
        results += [answer(place.name, *texts)] if texts else []
    return results


@RELAXED
@given(ontology=ontologies(), seed=st.integers(0, 2**32))
def test_whatever_the_decoder_says_is_accepted(ontology, seed):
    config = ConfigMap.parse(build_label_config(ontology), ontology)

    assert check_results(decoded_results(ontology, config, seed), config, ontology) == ()


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_decoder_says_of_the_shipped_catalog_is_accepted(seed):
    config = ConfigMap.parse(build_label_config(SHIPPED), SHIPPED)

    assert check_results(decoded_results(SHIPPED, config, seed), config, SHIPPED) == ()


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('<Label value="Sofa"', '<Label value="Settle"', "there is no label for 'Sofa'"),
        ('<Choice value="Oak" />', "", "does not offer 'oak' for"),
        ('value="Drum"', 'value="Cone shade"', "choice 'Cone shade' of 'shade' is no value"),
        ('name="shade"', 'name="lampshade"', "attribute 'shade' is not asked for 'Table lamp'"),
        ('choice="single-radio"', 'choice="multiple"', "wrongly takes several values for"),
        ('choice="multiple"', 'choice="single"', "wrongly takes one value for"),
    ],
)
def test_a_changed_config_is_described(old, new, line):
    xml = build_label_config(FURNITURE)
    assert old in xml

    found = check_label_config(xml.replace(old, new), FURNITURE)

    assert any(line in text for text in found), found


def test_offering_what_is_not_allowed_is_described():
    xml = (
        '<View><Image name="image" value="$image"/><RectangleLabels name="label" toName="image">'
        '<Label value="Armchair"/></RectangleLabels><Choices name="arms" toName="image" '
        'perRegion="true"><Choice value="With arms"/><Choice value="Without arms"/></Choices>'
        "</View>"
    )

    found = check_label_config(xml, FURNITURE)

    assert "Choices 'arms' offers 'without_arms', which is not allowed, for 'Armchair'" in found


def test_what_is_no_config_is_one_line():
    assert len(check_label_config("<View/>", FURNITURE)) == 1
