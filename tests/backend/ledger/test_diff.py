"""Annotations against the predictions that they came from."""

from __future__ import annotations

from typing import Any

import pytest

from backend.ledger.diff import CellDiff, RegionDiff, Trust, diff_annotation
from ontology.config_map import ConfigMap
from ontology.label_config import build_label_config
from tests.backend.ledger.support import CONFIG, box, choice, recorded_ontology

ONTOLOGY = recorded_ontology()
RECORDED = ConfigMap.parse(CONFIG, ONTOLOGY)
GENERATED = ConfigMap.parse(build_label_config(ONTOLOGY), ONTOLOGY)
SHOWN = [box("a"), choice("a", "sleeve", "short"), choice("a", "color", "red", "blue")]


def _diff(
    after: list[Any],
    before: list[Any],
    *,
    config: ConfigMap = RECORDED,
    trust: Trust | None = None,
) -> dict[str, RegionDiff]:
    found = diff_annotation(
        after, before, config=config, ontology=ONTOLOGY, trust=trust or Trust(accepted_weight=0.25)
    )
    return {region.region_id: region for region in found}


def _cell(
    after: list[Any], before: list[Any], attribute: str = "sleeve", **more: Any
) -> CellDiff | None:
    (region,) = _diff(after, before, **more).values()
    return next((cell for cell in region.cells if cell.attribute == attribute), None)


@pytest.mark.parametrize(
    ("after", "change", "weight", "weight_in_gate"),
    [
        ([choice("a", "sleeve", "long")], "changed", 1.0, True),
        ([choice("a", "sleeve", "short")], "accepted", 0.25, False),
        ([], "removed", 1.0, False),
        ([choice("a", "sleeve", "Flügel")], "blank", 0.0, False),
    ],
)
def test_cell_counts_as_the_table_says(
    after: list[Any], change: str, weight: float, weight_in_gate: bool
) -> None:
    plain = _cell([box("a"), *after], SHOWN)
    blind = _cell([box("a"), *after], SHOWN, trust=Trust(is_blind=True, accepted_weight=0.25))

    assert plain is not None
    assert blind is not None
    assert (plain.change, plain.weight, plain.counts_for_gate) == (change, weight, False)
    assert blind.counts_for_gate is weight_in_gate


def test_value_where_nothing_was_predicted_is_added() -> None:
    cell = _cell([box("a"), choice("a", "sleeve", "long")], [box("a")])

    assert cell is not None
    assert (cell.change, cell.before, cell.after, cell.weight) == ("added", (), ("long",), 1.0)


def test_blank_cell_of_which_nothing_was_predicted_is_missing() -> None:
    cell = _cell([box("a")], [box("a")])

    assert cell is not None
    assert (cell.change, cell.weight) == ("blank", 0.0)


def test_what_was_predicted_keeps_its_score() -> None:
    shown = [box("a"), choice("a", "sleeve", "short", score=0.8)]
    cell = _cell([box("a"), choice("a", "sleeve", "long", score=0.8)], shown)

    assert cell is not None
    assert cell.score == 0.8


@pytest.mark.parametrize(
    ("label", "change"), [("cannot_tell_label", "cannot_tell"), ("other_label", "other")]
)
def test_answers_that_are_no_values_teach_nothing(label: str, change: str) -> None:
    tag = GENERATED.choices[ONTOLOGY.attributes[1].id, ONTOLOGY.leaves[0]]
    assert tag.attribute == "sleeve"
    said = [
        box("a", GENERATED.label_by_category[ONTOLOGY.leaves[0]], from_name=GENERATED.label_tag),
        choice("a", tag.name, getattr(tag, label)),
    ]

    cell = _cell(said, [], config=GENERATED, trust=Trust(is_blind=True))

    assert cell is not None
    assert (cell.change, cell.weight, cell.counts_for_gate) == (change, 0.0, False)


@pytest.mark.parametrize(
    ("chosen", "change"),
    [
        (("blue", "red"), "accepted"),
        (("red",), "changed"),
        (("red", "blue", "black"), "changed"),
        ((), "removed"),
    ],
)
def test_several_values_are_compared_as_a_set(chosen: tuple[str, ...], change: str) -> None:
    after = [box("a"), *([choice("a", "color", *chosen)] if chosen else [])]

    cell = _cell(after, SHOWN, "color")

    assert cell is not None
    assert cell.change == change
    assert cell.after == tuple(sorted(chosen))


def test_cell_gone_because_the_category_changed_is_not_applicable() -> None:
    cell = _cell([box("a", "Bag"), choice("a", "color", "red", "blue")], SHOWN)

    assert cell is not None
    assert (cell.change, cell.before, cell.after) == ("not_applicable", ("short",), ())
    assert not cell.counts_for_gate


def test_question_that_another_category_asks_otherwise_was_not_answered_by_removing() -> None:
    xml = CONFIG.replace(
        '<Choices name="sleeve" toName="image" perRegion="true" choice="single-radio" '
        'showInline="true" whenTagName="label" whenLabelValue="Dress,Shirt"',
        '<Choices name="sleeve__dress" toName="image" perRegion="true" choice="single-radio" '
        'whenTagName="label" whenLabelValue="Dress" visibleWhen="region-selected">'
        '<Choice value="short"/></Choices>'
        '<Choices name="sleeve" toName="image" perRegion="true" choice="single-radio" '
        'showInline="true" whenTagName="label" whenLabelValue="Shirt"',
    )
    assert xml != CONFIG
    config = ConfigMap.parse(xml, ONTOLOGY)

    cell = _cell([box("a", "Dress")], SHOWN, config=config)

    assert cell is not None
    assert (cell.change, cell.weight) == ("blank", 0.0)


@pytest.mark.parametrize(
    ("after", "change"),
    [
        (box("a"), "kept"),
        (box("a", x=10.4), "kept"),
        (box("a", x=11.5), "moved"),
        (box("a", "Dress"), "relabelled"),
        (box("a", "Dress", x=50), "relabelled"),
        (box("a", "Hovercraft"), "relabelled"),
    ],
)
def test_regions_are_kept_moved_or_relabelled(after: Any, change: str) -> None:
    assert _diff([after], [box("a")])["a"].change == change


def test_turned_box_was_moved() -> None:
    turned = box("a")
    turned["value"] = turned["value"] | {"rotation": 10}

    assert _diff([turned], [box("a")])["a"].change == "moved"


def test_regions_are_added_and_deleted() -> None:
    found = _diff([box("b")], [box("a"), choice("a", "sleeve", "short")])

    assert {name: region.change for name, region in found.items()} == {
        "a": "deleted",
        "b": "added",
    }
    assert found["a"].cells == ()
    assert (found["a"].box_after, found["b"].box_before) == (None, None)


def test_box_filled_by_the_model_at_request_is_not_an_independent_answer() -> None:
    said = [box("s_1"), choice("s_1", "sleeve", "long")]

    cell = _cell(said, [], trust=Trust(is_blind=True, accepted_weight=0.25))

    assert cell is not None
    assert (cell.change, cell.before, cell.weight) == ("accepted", ("long",), 0.25)
    assert not cell.counts_for_gate


def test_ground_truth_counts_whatever_was_suggested() -> None:
    trust = Trust(ground_truth=True)

    accepted = _cell([box("a"), choice("a", "sleeve", "short")], SHOWN, trust=trust)
    removed = _cell([box("a")], SHOWN, trust=trust)

    assert accepted is not None
    assert removed is not None
    assert (accepted.counts_for_gate, removed.counts_for_gate) == (True, False)


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"id": "a"},
        {"id": ["a"], "from_name": "label"},
        {"id": "a", "from_name": "label", "type": "rectanglelabels", "value": None},
        {"id": "a", "from_name": {"x": 1}, "value": {"choices": 3}},
        {"id": "a", "from_name": "sleeve", "type": "choices", "value": {"choices": [1, None]}},
        box("a", score="high") | {"value": {"x": "left"}},
        box("a") | {"value": {"x": float("nan"), "y": 1, "width": 2, "height": 10**400}},
        choice("nobody", "sleeve", "short"),
    ],
)
def test_odd_results_are_left_out(odd: Any) -> None:
    assert _diff([odd, box("b")], [odd]).keys() == {"b"}
