"""The two looks at a garment, and the detector's word on its category."""

import numpy as np
import pytest
from PIL import Image

from ontology.model import CategoryId
from tagger.boxes import PixelBox
from tagger.views import detector_logits, look_at

SOFA, CHAIR, LAMP = CategoryId("sofa"), CategoryId("chair"), CategoryId("lamp")
LEAVES = {"seats": {SOFA, CHAIR}, "lights": {LAMP}}
BOX = PixelBox(x0=10, y0=10, x1=30, y1=30)


@pytest.fixture
def picture() -> Image.Image:
    """A red square in the corner of a blue picture."""
    pixels = np.zeros((80, 80, 3), dtype=np.uint8)
    pixels[..., 2] = 255
    pixels[10:30, 10:30] = (255, 0, 0)
    return Image.fromarray(pixels)


def test_a_lone_product_is_also_looked_at_with_all_that_is_around_it(picture):
    look = look_at(picture, BOX, size=40, is_alone=True)

    assert look.wide is not None
    assert look.close.shape == look.wide.shape == (40, 40, 3)
    assert look.close[..., 0].mean() > 180
    assert look.wide[..., 0].mean() < 40


def test_one_garment_among_several_is_looked_at_alone(picture):
    assert look_at(picture, BOX, size=40).wide is None


def test_leaves_of_the_class_that_the_detector_names_gain_and_stay_in_their_order():
    added = detector_logits([SOFA, CHAIR, LAMP], {"seats": 0.9, "lights": 0.1}, LEAVES)

    assert added[0] == added[1] > added[2]


def test_the_detector_alone_cannot_rule_a_category_out():
    added = detector_logits([SOFA, CHAIR, LAMP], {"seats": 1.0}, LEAVES)

    assert 0 < added[0] - added[2] < 2.0


def test_a_detector_that_saw_nothing_there_changes_no_order():
    added = detector_logits([SOFA, LAMP], {}, LEAVES)

    assert added[0] == added[1]
