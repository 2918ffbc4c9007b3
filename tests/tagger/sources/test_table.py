"""CSV files with a row a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ontology.model import Ontology
from tagger.dataset import DatasetDescription, DatasetError, load_dataset, load_samples

Describe = Callable[[str], DatasetDescription]
Paint = Callable[..., Path]

ONE = """\
kind: csv
pixel_aspect: 0.75
tables: [{file: labels.csv, id: id}]
split: {by: column, column: title, validation_share: 0.5, seed: 1}
category: {column: kind, labels: {desk: [desk_lamp], pocket: [torch]}}
attributes:
  shade: {column: shape, labels: {cone: [cone], drum: [drum]}, cannot_tell: [unclear]}
"""
JOINED = """\
kind: csv
tables:
  - {file: labels.csv, id: id, role: join}
  - {file: eyes.csv, id: id}
split: {by: column, column: title, validation_share: 0.5, seed: 1}
category: {table: labels.csv, column: kind, labels: {desk: [desk_lamp], pocket: [torch]}}
attributes:
  shade: {table: eyes.csv, labels: {cone: [cone], drum: [drum]}, cannot_tell: [unclear]}
"""
LABELS = """\
id,kind,shape,title
1,desk,cone,Red lamp
2,desk,,Red lamp
3,pocket,drum,"Torch, small"
4.jpg,desk,unclear,Blue  LAMP
5,desk,cone,blue lamp
"""


@pytest.fixture
def pictures(paint: Paint, tmp_path: Path) -> Path:
    for number in range(1, 6):
        paint(f"images/{number}.png", number)
    (tmp_path / "labels.csv").write_text(LABELS)
    return tmp_path


@pytest.mark.usefixtures("pictures")
def test_rows_become_labels_and_empty_cells_are_missing(
    describe: Describe, lamps: Ontology
) -> None:
    samples = load_samples(describe(ONE), ontology=lamps)

    assert [sample.id for sample in samples] == [f"set/{n}" for n in range(1, 6)]
    assert [sample.source_labels.get("shade") for sample in samples] == [
        "cone",
        None,
        None,
        None,
        "cone",
    ]
    assert {sample.aspect for sample in samples} == {0.75}
    assert samples[2].label.categories == {"torch"}


@pytest.mark.usefixtures("pictures")
def test_what_shares_a_title_shares_a_group_whatever_its_case(
    describe: Describe, lamps: Ontology
) -> None:
    groups = [sample.group for sample in load_samples(describe(ONE), ontology=lamps)]

    assert groups[0] == groups[1]
    assert groups[3] == groups[4]
    assert len(set(groups)) == 3


def test_byte_identical_pictures_share_a_group_though_their_titles_differ(
    describe: Describe, lamps: Ontology, pictures: Path
) -> None:
    (pictures / "images/3.png").write_bytes((pictures / "images/5.png").read_bytes())

    groups = [sample.group for sample in load_samples(describe(ONE), ontology=lamps)]

    assert groups[2] == groups[3] == groups[4] != groups[0]


@pytest.mark.usefixtures("pictures")
def test_the_two_sides_of_a_split_share_no_group_and_make_the_whole(
    describe: Describe, lamps: Ontology
) -> None:
    description = describe(ONE)
    train = load_samples(description, ontology=lamps, split="train")
    held_out = load_samples(description, ontology=lamps, split="validation")

    assert {s.group for s in train}.isdisjoint({s.group for s in held_out})
    assert {s.id for s in [*train, *held_out]} == {
        s.id for s in load_samples(description, ontology=lamps)
    }


def test_a_picture_judged_twice_counts_where_both_agree(
    describe: Describe, lamps: Ontology, pictures: Path
) -> None:
    (pictures / "eyes.csv").write_text(
        "id,judge,shade\n1,A,cone\n1,B,cone\n2,A,cone\n2,B,drum\n4,A,unclear\n4,B,drum\n5,A,drum\n"
    )

    samples = {s.id: s for s in load_samples(describe(JOINED), ontology=lamps)}

    assert sorted(samples) == ["set/1", "set/2", "set/4", "set/5"]
    assert samples["set/1"].source_labels == {"category": "desk", "shade": "cone"}
    assert samples["set/2"].source_labels == {"category": "desk"}
    assert "shade" not in samples["set/4"].label.cells
    assert samples["set/5"].source_labels["shade"] == "drum"


def test_labels_beside_the_description_add_to_those_under_the_root(
    describe: Describe, lamps: Ontology, pictures: Path
) -> None:
    """Rows about pictures that are not there add nothing; agreement counts across both files."""
    (pictures / "eyes.csv").write_text("id,shade\n1,cone\n2,cone\n")
    (pictures / "added.csv").write_text("id,shade\n2,drum\n5,drum\n99,cone\n")
    both = JOINED.replace("{file: eyes.csv, id: id}", "{file: eyes.csv, id: id, more: added.csv}")

    samples = {s.id: s.source_labels for s in load_samples(describe(both), ontology=lamps)}

    assert samples == {
        "set/1": {"category": "desk", "shade": "cone"},
        "set/2": {"category": "desk"},
        "set/5": {"category": "desk", "shade": "drum"},
    }


def test_a_set_with_fewer_rows_is_split_like_the_set_that_it_is_taken_from(
    describe: Describe, lamps: Ontology, pictures: Path
) -> None:
    """Pictures 2 and 3 are equal: through picture 2, which has no row, 3 belongs to 1."""
    (pictures / "eyes.csv").write_text("id,shade\n1,cone\n3,drum\n")
    (pictures / "images/3.png").write_bytes((pictures / "images/2.png").read_bytes())

    whole = {s.id: (s.group, s.split) for s in load_samples(describe(ONE), ontology=lamps)}
    loaded = load_dataset(describe(JOINED), ontology=lamps)

    assert {s.id: (s.group, s.split) for s in loaded.samples} == {
        name: whole[name] for name in ("set/1", "set/3")
    }
    assert loaded.report.num_unlabelled == 3


def test_a_root_without_the_joined_table_still_has_its_own_labels(
    describe: Describe, lamps: Ontology, paint: Paint, tmp_path: Path
) -> None:
    paint("other/test/1.png")
    (tmp_path / "other/eyes.csv").write_text("id,shade\n1,cone\n")

    (sample,) = load_samples(describe(JOINED), root=tmp_path / "other", ontology=lamps)

    assert sample.source_labels == {"shade": "cone"}


def test_pictures_and_tables_are_found_anywhere_under_a_root(
    describe: Describe, lamps: Ontology, paint: Paint, tmp_path: Path
) -> None:
    for shade, name in enumerate(("test/a/1", "train/1", "2")):
        paint(f"other/{name}.png", shade)
    (tmp_path / "other/test").mkdir(exist_ok=True)
    (tmp_path / "other/test/labels.csv").write_text("id,kind,shape,title\n1,desk,cone,x\n")
    (tmp_path / "other/labels.csv").write_text("id,kind,shape,title\n2,pocket,,y\n")

    samples = load_samples(describe(ONE), root=tmp_path / "other", ontology=lamps)

    assert len({s.id for s in samples}) == 3
    assert [s.source_labels["category"] for s in samples] == ["pocket", "desk", "desk"]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (b"id,kind,title\n1,desk,x\n", r"labels\.csv: lacks the column shape"),
        (b"number,kind,shape,title\n", r"lacks the column id"),
        (b"\xff\xfe\x00", "cannot be read as a CSV file in UTF-8"),
        (b"", "lacks the column"),
    ],
)
def test_a_wrong_table_is_refused_by_name(
    describe: Describe, lamps: Ontology, pictures: Path, table: bytes, fault: str
) -> None:
    (pictures / "labels.csv").write_bytes(table)

    with pytest.raises(DatasetError, match=fault):
        load_samples(describe(ONE), ontology=lamps)


def test_a_missing_table_says_what_to_do(
    describe: Describe, lamps: Ontology, pictures: Path
) -> None:
    (pictures / "labels.csv").unlink()

    with pytest.raises(DatasetError, match=r"no labels\.csv there; put the table there"):
        load_samples(describe(ONE), ontology=lamps)
