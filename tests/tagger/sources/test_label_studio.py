"""Label Studio exports."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ontology.labels import CellState
from ontology.model import Ontology
from tagger.dataset import DatasetDescription, DatasetError, Sample, load_samples

Describe = Callable[[str], DatasetDescription]
Paint = Callable[..., Path]

DESCRIPTION = "kind: label-studio\nannotations: export.json\naccepted_weight: 0.3\n"
GEOMETRY = {"original_width": 16, "original_height": 12, "image_rotation": 0}


def box(region: str, label: str, **more: Any) -> dict[str, Any]:
    value = {"x": 25, "y": 0, "width": 50, "height": 50, "rectanglelabels": [label]}
    return {
        **GEOMETRY,
        "id": region,
        "from_name": "label",
        "to_name": "image",
        "type": "rectanglelabels",
        "value": value,
        "origin": "manual",
        **more,
    }


def choice(region: str, tag: str, *values: str, **more: Any) -> dict[str, Any]:
    return {
        "id": region,
        "from_name": tag,
        "to_name": "image",
        "type": "choices",
        "value": {"choices": list(values)},
        "origin": "manual",
        **more,
    }


def task(image: str, *annotations: dict[str, Any]) -> dict[str, Any]:
    return {"id": 1, "data": {"image": image}, "annotations": list(annotations)}


def annotation(*results: dict[str, Any], **more: Any) -> dict[str, Any]:
    head = {"id": 7, "was_cancelled": False, "ground_truth": False, "lead_time": 3.5}
    return {**head, "updated_at": "2026-01-01T00:00:00Z", "result": list(results), **more}


@pytest.fixture
def loaded(describe: Describe, lamps: Ontology, tmp_path: Path) -> Callable[..., list[Sample]]:
    def load(*tasks: dict[str, Any]) -> list[Sample]:
        (tmp_path / "export.json").write_text(json.dumps(tasks))
        return load_samples(describe(DESCRIPTION), ontology=lamps)

    return load


def test_a_region_becomes_a_box_with_its_category_and_values(
    loaded: Callable[..., list[Sample]], paint: Paint
) -> None:
    paint("a.png")
    regions = (
        box("r1", "Desk light"),
        choice("r1", "shade__2", "Cone"),
        choice("r1", "power", "Mains", "Solar"),
        choice("r1", "comment", "x"),
    )

    (sample,) = loaded(task("/data/upload/3/0a1b2c3d-a.png", annotation(*regions)))

    assert sample.box is not None
    assert sample.box.xyxy == (4, 0, 12, 6)
    assert sample.label.categories == {"desk_lamp"}
    assert sample.label.cells["shade"].any_of == {"cone"}  # type: ignore[index]
    power = sample.label.cells["power"]  # type: ignore[index]
    assert (power.positives, power.looked_at) == ({"mains", "solar"}, True)
    assert sample.source_labels == {"category": "desk_lamp", "shade": "cone"}


def test_cannot_tell_and_other_are_answers_and_no_values(
    loaded: Callable[..., list[Sample]], paint: Paint
) -> None:
    paint("a.png")
    regions = (
        box("r1", "Desk lamp"),
        choice("r1", "shade", "Cannot tell"),
        choice("r1", "stand", "Other / not in the list"),
    )

    (sample,) = loaded(task("http://host/pictures/a.png?x=1", annotation(*regions)))

    assert sample.label.cells["shade"].state is CellState.CANNOT_TELL  # type: ignore[index]
    assert sample.label.cells["stand"].negatives == {"clamp", "tripod", "base"}  # type: ignore[index]


def test_a_prediction_that_was_left_as_it_was_weighs_less(
    loaded: Callable[..., list[Sample]], paint: Paint
) -> None:
    paint("a.png")
    regions = (
        box("r1", "Desk lamp", origin="prediction"),
        choice("r1", "shade", "Cone", origin="prediction"),
        choice("r1", "stand", "Clamp", origin="prediction-changed"),
    )

    (sample,) = loaded(task("/data/local-files/?d=lamps/a.png", annotation(*regions)))

    assert sample.label.cells["shade"].weight == 0.3  # type: ignore[index]
    assert sample.label.cells["stand"].weight == 1  # type: ignore[index]


def test_skipped_tasks_and_bulk_copies_of_predictions_say_nothing(
    loaded: Callable[..., list[Sample]], paint: Paint
) -> None:
    paint("a.png")
    skipped = annotation(box("r1", "Torch"), was_cancelled=True)
    bulk = annotation(box("r1", "Torch"), parent_prediction=5, lead_time=None)
    submitted = annotation(box("r1", "Lantern"), updated_at="2025-01-01T00:00:00Z")

    (sample,) = loaded(task("a.png", skipped, bulk, submitted))

    assert sample.label.categories == {"lantern"}


def test_ground_truth_goes_before_newer_annotations(
    loaded: Callable[..., list[Sample]], paint: Paint
) -> None:
    paint("a.png")
    newest = annotation(box("r1", "Torch"), updated_at="2026-09-01T00:00:00Z")
    truth = annotation(box("r1", "Lantern"), ground_truth=True)

    (sample,) = loaded(task("a.png", truth, newest))

    assert sample.label.categories == {"lantern"}


def test_choices_without_a_box_and_tasks_without_a_local_picture_are_left_out(
    loaded: Callable[..., list[Sample]], paint: Paint
) -> None:
    paint("a.png")
    floating = annotation(choice("r9", "shade", "Cone"), box("r1", "Torch"))

    samples = loaded(task("a.png", floating), task("gone.png", annotation(box("r1", "Torch"))))

    assert [sample.id for sample in samples] == ["set/a/7/r1"]


@pytest.mark.parametrize("export", [[{"no": "data"}], {"tasks": []}, [3]])
def test_another_shape_is_refused_with_what_to_do(
    describe: Describe, lamps: Ontology, tmp_path: Path, export: Any
) -> None:
    (tmp_path / "export.json").write_text(json.dumps(export))

    with pytest.raises(DatasetError, match="export as JSON"):
        load_samples(describe(DESCRIPTION), ontology=lamps)
