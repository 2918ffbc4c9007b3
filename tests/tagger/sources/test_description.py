"""The description file: what is wrong with it is said with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ontology.model import Ontology
from tagger.dataset import DatasetDescription, DatasetError, check_description, load_description

Describe = Callable[[str], DatasetDescription]

FOLDERS = """\
kind: folder
category:
  labels:
    desk: [desk_lamp]
    other: [floor_lamp, lantern]
attributes:
  shade:
    column: shape
    labels: {cone: cone, round: [globe, drum]}
"""


def test_a_label_stands_for_a_set_of_ids_and_a_lone_id_needs_no_list(describe: Describe) -> None:
    description = describe(FOLDERS)

    assert description.vocabulary("category") == {
        "desk": {"desk_lamp"},
        "other": {"floor_lamp", "lantern"},
    }
    assert description.vocabulary("shade") == {"cone": {"cone"}, "round": {"globe", "drum"}}
    assert description.columns() == ("category", "shade")


def test_a_column_that_the_source_lacks_has_no_vocabulary(describe: Describe) -> None:
    with pytest.raises(DatasetError, match="no labels of 'stand'"):
        describe(FOLDERS).vocabulary("stand")


def test_the_default_root_is_relative_to_the_file(describe: Describe, tmp_path: Path) -> None:
    assert describe(FOLDERS).default_root == tmp_path


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"gone\.yaml: cannot read"):
        load_description(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("kind: zip\n", r"set\.yaml:6: kind: input should be 'folder', 'csv'"),
        ("kind: folder\n", r"set\.yaml:6: kind folder needs `category`"),
        ("kind: coco\n", r"set\.yaml:6: kind coco needs `annotations`"),
        ("kind: csv\n", r"kind csv needs a table with role rows"),
        ("kind: folder\nkind: csv\n", r"set\.yaml:7: the key 'kind' is written twice"),
        ("kind: folder\ncolour: red\n", r"set\.yaml:7: colour: extra inputs"),
        ("kind: folder\npixel_aspect: 0\n", r"set\.yaml:7: pixel_aspect: input should be greater"),
        ("kind: [\n", r"not valid YAML"),
        (
            "kind: csv\ntables: [{file: a.csv}]\nparts: {shade: [rim]}\n",
            r"only kind rendered knows where parts lie",
        ),
        (
            "kind: rendered\nannotations: a.json\ncategory: {labels: {a: [desk_lamp]}}\n",
            "takes no maps",
        ),
        (
            "kind: csv\ntables: [{file: a.csv}]\nwithout_habits: [size]\n",
            r"set\.yaml:8: size is no column of set; name those that are",
        ),
        (
            "kind: csv\ntables: [{file: a.csv}]\nsplit: {by: column}\n",
            r"set\.yaml:8: a split by column needs `column`",
        ),
        (
            "kind: csv\ntables: [{file: a.csv}, {file: b.csv}]\n"
            "attributes:\n  shade: {labels: {x: [cone]}}\n",
            r"set\.yaml:9: shade: `table` must be one of a\.csv, b\.csv",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(
    describe: Describe, text: str, fault: str
) -> None:
    with pytest.raises(DatasetError, match=fault):
        describe(text)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[desk_lamp]", "[desk_lamb]", r"set\.yaml:9: 'desk': 'desk_lamb' is no leaf category"),
        ("[desk_lamp]", "[lamp]", r"'lamp' is no leaf category"),
        ("cone: cone", "cone: kone", r"set\.yaml:14: 'cone': 'kone' is no value of 'shade'"),
        ("shade:", "shady:", r"set\.yaml:12: 'shady' is no attribute"),
        (
            "attributes:",
            "implies: {category: {sofa: {shade: [cone]}}}\nattributes:",
            "'sofa' is no label of 'category'",
        ),
        (
            "attributes:",
            "implies: {category: {desk: {shade: [x]}}}\nattributes:",
            r"'shade' has no value \['x'\]",
        ),
        ("attributes:", "scored_classes: [sofa]\nattributes:", "'sofa' is no class"),
        ("column: shape", "vocabulary: [moon]", "'moon' is no value of 'shade'"),
    ],
)
def test_ids_that_the_ontology_lacks_are_listed_with_their_line(
    describe: Describe, lamps: Ontology, old: str, new: str, fault: str
) -> None:
    faults = "\n".join(check_description(describe(FOLDERS.replace(old, new)), lamps))

    assert re.search(fault, faults), faults


def test_a_fitting_description_has_no_faults(describe: Describe, lamps: Ontology) -> None:
    assert check_description(describe(FOLDERS), lamps) == ()


def test_one_label_may_not_mean_two_things_in_two_tables(
    describe: Describe, lamps: Ontology
) -> None:
    description = describe("""\
        kind: csv
        tables: [{file: a.csv}, {file: b.csv}]
        attributes:
          shade:
            - {table: a.csv, labels: {plain: [cone]}}
            - {table: b.csv, labels: {plain: [drum]}}
        """)

    assert "'plain' stands for different values" in check_description(description, lamps)[0]


def test_a_source_in_the_ontologys_own_words_maps_every_id_to_itself(
    describe: Describe, lamps: Ontology
) -> None:
    description = describe("kind: rendered\nannotations: annotations.json\n")

    assert description.vocabulary("stand", lamps) == {
        "clamp": {"clamp"},
        "tripod": {"tripod"},
        "base": {"base"},
    }
    assert description.columns(lamps) == ("category", "shade", "power", "stand")
    with pytest.raises(DatasetError, match="not the shipped one"):
        description.vocabulary("stand")
