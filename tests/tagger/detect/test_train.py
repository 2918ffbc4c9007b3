"""A finder beside an attribute model: trained, stored, handed on, and served."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ontology.decode import violations
from ontology.load import load_ontology
from ontology.targets import layout
from tagger.boxes import PixelBox
from tagger.detect.model import DetectorConfig
from tagger.detect.serving import Detection
from tagger.detect.train import (
    FinderConfig,
    FinderTrainingError,
    add_detector,
    choose_threshold,
    train_finder,
)
from tagger.detect.training import Schedule
from tagger.known import Taught
from tagger.loading import half_precision_, load_parts, save_version
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import Tagger
from tagger.registry import DETECTOR, ModelStoreError, read_manifest, verify
from tagger.scoring import Calibration

FURNITURE = Path(__file__).parents[2] / "fixtures" / "furniture.yaml"
CONFIG = FinderConfig(
    model=DetectorConfig(
        short_side=64,
        long_side=64,
        pyramid_width=16,
        box_width=16,
        mask_width=8,
        mask_layers=1,
        proposals_per_image=20,
        samples_per_image=8,
    ),
    schedule=Schedule(steps=2, batch_size=2, compiled=False),
    look_at=10,
    served=(96, 128),
)
DESCRIPTION = """
format: 1
name: {name}
kind: {kind}
ontology: furniture
root: .
licence: none
{where}
split: {{by: content, validation_share: 0.4, seed: 1}}
category: {{column: category, labels: {{{labels}}}}}
"""


def _version(parent, name="attributes", *, seed=4, detector_of=None):
    ontology = load_ontology(FURNITURE)
    leaves = frozenset(ontology.leaves)
    values = {a.id: frozenset(v.id for v in a.values) for a in ontology.attributes}
    taught = Taught(
        categories=leaves,
        values=values,
        mentioned=values,
        mentioned_categories=leaves,
        carriers=dict.fromkeys(values, leaves),
    )
    torch.manual_seed(seed)
    return save_version(
        parent,
        version=name,
        model=half_precision_(AttributeModel(ModelConfig(image_size=64), layout(ontology))),
        ontology=ontology,
        calibration=Calibration(),
        real=taught,
        rendered=taught,
        describe={"data": [], "training": {}, "metrics": {}},
        detector_of=detector_of,
    )


def _noise(seed: int, side: int = 80) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """A described set of twelve pictures with two boxes each."""
    folder = tmp_path_factory.mktemp("scenes")
    annotations = []
    for at in range(12):
        _noise(at).save(folder / f"{at}.png")
        annotations += [
            {"id": 2 * at, "image_id": at, "category_id": 1, "bbox": [5, 5, 40, 50]},
            {"id": 2 * at + 1, "image_id": at, "category_id": 2, "bbox": [30, 40, 30, 30]},
        ]
    data = {
        "images": [{"id": at, "file_name": f"{at}.png"} for at in range(12)],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}],
    }
    (folder / "instances.json").write_text(json.dumps(data))
    first, second, *_ = sorted(load_ontology(FURNITURE).leaves)
    file = folder / "scenes.yaml"
    file.write_text(
        DESCRIPTION.format(
            name="scenes",
            kind="coco",
            where="annotations: instances.json",
            labels=f"one: [{first}], two: [{second}]",
        )
    )
    return file


@pytest.fixture(scope="module")
def trained(tmp_path_factory, scenes):
    parent = tmp_path_factory.mktemp("models")
    return train_finder(
        _version(parent),
        [scenes],
        boxes=None,
        config=CONFIG,
        runs=parent / "runs",
        versions=parent / "versions",
        clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
    )


def test_a_trained_finder_comes_with_the_attribute_model_that_it_started_from(trained):
    old, new = read_manifest(trained.parents[1] / "attributes"), verify(trained)

    assert trained.name.startswith("furniture-20260102-")
    assert {k: v for k, v in new.hashes.items() if k != DETECTOR} == old.hashes
    assert new.detector is not None
    assert new.detector["training"]["start"] == "backbone of version attributes"
    assert (new.detector["config"]["short_side"], new.detector["config"]["long_side"]) == (96, 128)
    assert new.detector["training"]["metrics"]["scenes"]["garments"] > 0
    assert [entry["name"] for entry in new.detector["classes"]] == ["one", "two", "other"]
    assert {leaf for entry in new.detector["classes"] for leaf in entry["leaves"]} == set(
        load_ontology(FURNITURE).leaves
    )


def test_training_goes_on_from_a_finder_that_is_served_at_another_size(trained, scenes, tmp_path):
    path = train_finder(
        trained, [scenes], boxes=None, config=CONFIG, runs=tmp_path, versions=tmp_path / "versions"
    )

    block = verify(path).detector
    assert block is not None
    assert block["training"]["start"] == f"detector of version {trained.name}"


def test_a_version_with_a_finder_gives_legal_answers_on_a_busy_picture(trained):
    tagger = Tagger.load(trained, device="cpu")
    assert tagger.detector is not None
    tagger.detector.threshold = 0.0

    [answer] = tagger.predict([_noise(99, 120)])

    assert len(answer.garments) > 1
    assert sum(garment.primary for garment in answer.garments) == 1
    assert len({garment.id for garment in answer.garments}) == len(answer.garments)
    for garment in answer.garments:
        assert garment.mask is not None
        assert garment.mask["size"] == [120, 120]
        values = {name: [a.value for a in cell] for name, cell in garment.attributes.items()}
        assert violations(tagger.ontology, garment.category, values) == ()


def test_a_version_without_a_finder_still_takes_a_busy_picture_whole(trained):
    tagger = Tagger.load(trained.parents[1] / "attributes", device="cpu")

    [answer] = tagger.predict([_noise(99, 120)])

    assert tagger.detector is None
    assert [garment.box for garment in answer.garments] == [PixelBox(x0=0, y0=0, x1=120, y1=120)]


def test_a_new_attribute_model_keeps_the_finder_of_the_version_it_came_from(trained, tmp_path):
    path = _version(tmp_path, "next", seed=5, detector_of=trained)

    assert verify(path).detector == verify(trained).detector
    assert (path / DETECTOR).read_bytes() == (trained / DETECTOR).read_bytes()
    assert load_parts(path)["detector"] is not None


def test_a_finder_is_handed_to_another_attribute_model(trained, tmp_path):
    other = _version(tmp_path, "other", seed=6)

    path = add_detector(other, trained, versions=tmp_path / "versions")

    assert verify(path).hashes["weights.safetensors"] == verify(other).hashes["weights.safetensors"]
    assert verify(path).detector == verify(trained).detector


def test_a_version_without_a_finder_has_none_to_hand_on(trained, tmp_path):
    with pytest.raises(FinderTrainingError, match="has no detector"):
        add_detector(trained, trained.parents[1] / "attributes", versions=tmp_path)


def test_a_damaged_finder_is_not_served(trained, tmp_path):
    path = _version(tmp_path, "next", detector_of=trained)
    (path / DETECTOR).write_bytes(b"cut short")

    with pytest.raises(ModelStoreError, match=r"detector\.safetensors is damaged"):
        Tagger.load(path)


def test_sets_without_boxes_train_no_finder(trained, tmp_path):
    leaf = min(load_ontology(FURNITURE).leaves)
    (tmp_path / "one").mkdir()
    for at in range(3):
        _noise(at).save(tmp_path / "one" / f"{at}.png")
    file = tmp_path / "catalog.yaml"
    file.write_text(
        DESCRIPTION.format(name="catalog", kind="folder", where="", labels=f"one: [{leaf}]")
    )

    with pytest.raises(FinderTrainingError, match="has boxes"):
        train_finder(
            trained, [file], boxes=None, config=CONFIG, runs=tmp_path, versions=tmp_path / "v"
        )


class _Says:
    def __init__(self, *answers: tuple[float, PixelBox]) -> None:
        self.answers = [
            Detection(box=box, name="one", leaves=frozenset(), score=score, mask=None)
            for score, box in answers
        ]

    def detect(self, image, **how):
        return self.answers


def test_the_threshold_lies_between_right_and_wrong_answers(sample_of):
    right, wrong = PixelBox(x0=5, y0=5, x1=45, y1=55), PixelBox(x0=60, y0=60, x1=90, y1=90)
    samples = [
        sample_of(key, box=right, source_labels={"category": "one"}) for key in ("a", "b", "c")
    ]

    threshold = choose_threshold(_Says((0.61, right), (0.43, wrong)), samples)

    assert 0.43 < threshold <= 0.61
