"""A folder for each class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ontology.model import Ontology
from tagger.dataset import DatasetDescription, DatasetError, load_samples
from tagger.sources.folder import read_folders

Describe = Callable[[str], DatasetDescription]
Paint = Callable[..., Path]

DESCRIPTION = """\
kind: folder
split: {by: folder, folders: {train: train, validation: validation}}
category:
  labels: {desk: [desk_lamp], pocket: [torch]}
"""


@pytest.fixture
def pictures(paint: Paint, tmp_path: Path) -> Path:
    names = ("train/desk/a", "train/pocket/b", "validation/desk/c", "validation/pocket/d")
    for shade, name in enumerate(names):
        paint(f"{name}.png", shade)
    return tmp_path


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("split", "keys"),
    [
        ("train", ["train/desk/a", "train/pocket/b"]),
        ("validation", ["validation/desk/c", "validation/pocket/d"]),
        (None, ["train/desk/a", "train/pocket/b", "validation/desk/c", "validation/pocket/d"]),
    ],
)
def test_the_sources_own_split_is_kept(
    describe: Describe, lamps: Ontology, split: str | None, keys: list[str]
) -> None:
    samples = load_samples(describe(DESCRIPTION), ontology=lamps, split=split)  # type: ignore[arg-type]

    assert [sample.id.removeprefix("set/") for sample in samples] == keys


@pytest.mark.parametrize("layout", ["{}", "test/{}", "validation/{}", "deep/er/{}", "{}/more"])
def test_with_a_root_every_picture_is_used_whatever_its_folders_are_called(
    describe: Describe, lamps: Ontology, paint: Paint, tmp_path: Path, layout: str
) -> None:
    paint("elsewhere/" + layout.format("desk") + "/a.PNG")
    paint("elsewhere/" + layout.format("pocket") + "/b.jpeg", 1)

    samples = load_samples(
        describe(DESCRIPTION), root=tmp_path / "elsewhere", ontology=lamps, split="all"
    )

    assert [sample.source_labels["category"] for sample in samples] == ["desk", "pocket"]


def test_the_root_may_be_a_class_folder_itself(
    describe: Describe, lamps: Ontology, paint: Paint, tmp_path: Path
) -> None:
    paint("desk/a.png")

    (sample,) = load_samples(describe(DESCRIPTION), root=tmp_path / "desk", ontology=lamps)

    assert sample.label.categories == {"desk_lamp"}


def test_a_picture_outside_of_every_class_is_an_error_and_not_dropped(
    describe: Describe, lamps: Ontology, paint: Paint
) -> None:
    paint("train/sofa/a.png")

    with pytest.raises(DatasetError, match=r"sofa/a\.png: lies in no folder of a class of 'set'"):
        load_samples(describe(DESCRIPTION), ontology=lamps)


def test_hidden_files_and_other_files_are_no_pictures(
    describe: Describe, lamps: Ontology, pictures: Path, paint: Paint
) -> None:
    paint("train/desk/.hidden.png")
    (pictures / "train/desk/Thumbs.db").write_bytes(b"x")

    assert len(load_samples(describe(DESCRIPTION), ontology=lamps)) == 4


def test_a_stray_picture_is_left_out_and_the_others_are_read(paint, describe):
    paint("a.png")
    paint("Desk/b.png", 1)
    description = describe("kind: folder\ncategory:\n  labels: {desk: [desk_lamp]}\n")

    records = list(read_folders(description, description.default_root))

    assert [record.key for record in records] == ["Desk/b"]


def test_a_linked_folder_is_read_once(paint, describe, tmp_path):
    paint("real/desk/a.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "data" / "again").symlink_to(tmp_path / "real")
    description = describe("kind: folder\ncategory:\n  labels: {desk: [desk_lamp]}\n")

    records = list(read_folders(description, tmp_path / "data"))

    assert len(records) == 1
