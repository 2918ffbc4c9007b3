"""Rendered catalogs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ontology.model import Ontology
from tagger.dataset import (
    DatasetDescription,
    DatasetError,
    check_description,
    load_samples,
)

Describe = Callable[[str], DatasetDescription]

DESCRIPTION = (
    "kind: rendered\nannotations: annotations.json\norigin: rendered\n"
    "parts: {shade: [shade], power: [socket, plug]}\n"
)
GARMENT = {
    "box": [1, 1, 10, 8],
    "mask": None,
    "primary": True,
    "category": "desk_lamp",
    "attributes": {"shade": ["cone"], "power": ["mains", "solar"], "stand": ["clamp"]},
    "missing": ["stand"],
    "parts": {"shade": [1, 1, 4, 4]},
}


def test_drawn_garments_carry_their_ids_and_leave_gaps_where_told(
    describe: Describe, lamps: Ontology, tmp_path: Path, paint: Callable[..., Path]
) -> None:
    paint("images/1.png")
    catalog = {
        "format": 1,
        "ontology": "lamps",
        "images": [{"file": "1.png", "width": 16, "height": 12, "garments": [GARMENT, GARMENT]}],
    }
    (tmp_path / "annotations.json").write_text(json.dumps(catalog))

    first, second = load_samples(describe(DESCRIPTION), ontology=lamps)

    assert (first.id, second.id, first.origin) == ("set/1/0", "set/1/1", "rendered")
    assert first.box is not None
    assert first.box.xywh == (1, 1, 10, 8)
    assert first.label.categories == {"desk_lamp"}
    assert first.label.cells["shade"].any_of == {"cone"}  # type: ignore[index]
    assert first.label.cells["power"].positives == {"mains", "solar"}  # type: ignore[index]
    assert first.label.cells["power"].looked_at  # type: ignore[index]
    assert "stand" not in first.label.cells
    assert [box.xywh for box in first.parts["shade"]] == [(1, 1, 4, 4)]
    assert first.parts["power"] == ()


@pytest.mark.parametrize(
    ("catalog", "fault"),
    [
        ({"ontology": "chairs", "images": []}, "drawn for ontology 'chairs', expected 'lamps'"),
        ({"ontology": "lamps"}, "is no rendered catalog"),
        ([], "is no rendered catalog"),
    ],
)
def test_another_catalog_is_refused(
    describe: Describe, lamps: Ontology, tmp_path: Path, catalog: object, fault: str
) -> None:
    (tmp_path / "annotations.json").write_text(json.dumps(catalog))

    with pytest.raises(DatasetError, match=fault):
        load_samples(describe(DESCRIPTION), ontology=lamps)


def test_a_file_that_is_no_json_is_refused(
    describe: Describe, lamps: Ontology, tmp_path: Path
) -> None:
    (tmp_path / "annotations.json").write_text("{")

    with pytest.raises(DatasetError, match="cannot be read as JSON"):
        load_samples(describe(DESCRIPTION), ontology=lamps)


def test_a_part_of_an_attribute_that_the_ontology_lacks_is_refused(
    describe: Describe, lamps: Ontology
) -> None:
    description = describe(DESCRIPTION.replace("power:", "powder:"))

    [fault] = check_description(description, lamps)

    assert "'powder' is no attribute of the ontology" in fault
