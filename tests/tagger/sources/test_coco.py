"""COCO instances."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ontology.model import Ontology
from tagger.dataset import DatasetDescription, DatasetError, load_samples

Describe = Callable[[str], DatasetDescription]

DESCRIPTION = """\
kind: coco
annotations: instances.json
category:
  labels: {lamp: [desk_lamp, floor_lamp], light: [torch, lantern]}
  refine:
    - {column: fine, labels: {tall: [floor_lamp], "1": [torch]}}
scored_classes: [lamp]
"""
MASK = {"size": [12, 16], "counts": "0"}
INSTANCES = {
    "images": [{"id": 1, "file_name": "a.png"}, {"id": 2, "file_name": "gone.png"}],
    "categories": [{"id": 1, "name": "lamp"}, {"id": 2, "name": "light"}],
    "annotations": [
        {
            "id": 10,
            "image_id": 1,
            "category_id": 1,
            "bbox": [1, 2, 3, 4],
            "segmentation": MASK,
            "attributes": {"fine": "tall"},
        },
        {
            "id": 11,
            "image_id": 1,
            "category_id": 2,
            "bbox": [0, 0, 16, 12],
            "segmentation": [[0, 0, 1, 1, 2, 2]],
            "attributes": {"fine": 1},
        },
        {"id": 12, "image_id": 2, "category_id": 2, "bbox": [0, 0, 1, 1]},
        {"id": 13, "image_id": 1, "category_id": 2, "bbox": [0, 0, 1, 1], "iscrowd": 1},
    ],
}


def test_every_instance_of_a_found_picture_is_a_sample(
    describe: Describe, lamps: Ontology, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("deep/down/a.png")
    (tmp_path / "instances.json").write_text(json.dumps(INSTANCES))

    first, second = load_samples(describe(DESCRIPTION), ontology=lamps)

    assert (first.id, second.id) == ("set/a/10", "set/a/11")
    assert first.box is not None
    assert first.box.xywh == (1, 2, 3, 4)
    assert (first.mask, second.mask) == (MASK, None)
    assert first.label.categories == {"floor_lamp"}
    assert second.label.categories == {"torch"}
    assert first.source_labels == {"category": "lamp"}
    assert first.group == second.group
    assert first.split == second.split


def test_a_table_beside_the_description_says_which_garments_are_samples_and_what_they_are(
    describe: Describe, lamps: Ontology, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("a.png")
    (tmp_path / "instances.json").write_text(json.dumps(INSTANCES))
    described = describe(
        "kind: coco\nannotations: instances.json\n"
        "tables: [{file: eye.csv, id: garment}]\n"
        "category: {column: kind, labels: {torch: [torch], lantern: [lantern]}}\n"
    )
    rows = "garment,kind\n11,lantern\n12,torch\n"
    (described.file.parent / "eye.csv").write_text(rows)

    (only,) = load_samples(described, ontology=lamps)

    assert only.id == "set/a/11"
    assert only.source_labels == {"category": "lantern"}
    assert only.label.categories == {"lantern"}
    assert only.box is not None


def test_a_missing_table_of_garments_is_named(
    describe: Describe, lamps: Ontology, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("a.png")
    (tmp_path / "instances.json").write_text(json.dumps(INSTANCES))
    described = describe(DESCRIPTION + "tables: [{file: eye.csv}]\n")

    with pytest.raises(DatasetError, match=r"no eye\.csv there"):
        load_samples(described, ontology=lamps)


@pytest.mark.parametrize(
    "change",
    [
        {"annotations": [{"id": 1, "image_id": 1, "category_id": 9, "bbox": [0, 0, 1, 1]}]},
        {"annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 0, 1]}]},
        {"annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0]}]},
        {"categories": None},
    ],
)
def test_a_broken_file_is_refused_by_name(
    describe: Describe,
    lamps: Ontology,
    tmp_path: Path,
    paint: Callable[..., Path],
    change: dict[str, object],
) -> None:
    paint("a.png")
    (tmp_path / "instances.json").write_text(json.dumps({**INSTANCES, **change}))

    with pytest.raises(DatasetError, match=r"instances\.json: is no COCO instances file"):
        load_samples(describe(DESCRIPTION), ontology=lamps)


def test_a_missing_file_says_where_it_was_looked_for(describe: Describe, lamps: Ontology) -> None:
    with pytest.raises(DatasetError, match=r"no instances\.json there"):
        load_samples(describe(DESCRIPTION), ontology=lamps)
