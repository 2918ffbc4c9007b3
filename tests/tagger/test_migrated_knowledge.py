"""What a version says of itself, said in a changed ontology."""

from __future__ import annotations

import numpy as np
import pytest

from ontology.compare import compare
from ontology.load import parse_ontology
from tagger.migrated_knowledge import migrated_calibration, migrated_detector, migrated_taught
from tagger.offsets import Offsets
from tagger.reading import Reading
from tagger.scoring import Calibration
from tagger.texture_words import TextureLayer
from tagger.wording import Wording
from tests.tagger.conftest import LAMPS
from tests.tagger.corrected import taught

TREE = """
  - id: lamp
    label: Lamp
    children:
      - {id: desk_lamp, label: Desk lamp, aliases: [desk light]}
      - {id: floor_lamp, label: Floor lamp}
      - {id: lantern, label: Lantern}
      - {id: torch, label: Torch}
"""


def migration(lamps, *pairs: tuple[str, str]):
    text = LAMPS
    for before, after in pairs:
        assert before in text
        text = text.replace(before, after)
    return compare(lamps, parse_ontology(text, file="new.yaml"))


BLOCK = {
    "classes": [
        {"name": "standing", "leaves": ["desk_lamp", "floor_lamp"]},
        {"name": "other", "leaves": ["lantern", "torch"]},
    ],
    "threshold": 0.4,
}


def leaves(block) -> dict[str, list[str]]:
    return {entry["name"]: entry["leaves"] for entry in block["classes"]}


def test_classes_of_the_finder_follow_renamed_merged_and_removed_leaves(lamps):
    changed = migration(
        lamps,
        ("{id: torch, label: Torch}", "{id: hand_lamp, label: Hand lamp, was: [torch, lantern]}"),
        ("      - {id: lantern, label: Lantern}\n", ""),
        ("floor_lamp, lantern]", "floor_lamp]"),
    )

    assert leaves(migrated_detector(BLOCK, changed)) == {
        "standing": ["desk_lamp", "floor_lamp"],
        "other": ["hand_lamp"],
    }


def test_added_leaf_joins_the_class_of_its_siblings_else_the_last_one(lamps):
    alone = migration(lamps, (TREE, TREE + "  - {id: candle, label: Candle}\n"))
    beside = migration(
        lamps,
        ("      - {id: desk_lamp, label: Desk lamp, aliases: [desk light]}\n"
         "      - {id: floor_lamp, label: Floor lamp}\n",
         "      - id: standing\n        label: Standing\n        children:\n"
         "          - {id: desk_lamp, label: Desk lamp}\n"
         "          - {id: floor_lamp, label: Floor lamp}\n"
         "          - {id: arc_lamp, label: Arc lamp}\n"),
    )  # fmt: skip

    assert leaves(migrated_detector(BLOCK, alone))["other"] == ["candle", "lantern", "torch"]
    assert "arc_lamp" in leaves(migrated_detector(BLOCK, beside))["standing"]


def test_parts_of_a_split_leaf_are_mentioned_carried_and_not_told_apart(lamps):
    changed = migration(
        lamps,
        ("{id: desk_lamp, label: Desk lamp, aliases: [desk light]}",
         "{id: arm_lamp, label: Arm lamp, was: desk_lamp}\n"
         "      - {id: foot_lamp, label: Foot lamp, was: desk_lamp}"),
        ("[desk_lamp, floor_lamp, lantern]", "[arm_lamp, foot_lamp, floor_lamp, lantern]"),
        ("[desk_lamp, floor_lamp]", "[arm_lamp, floor_lamp]"),
        ("only_for: [desk_lamp]", "only_for: [arm_lamp]"),
    )  # fmt: skip

    known = migrated_taught(taught(lamps), changed)

    assert known.categories == {"floor_lamp"}
    assert known.mentioned_categories == {"arm_lamp", "foot_lamp", "floor_lamp"}
    assert known.carriers["shade"] == {"arm_lamp", "foot_lamp", "floor_lamp", "lantern"}
    assert known.carriers["stand"] == {"arm_lamp", "floor_lamp"}  # not where it does not apply
    assert known.counts["category"] == {"floor_lamp": 40}


def test_removed_attribute_leaves_nothing_behind(lamps):
    end = LAMPS[LAMPS.index("  - id: stand") :]
    changed = migration(lamps, (end, ""))
    calibration = Calibration(
        temperatures={"stand": 2.0}, thresholds={"stand": 0.9}, street={"stand": 0.95}
    )

    known = migrated_taught(taught(lamps), changed)

    assert "stand" not in {*known.values, *known.mentioned, *known.carriers, *known.counts}
    moved = migrated_calibration(calibration, changed)
    assert (dict(moved.temperatures), dict(moved.thresholds), dict(moved.street)) == ({}, {}, {})


def test_thresholds_of_street_photographs_follow_a_renamed_attribute(lamps):
    changed = migration(
        lamps,
        ("  - id: shade\n    label: Shade", "  - id: screen\n    label: Screen\n    was: shade"),
    )

    moved = migrated_calibration(Calibration(street={"category": 0.9, "shade": 0.8}), changed)

    assert moved.street == {"category": 0.9, "screen": 0.8}


@pytest.mark.parametrize(
    ("key", "expected"),
    [("shade", ["screen"]), ("shade@forms", ["screen@forms"]), ("category", ["category"])],
)
def test_wordings_and_offsets_follow_a_renamed_attribute(lamps, key, expected):
    changed = migration(
        lamps,
        ("  - id: shade\n    label: Shade", "  - id: screen\n    label: Screen\n    was: shade"),
    )
    reading = Reading(weight=np.zeros((2, 3)), bias=np.zeros(2))
    wording = Wording(source="shop", key=key, names=("a", "b"), embedding=reading)
    layer = TextureLayer(source="shop", inner=Reading(weight=np.zeros((2, 3)), bias=np.zeros(2)))
    offsets = Offsets(source="shop", key=key, by_label={"a": 1.0})

    calibration = Calibration(wordings=(wording,), textures=(layer,), offsets=(offsets,))

    moved = migrated_calibration(calibration, changed)

    assert [one.key for one in moved.wordings] == expected
    assert [one.key for one in moved.offsets] == expected
    assert moved.textures == (layer,)
