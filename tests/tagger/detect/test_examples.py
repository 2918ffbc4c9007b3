from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ontology.labels import GarmentLabel
from tagger.boxes import PixelBox
from tagger.detect.classes import CoarseClasses
from tagger.detect.examples import (
    DrawnBox,
    ExampleError,
    drawn_examples,
    flat_examples,
    read_boxes,
    scene_examples,
)
from tagger.run_length import decode_mask

CLASSES = CoarseClasses(
    leaves={
        "seat": frozenset({"armchair", "stool"}),
        "light": frozenset({"lamp"}),
        "other": frozenset({"rug"}),
    }
)
LAMP = GarmentLabel(categories=frozenset({"lamp"}))
UNSURE = GarmentLabel(categories=frozenset({"lamp", "stool"}))


def _drawn(key, use="train") -> DrawnBox:
    return DrawnBox(key=key, edges=(0.2, 0.3, 0.7, 0.8), worn=False, use=use)


def test_a_picture_is_one_example_with_all_its_garments(sample_of):
    boxes = [PixelBox(x0=1, y0=2, x1=30, y1=40), PixelBox(x0=50, y0=2, x1=90, y1=40)]
    samples = [
        sample_of("a", box=boxes[0], source_labels={"category": "seat"}),
        sample_of("a", box=boxes[1], source_labels={"category": "light"}),
        sample_of("b", box=boxes[0], source_labels={"category": "light"}),
        sample_of("b", box=boxes[0], source_labels={"category": "no class"}),
    ]

    first, second = scene_examples(samples, CLASSES)

    assert (first.boxes, first.labels) == (tuple(boxes), (1, 2))
    assert (second.boxes, second.labels) == ((boxes[0],), (2,))


def test_hand_drawn_boxes_teach_unless_their_product_is_tested(sample_of):
    samples = [
        sample_of("a", label=LAMP, group="lamp 1"),
        sample_of("b", label=LAMP, group="lamp 2"),
        sample_of("c", label=LAMP, group="lamp 2"),
        sample_of("d", label=UNSURE, group="d"),
        sample_of("e", label=LAMP, group="e"),
    ]
    boxes = {"a": _drawn("a"), "b": _drawn("b", "test"), "c": _drawn("c"), "d": _drawn("d")}

    [example] = drawn_examples(samples, boxes, CLASSES)

    assert example.image.stem == "a"
    assert example.boxes == (PixelBox(x0=20, y0=30, x1=70, y1=80),)
    assert example.masks == (None,)
    assert example.labels == (2,)


def test_a_lying_product_teaches_with_its_foreground(sample_of):
    [example] = flat_examples([sample_of("a", label=LAMP)], {}, CLASSES, limit=10)

    assert example.boxes[0].iou(PixelBox(x0=20, y0=30, x1=70, y1=80)) > 0.95
    assert decode_mask(example.masks[0]).mean() == pytest.approx(0.25, abs=0.01)


def test_a_foreground_of_the_colour_of_skin_does_not_teach(sample_of):
    sample = sample_of("skin", label=LAMP)
    image = Image.open(sample.image)
    image.paste((224, 172, 140), (20, 30, 70, 50))
    image.save(sample.image)

    assert flat_examples([sample], {}, CLASSES, limit=10) == []


def test_a_busy_background_does_not_teach(sample_of):
    sample = sample_of("busy", label=LAMP)
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    Image.fromarray(noise).save(sample.image)

    assert flat_examples([sample], {}, CLASSES, limit=10) == []


def test_boxes_are_read_from_percent(tmp_path):
    file = tmp_path / "boxes.csv"
    file.write_text("id,x0,y0,x1,y1,worn,use\n7,10,20,60,90.5,1,test\n")

    boxes = read_boxes(file)

    assert boxes["7"].worn
    assert boxes["7"].use == "test"
    assert boxes["7"].on((200, 100)).xyxy == pytest.approx((20, 20, 120, 90.5))


@pytest.mark.parametrize("row", ["7,10,20,x,90,1,test", "7,60,20,10,90,1,test", "7,10,20,60,90,1"])
def test_a_bad_row_names_the_file_and_what_was_expected(tmp_path, row):
    file = tmp_path / "boxes.csv"
    file.write_text(f"id,x0,y0,x1,y1,worn{',use' if row.endswith('test') else ''}\n{row}\n")

    with pytest.raises(ExampleError, match=r"boxes\.csv.*expected id,x0,y0,x1,y1,worn,use"):
        read_boxes(file)
