"""Boxes of training pictures, found once: with a detector, and without one."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from tagger.boxes import PixelBox, whole_image
from tagger.detect.classes import CoarseClasses
from tagger.detect.model import Detector, DetectorConfig
from tagger.detect.serving import write_detector
from tagger.finder import primary_box
from tagger.found_boxes import find_boxes
from tagger.images import read_image
from tagger.loading import load_detector_of
from tagger.registry import DETECTOR, WEIGHTS, write_version
from tagger.scoring import Calibration

SIZE = (120, 150)
CONFIG = DetectorConfig(
    short_side=64,
    long_side=96,
    pyramid_width=16,
    box_width=16,
    mask_width=8,
    mask_layers=1,
    proposals_per_image=20,
)


@pytest.fixture(scope="module")
def version(lamps, tmp_path_factory):
    """A version whose untrained detector sees something everywhere."""
    folder = tmp_path_factory.mktemp("version")
    torch.manual_seed(1)
    block = write_detector(
        folder,
        Detector(CONFIG, 2).state_dict(),
        config=CONFIG,
        classes=CoarseClasses(leaves={"any": frozenset(lamps.leaves), "none": frozenset()}),
        threshold=0.02,
        training={},
    )
    (folder / WEIGHTS).write_bytes(b"only the detector is read")
    return write_version(
        folder / "versions",
        version="seeing",
        weights=folder / WEIGHTS,
        ontology_source=lamps.source,
        calibration=Calibration().to_dict(),
        describe={
            "model": {},
            "taught": {},
            "data": [],
            "training": {},
            "metrics": {},
            "detector": block,
        },
        detector=folder / DETECTOR,
    )


@pytest.fixture
def samples(tmp_path):
    """A busy picture without a box, and one with a box of its own."""
    random = np.random.default_rng(0)
    made = []
    for name, box in (("busy", None), ("boxed", PixelBox(x0=1, y0=2, x1=30, y1=40))):
        path = tmp_path / f"{name}.png"
        Image.fromarray(random.integers(0, 256, (SIZE[1], SIZE[0], 3), dtype=np.uint8)).save(path)
        made.append(SimpleNamespace(image=path, garment=box, aspect=1.0))
    return made


def test_the_detector_of_a_version_looks_and_has_boxes_of_its_own(version, samples, tmp_path):
    cache = tmp_path / "cache" / "boxes.json"

    blind = find_boxes(samples, cache=cache, workers=1)
    seeing = find_boxes(samples, cache=cache, workers=1, detector_of=version)

    picture = read_image(samples[0].image, name="busy")
    assert blind == [whole_image(SIZE), samples[1].garment]
    assert seeing == [primary_box(picture, detector=load_detector_of(version)), samples[1].garment]
    assert seeing != blind
    assert len(list(cache.parent.iterdir())) == 2


def test_a_known_box_is_not_looked_for_again(version, samples, tmp_path):
    cache = tmp_path / "boxes.json"
    find_boxes(samples, cache=cache, workers=1, detector_of=version)
    (file,) = tmp_path.glob("boxes-*.json")
    file.write_text(json.dumps({str(samples[0].image): [3, 4, 50, 60]}))

    found = find_boxes(samples, cache=cache, workers=1, detector_of=version)

    assert found[0] == PixelBox(x0=3, y0=4, x1=50, y1=60)
