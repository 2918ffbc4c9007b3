"""Serving with an untrained detector, and the rule that chooses what a picture shows."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from ontology.load import load_ontology
from tagger.boxes import PixelBox
from tagger.detect.classes import REST, CoarseClasses
from tagger.detect.model import Detector, DetectorConfig
from tagger.detect.serving import Detection, GarmentDetector, load_detector, write_detector
from tagger.finder import find_garments, primary_box
from tagger.registry import ModelStoreError
from tagger.run_length import decode_mask

FURNITURE = Path(__file__).parents[2] / "fixtures" / "furniture.yaml"
CONFIG = DetectorConfig(
    short_side=64,
    long_side=96,
    pyramid_width=16,
    box_width=16,
    mask_width=8,
    mask_layers=1,
    proposals_per_image=30,
)


def _classes() -> CoarseClasses:
    first, *rest = sorted(load_ontology(FURNITURE).leaves)
    return CoarseClasses(leaves={"first": frozenset({first}), REST: frozenset(rest)})


@pytest.fixture(scope="module")
def detector() -> GarmentDetector:
    torch.manual_seed(1)
    return GarmentDetector(Detector(CONFIG, 2), _classes(), threshold=0.1)


def _noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize("size", [(60, 90), (400, 130), (9, 700), (3000, 2000)])
def test_boxes_and_masks_are_in_pixels_of_the_picture(detector, size):
    found = detector.detect(_noise(*size), threshold=0.0)

    assert found
    for item in found:
        assert 0 <= item.box.x0 < item.box.x1 <= size[0]
        assert 0 <= item.box.y0 < item.box.y1 <= size[1]
        mask = decode_mask(item.mask)
        assert mask.shape == (size[1], size[0])
        rows, columns = np.nonzero(mask)
        if len(rows):
            assert columns.min() >= int(item.box.x0)
            assert columns.max() <= item.box.x1 + 1
            assert rows.min() >= int(item.box.y0)


def test_a_small_file_is_enlarged_by_less_than_a_third(detector):
    pixels, scale_xy = detector._scaled(_noise(20, 30), 1.0)

    assert pixels.shape == (39, 26, 3)
    assert scale_xy == pytest.approx((1.3, 1.3))


def test_best_come_first_and_none_twice(detector):
    found = detector.detect(_noise(120, 180), threshold=0.0)

    assert [item.score for item in found] == sorted((i.score for i in found), reverse=True)
    for at, item in enumerate(found):
        assert all(item.box.iou(other.box) <= 0.7 for other in found[:at])
        for other in found[:at]:
            if item.name == other.name:
                smaller = min(item.box.area, other.box.area)
                assert item.box.intersection(other.box) <= 0.85 * smaller


def test_the_threshold_and_the_limit_hold(detector):
    everything = detector.detect(_noise(120, 180), threshold=0.0)
    middle = everything[len(everything) // 2].score

    assert len(detector.detect(_noise(120, 180), threshold=0.0, limit=2)) == 2
    assert all(i.score >= middle for i in detector.detect(_noise(120, 180), threshold=middle))


def test_a_squeezed_picture_is_read_in_its_true_shape(detector):
    picture = _noise(120, 160)
    squeezed = picture.resize((160, 160), Image.Resampling.BICUBIC)

    plain = detector.detect(picture, threshold=0.0)[0].box
    stretched = detector.detect(squeezed, pixel_aspect=0.75, threshold=0.0)[0].box

    wider = PixelBox(x0=plain.x0 / 0.75, y0=plain.y0, x1=plain.x1 / 0.75, y1=plain.y1)
    assert stretched.iou(wider) > 0.8


def test_what_is_written_is_read_back(detector, tmp_path):
    block = write_detector(
        tmp_path,
        detector._model.state_dict(),
        config=CONFIG,
        classes=_classes(),
        threshold=0.1,
        training={"steps": 0},
    )

    loaded = load_detector(tmp_path, block)

    before, after = (d.detect(_noise(60, 90), threshold=0.0) for d in (detector, loaded))
    assert loaded.classes == _classes()
    assert loaded.threshold == 0.1
    assert after[0].box.iou(before[0].box) > 0.9
    assert after[0].score == pytest.approx(before[0].score, abs=0.01)


def test_weights_of_another_shape_are_refused(detector, tmp_path):
    block = write_detector(
        tmp_path,
        detector._model.state_dict(),
        config=CONFIG,
        classes=_classes(),
        threshold=0.1,
        training={},
    )
    block["config"]["box_width"] = 8

    with pytest.raises(ModelStoreError, match="do not fit their manifest"):
        load_detector(tmp_path, block)


class _Says:
    """A detector that answers what it is told, and notes how it was asked."""

    classes = _classes()

    def __init__(self, *answers: Detection) -> None:
        self.answers, self.asked = answers, []

    def detect(self, image, **how):
        self.asked.append(how)
        return list(self.answers)[: how.get("limit", 20)]


def _says(x0, y0, x1, y1, score=0.9) -> Detection:
    return Detection(
        box=PixelBox(x0=x0, y0=y0, x1=x1, y1=y1),
        name="first",
        leaves=_classes().leaves["first"],
        score=score,
        mask=None,
    )


def _catalog(fill: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (200, 300), "white")
    ImageDraw.Draw(image).rectangle((50, 60, 149, 239), fill=fill, outline=(0, 0, 0), width=2)
    return image


SKIN = (224, 172, 140)
BLUE = (30, 60, 160)


def test_a_lying_product_is_its_foreground_whatever_the_detector_says():
    says = _Says(_says(0, 0, 30, 30))

    [found] = find_garments(_catalog(BLUE), detector=says)

    assert found.source == "foreground"
    assert found.box.iou(PixelBox(x0=50, y0=60, x1=150, y1=240)) > 0.95
    assert decode_mask(found.mask).shape == (300, 200)
    assert says.asked == []


def test_where_a_person_may_be_in_the_foreground_the_detector_decides():
    [found] = find_garments(_catalog(SKIN), detector=_Says(_says(60, 80, 140, 150)))

    assert (found.source, found.primary, found.score) == ("detector", True, 0.9)
    assert found.box == PixelBox(x0=60, y0=80, x1=140, y1=150)
    assert found.detection is None


def test_the_foreground_is_taken_where_both_agree():
    [found] = find_garments(_catalog(SKIN), detector=_Says(_says(45, 60, 150, 225)))

    assert found.source == "foreground"
    assert found.box.iou(PixelBox(x0=50, y0=60, x1=150, y1=240)) > 0.95


def test_a_catalog_photograph_has_one_garment_even_if_nothing_is_detected():
    [found] = find_garments(_catalog(SKIN), detector=_Says())

    assert found.source == "foreground"
    assert found.primary


def test_a_street_photograph_has_several_garments_and_one_primary():
    small_sure = _says(0, 0, 20, 20, 0.95)
    large_central = _says(60, 60, 150, 250, 0.8)
    large_aside = _says(0, 200, 90, 290, 0.8)
    says = _Says(small_sure, large_central, large_aside)

    found = find_garments(_noise(200, 300), detector=says, pixel_aspect=0.75)

    assert [item.box for item in found] == [d.box for d in says.answers]
    assert [item.primary for item in found] == [False, True, False]
    assert all(item.detection is answer for item, answer in zip(found, says.answers, strict=True))
    assert says.asked == [{"pixel_aspect": 0.75, "with_masks": True}]


@pytest.mark.parametrize("picture", [_noise(200, 300), _catalog(SKIN)])
def test_the_box_alone_costs_no_mask(picture):
    says = _Says(_says(60, 80, 140, 150))

    assert primary_box(picture, detector=says) == says.answers[0].box
    assert [how["with_masks"] for how in says.asked] == [False]


def test_masks_of_the_foreground_are_left_out_on_request():
    [plain] = find_garments(_catalog(BLUE))
    [without] = find_garments(_catalog(BLUE), with_masks=False)

    assert plain.mask is not None
    assert without == dataclasses.replace(plain, mask=None)


def test_a_street_photograph_without_a_garment_is_taken_whole():
    [found] = find_garments(_noise(200, 300), detector=_Says())

    assert (found.source, found.primary) == ("whole-image", True)


def test_detect_asks_the_detector_on_a_plain_background_too():
    says = _Says(_says(50, 60, 150, 150), _says(50, 150, 150, 240))

    found = find_garments(_catalog(BLUE), mode="detect", detector=says)

    assert [item.source for item in found] == ["detector", "detector"]


def test_whole_does_not_ask_the_detector():
    says = _Says(_says(50, 60, 150, 150))

    [found] = find_garments(_catalog(BLUE), mode="whole", detector=says)

    assert found.source == "whole-image"
    assert says.asked == []
