"""What is said about a change."""

from __future__ import annotations

import json

import pytest

from ontology import parse_ontology
from ontology.compare import compare
from ontology.diff import changes, to_json

OLD = """
format: 1
id: lamps
version: "1"
label: Lamps
categories:
  - {id: desk, label: Desk}
  - {id: floor, label: Floor}
attributes:
  - id: shade
    label: Shade
    kind: exclusive
    applies_to: [desk]
    values:
      - {id: cone, label: Cone}
      - {id: drum, label: Drum}
      - {id: globe, label: Globe}
"""


def found(*pairs: tuple[str, str]):
    text = OLD
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    old, new = (parse_ontology(t, file="lamps.yaml") for t in (OLD, text))
    return compare(old, new)


@pytest.mark.parametrize(
    ("pair", "line", "heads", "labels"),
    [
        (
            (
                "{id: globe, label: Globe}",
                "{id: globe, label: Globe}\n      - {id: ball, label: Ball}",
            ),
            "value added: shade.ball",
            "fresh",
            "kept",
        ),
        (
            ("      - {id: globe, label: Globe}\n", ""),
            "value removed: shade.globe",
            "dropped",
            "unknown",
        ),
        (
            ("id: globe, label: Globe", "id: ball, label: Globe, was: globe"),
            "value renamed: shade.globe -> shade.ball",
            "row kept",
            "renamed",
        ),
        (
            (
                "      - {id: cone, label: Cone}\n      - {id: drum",
                "      - {id: cone, was: [cone, drum]",
            ),
            "value merged: shade.cone + shade.drum -> shade.cone",
            "averaged",
            "renamed",
        ),
        (
            (
                "{id: globe, label: Globe}",
                "{id: globe, label: Globe}\n      - {id: ball, label: Ball, was: globe}",
            ),
            "value split: shade.globe -> shade.globe + shade.ball",
            "copied",
            "one of shade.globe, shade.ball",
        ),
        (
            ("label: Globe", "label: Sphere"),
            "value wording: shade.globe ('Globe' -> 'Sphere')",
            "kept",
            "kept",
        ),
        (
            ("id: floor, label: Floor", "id: tall, label: Floor, was: floor"),
            "category renamed: floor -> tall",
            "row kept",
            "renamed",
        ),
        (
            ("applies_to: [desk]", "applies_to: [floor]"),
            "attribute applicability: shade (no longer for desk)",
            "kept",
            "not applicable there",
        ),
        (
            ("kind: exclusive", "kind: multiple"),
            "attribute kind: shade (exclusive -> multiple)",
            "kept",
            "as far as they follow",
        ),
        (
            ("id: shade\n    label: Shade", "id: form\n    label: Shade\n    was: shade"),
            "attribute renamed: shade -> form",
            "branch kept",
            "renamed",
        ),
    ],
)
def test_change_is_named_with_what_it_does(pair, line, heads, labels):
    lines = {change.line: change for change in changes(found(pair))}

    assert line in lines
    assert heads in lines[line].heads
    assert labels in lines[line].labels


def test_renamed_attribute_does_not_name_each_of_its_values():
    pair = ("id: shade\n    label: Shade", "id: form\n    label: Shade\n    was: shade")

    assert [change.line for change in changes(found(pair))] == ["attribute renamed: shade -> form"]


def test_same_file_has_no_changes():
    assert changes(found()) == ()


def test_json_holds_every_change():
    plain = to_json(found(("label: Globe", "label: Sphere")))

    assert json.loads(json.dumps(plain))["changes"][0]["kind"] == "wording"
    assert plain["old"] == {"id": "lamps", "version": "1"}
