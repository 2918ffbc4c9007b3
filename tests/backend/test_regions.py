from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.regions import NEUTRAL_SCORE, compose, compose_suggestion, drawn_rectangle
from ontology.check import check_results
from ontology.config_map import ConfigMap
from ontology.decode import Answer, Scores, decode
from ontology.label_config import build_label_config
from ontology.load import default_ontology_path, load_ontology
from ontology.model import AttributeId, CategoryId, Ontology, ValueId
from tagger.boxes import PixelBox
from tagger.pipeline import Garment, ImagePrediction
from tagger.select.uncertainty import CellDoubt
from tests.backend.support import garment_of

FIXTURES = Path(__file__).parents[1] / "fixtures"
BOX = PixelBox(x0=32, y0=60, x1=184, y1=360)


@pytest.fixture(scope="module")
def ontology() -> Ontology:
    return load_ontology(FIXTURES / "recorded.yaml")


@pytest.fixture(scope="module")
def config(ontology: Ontology) -> ConfigMap:
    xml = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text("utf-8")
    return ConfigMap.parse(xml, ontology)


def answers(**values: str | list[str]) -> dict[AttributeId, tuple[Answer, ...]]:
    return {
        AttributeId(name): tuple(
            Answer(value=ValueId(value), score=0.9 - 0.1 * at)
            for at, value in enumerate([given] if isinstance(given, str) else given)
        )
        for name, given in values.items()
    }


def garment(ontology: Ontology, category: str, box: PixelBox = BOX, **values: Any) -> Garment:
    plain = garment_of(ontology, CategoryId(category), box=box)
    return dataclasses.replace(plain, attributes=answers(**values))


def composed(ontology: Ontology, config: ConfigMap, *garments: Garment, digest: str = "d") -> Any:
    return compose(
        ImagePrediction(image_wh=(400, 500), garments=garments),
        digest=digest,
        config=config,
        ontology=ontology,
        model_version="v1",
    )


def test_a_region_has_the_shape_of_the_recorded_answer(
    ontology: Ontology, config: ConfigMap
) -> None:
    recorded = json.loads((FIXTURES / "payloads" / "predict.response.json").read_text("utf-8"))
    want = recorded["results"][0]["result"]
    found = composed(
        ontology, config, garment(ontology, "shirt", sleeve="long", pattern="plain")
    ).results
    box, sleeve = found[0], found[1]
    assert set(box) == set(want[0])
    assert set(box["value"]) == set(want[0]["value"])
    assert set(sleeve) == set(next(r for r in want if r["type"] == "choices"))
    assert box["value"] == {
        "x": 8.0,
        "y": 12.0,
        "width": 38.0,
        "height": 60.0,
        "rotation": 0,
        "rectanglelabels": ["Shirt"],
    }
    assert (box["original_width"], box["original_height"]) == (400, 500)
    assert (box["from_name"], box["to_name"], box["score"]) == ("label", "image", 0.75)
    assert sleeve["value"]["choices"] == ["long"]
    assert len({result["id"] for result in found}) == 1


def test_several_values_go_into_one_result_with_the_lowest_score(
    ontology: Ontology, config: ConfigMap
) -> None:
    found = composed(ontology, config, garment(ontology, "bag", color=["red", "black"])).results
    assert found[1]["value"]["choices"] == ["red", "black"]
    assert found[1]["score"] == 0.8


def test_a_blank_attribute_is_not_sent(ontology: Ontology, config: ConfigMap) -> None:
    found = composed(ontology, config, garment(ontology, "bag", color=[], closure=[]))
    assert [result["type"] for result in found.results] == ["rectanglelabels"]
    assert found.dropped == ()


def test_ids_are_the_same_every_time_and_differ_by_picture_box_and_version(
    ontology: Ontology, config: ConfigMap
) -> None:
    one = garment(ontology, "bag")
    moved = garment(ontology, "bag", PixelBox(x0=33, y0=60, x1=184, y1=360))

    def first_id(*garments: Garment, **options: Any) -> str:
        return str(composed(ontology, config, *garments, **options).results[0]["id"])

    assert first_id(one) == first_id(one)
    assert first_id(one).startswith("w_")
    other_version = compose(
        ImagePrediction(image_wh=(400, 500), garments=(one,)),
        digest="d",
        config=config,
        ontology=ontology,
        model_version="v2",
    ).results[0]["id"]
    ids = [first_id(one), first_id(moved), first_id(one, digest="e"), other_version]
    assert len(set(ids)) == 4


def test_boxes_that_coincide_keep_apart(ontology: Ontology, config: ConfigMap) -> None:
    twins = composed(ontology, config, garment(ontology, "bag"), garment(ontology, "dress"))
    assert len({result["id"] for result in twins.results}) == 2


def doubt(attribute: str, value: str, uncertainty: float, confidence: float = 0.5) -> CellDoubt:
    return CellDoubt(
        attribute=attribute, value=value, confidence=confidence, uncertainty=uncertainty
    )


def test_the_task_score_is_low_where_the_most_doubtful_garment_is_doubtful(
    ontology: Ontology, config: ConfigMap
) -> None:
    bag, dress = garment(ontology, "bag"), garment(ontology, "dress")
    sure = dataclasses.replace(bag, doubts=(doubt("closure", "zip", 0.0),))
    unsure = dataclasses.replace(
        dress, doubts=(doubt("category", "dress", 0.6), doubt("pattern", "plain", 1.0))
    )
    assert composed(ontology, config, sure).score == 1.0
    assert composed(ontology, config, sure, unsure).score == pytest.approx(1 - 0.9 * 0.8)


def test_a_picture_without_garments_is_neither_first_nor_last(
    ontology: Ontology, config: ConfigMap
) -> None:
    assert composed(ontology, config).score == NEUTRAL_SCORE == 0.5


def test_region_scores_stay_confidences(ontology: Ontology, config: ConfigMap) -> None:
    unsure = dataclasses.replace(
        garment(ontology, "dress"), category_score=0.9, doubts=(doubt("pattern", "plain", 1.0),)
    )
    assert composed(ontology, config, unsure).results[0]["score"] == 0.9


def test_the_most_doubtful_attributes_are_named_in_the_details_of_the_region(
    ontology: Ontology, config: ConfigMap
) -> None:
    doubts = (
        doubt("category", "shirt", 1.0),
        doubt("sleeve", "long", 0.7, 0.61),
        doubt("pattern", "striped", 0.9, 0.38),
        doubt("color", "red", 0.2),
    )
    unsure = dataclasses.replace(garment(ontology, "shirt", sleeve="long"), doubts=doubts)
    found = composed(ontology, config, unsure).results
    assert found[0]["meta"] == {
        "text": [
            "Please check first: Pattern (left blank, perhaps striped, 38 %), Sleeve (long, 61 %)"
        ]
    }
    assert all("meta" not in result for result in found[1:])


def test_no_note_where_nothing_is_doubtful_or_marks_are_off(
    ontology: Ontology, config: ConfigMap
) -> None:
    sure = dataclasses.replace(garment(ontology, "shirt"), doubts=(doubt("sleeve", "long", 0.1),))
    unsure = dataclasses.replace(sure, doubts=(doubt("sleeve", "long", 0.9),))
    off = compose(
        ImagePrediction(image_wh=(400, 500), garments=(unsure,)),
        digest="d",
        config=config,
        ontology=ontology,
        model_version="v1",
        mark_doubtful=False,
    )
    assert "meta" not in composed(ontology, config, sure).results[0]
    assert "meta" in composed(ontology, config, unsure).results[0]
    assert "meta" not in off.results[0]


def test_what_the_config_does_not_ask_for_is_not_named(
    ontology: Ontology, config: ConfigMap
) -> None:
    unsure = dataclasses.replace(garment(ontology, "bag"), doubts=(doubt("sleeve", "long", 0.9),))
    assert "meta" not in composed(ontology, config, unsure).results[0]


def test_a_category_without_a_label_goes_to_the_nearest_one_above(
    ontology: Ontology, config: ConfigMap
) -> None:
    found = composed(ontology, config, garment(ontology, "boot", heel="high")).results
    assert found[0]["value"]["rectanglelabels"] == ["Shoe"]
    assert found[1]["value"]["choices"] == ["high"]


def test_what_the_config_has_no_place_for_is_left_out_with_a_reason(
    ontology: Ontology, config: ConfigMap
) -> None:
    found = composed(
        ontology,
        config,
        garment(ontology, "bag", closure="zip", lining="silk"),
        garment(ontology, "shirt", pattern="paisley", sleeve="long"),
    )
    sent = [result["value"]["choices"] for result in found.results if "choices" in result["value"]]
    assert sent == [["zip"], ["long"]]
    assert "lining" in found.dropped[0]
    assert "pattern=paisley" in found.dropped[1]


def test_an_illegal_cell_is_dropped_and_the_rest_stays(
    ontology: Ontology, config: ConfigMap
) -> None:
    found = composed(
        ontology,
        config,
        garment(ontology, "dress", color="red", sleeve="sleeveless", pattern="striped"),
        garment(ontology, "bag", color="blue", closure=["zip", "buckle"]),
    )
    assert [result["value"].get("choices") for result in found.results] == [
        None,
        ["red"],
        ["sleeveless"],
        None,
        ["blue"],
    ]
    assert len(found.dropped) == 2
    assert check_results(found.results, config, ontology) == ()


def test_a_region_that_no_label_fits_is_dropped_with_a_reason(ontology: Ontology) -> None:
    xml = """<View><Image name="image" value="$image"/>
      <RectangleLabels name="label" toName="image"><Label value="Bag"/></RectangleLabels></View>"""
    config = ConfigMap.parse(xml, ontology)
    found = composed(ontology, config, garment(ontology, "dress"), garment(ontology, "bag"))
    assert [result["value"]["rectanglelabels"] for result in found.results] == [["Bag"]]
    assert "dress" in found.dropped[0]


@pytest.mark.parametrize("score", [math.nan, math.inf, -0.5, 7.5])
def test_a_score_is_always_a_number_between_0_and_1(
    ontology: Ontology, config: ConfigMap, score: float
) -> None:
    broken = dataclasses.replace(
        garment(ontology, "bag"),
        category_score=score,
        attributes={AttributeId("closure"): (Answer(value=ValueId("zip"), score=score),)},
    )
    found = composed(ontology, config, broken)
    assert all(0 <= result["score"] <= 1 for result in found.results)
    assert 0 <= found.score <= 1
    json.loads(json.dumps([*found.results, found.score], allow_nan=False))


edges = st.floats(-50, 550, allow_nan=False)


@given(st.tuples(edges, edges, edges, edges), st.tuples(st.integers(8, 6000), st.integers(8, 6000)))
def test_no_box_reaches_beyond_the_picture_whatever_the_rounding(
    edge: tuple[float, float, float, float], image_wh: tuple[int, int]
) -> None:
    x0, x1 = sorted(edge[:2])
    y0, y1 = sorted(edge[2:])
    if x0 == x1 or y0 == y1:
        return
    ontology = load_ontology_once()
    config = config_once()
    scale_x, scale_y = image_wh[0] / 500, image_wh[1] / 500
    box = PixelBox(x0=x0 * scale_x, y0=y0 * scale_y, x1=x1 * scale_x, y1=y1 * scale_y)
    prediction = ImagePrediction(
        image_wh=image_wh, garments=(garment(ontology, "bag", box, closure="zip"),)
    )
    found = compose(prediction, digest="d", config=config, ontology=ontology, model_version="v1")
    assert check_results(found.results, config, ontology) == ()
    for result in found.results:
        value = result["value"]
        assert value["x"] >= 0
        assert value["x"] + value["width"] <= 100 + 1e-9
        assert value["y"] + value["height"] <= 100 + 1e-9


_ONCE: dict[str, Any] = {}


def load_ontology_once() -> Ontology:
    if "ontology" not in _ONCE:
        _ONCE["ontology"] = load_ontology(FIXTURES / "recorded.yaml")
    found: Ontology = _ONCE["ontology"]
    return found


def config_once() -> ConfigMap:
    if "config" not in _ONCE:
        xml = (FIXTURES / "payloads" / "labeling-config.working.xml").read_text("utf-8")
        _ONCE["config"] = ConfigMap.parse(xml, load_ontology_once())
    found: ConfigMap = _ONCE["config"]
    return found


def test_a_suggestion_stays_exactly_where_it_was_drawn(
    ontology: Ontology, config: ConfigMap
) -> None:
    request = json.loads(
        (FIXTURES / "payloads" / "predict.interactive.request.json").read_text("utf-8")
    )
    drawn = drawn_rectangle(request["params"]["context"]["result"])
    assert drawn is not None
    assert drawn["id"] == "Lny0GuTXl5"
    seen = garment(ontology, "dress", sleeve="long", color=["red", "blue"])

    def suggest() -> Any:
        return compose_suggestion(
            seen,
            drawn=drawn,
            image_wh=(400, 500),
            config=config,
            ontology=ontology,
            model_version="v1",
        )

    found = suggest().results
    for result in found:
        geometry = {key: drawn["value"][key] for key in ("x", "y", "width", "height", "rotation")}
        assert {key: result["value"][key] for key in geometry} == geometry
        assert result["id"].startswith("s_")
    assert len({result["id"] for result in found}) == 1
    assert found[0]["value"]["rectanglelabels"] == ["Dress"]
    assert {tuple(r["value"]["choices"]) for r in found[1:]} == {("long",), ("red", "blue")}
    assert suggest() == suggest()


@pytest.mark.parametrize(
    "path", [default_ontology_path(), FIXTURES / "furniture.yaml"], ids=["default", "furniture"]
)
def test_with_a_generated_config_nothing_that_was_decoded_is_dropped(path: Path) -> None:
    ontology = load_ontology(path)
    config = ConfigMap.parse(build_label_config(ontology), ontology)
    random = Random(5)  # noqa: S311 - scores, not secrets
    for leaf in ontology.leaves:
        scores = Scores(
            category={leaf: 0.9},
            attributes={
                attribute.id: {value.id: random.random() for value in attribute.values}
                for attribute in ontology.attributes
            },
        )
        decoded = decode(ontology, scores, category=leaf)
        seen = dataclasses.replace(
            garment_of(ontology, leaf, box=BOX), attributes=decoded.attributes
        )
        found = composed(ontology, config, seen)
        assert found.dropped == ()
        assert found.results[0]["value"]["rectanglelabels"] == [ontology.category(leaf).label]
        num_answered = sum(bool(answers) for answers in decoded.attributes.values())
        assert len(found.results) == 1 + num_answered
        assert check_results(found.results, config, ontology) == ()


@pytest.mark.parametrize(
    ("drawn", "sent"),
    [
        ({"x": -2, "y": 90, "width": 12, "height": 20}, (0, 90, 10, 10)),
        ({"x": 95, "y": 0, "width": 10, "height": 100.001}, (95, 0, 5, 100)),
        ({"x": 60, "y": 10, "width": 50, "height": 20, "rotation": 90}, (60, 10, 50, 20)),
        ({"x": 1, "y": 2, "width": 3, "height": 4, "rotation": None}, (1, 2, 3, 4)),
        ({"x": "1", "y": 2, "width": "3", "height": 4}, (1, 2, 3, 4)),
    ],
)
def test_a_rectangle_drawn_over_the_edge_still_gets_its_suggestion(
    ontology: Ontology, config: ConfigMap, drawn: dict[str, Any], sent: tuple[float, ...]
) -> None:
    found = compose_suggestion(
        garment(ontology, "bag", closure="zip"),
        drawn={"type": "rectanglelabels", "value": drawn},
        image_wh=(400, 500),
        config=config,
        ontology=ontology,
        model_version="v1",
    )
    assert len(found.results) == 2
    value = found.results[0]["value"]
    assert tuple(value[key] for key in ("x", "y", "width", "height")) == sent
    assert value["rotation"] == (drawn.get("rotation") or 0)


def test_without_a_rectangle_nothing_was_drawn() -> None:
    assert drawn_rectangle([]) is None
    assert drawn_rectangle([{"type": "choices", "value": {}}]) is None
    assert drawn_rectangle([{"type": "rectanglelabels", "value": None}]) is None
