from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tagger.boxes import PixelBox, whole_image
from tagger.crops import MAX_SQUEEZE, CropJitter, crop_window, cut


def _gradient(width: int, height: int) -> Image.Image:
    rows, columns = np.mgrid[0:height, 0:width]
    pixels = np.stack([columns * 255 / width, rows * 255 / height, np.zeros_like(rows)], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


@pytest.mark.parametrize("size", [(300, 300), (300, 400), (400, 300)])
def test_a_whole_picture_up_to_the_squeeze_is_used_without_padding(size):
    image = Image.new("RGB", size, (10, 20, 30))

    pixels = cut(image, whole_image(size), size=64)

    assert pixels.shape == (64, 64, 3)
    assert (pixels == (10, 20, 30)).all()


def test_a_long_picture_is_padded_with_white_at_both_sides():
    image = Image.new("RGB", (100, 400), (0, 0, 0))

    pixels = cut(image, whole_image((100, 400)), size=80)

    covered = (pixels == 0).all(axis=2).any(axis=0)
    assert covered.sum() == pytest.approx(80 * 100 / 300, abs=2)
    assert (pixels[:, 0] == 255).all()
    assert (pixels[:, -1] == 255).all()


@pytest.mark.parametrize(("width", "height"), [(10, 100), (100, 10), (60, 80)])
def test_the_window_squeezes_at_most_by_the_stated_factor(width, height):
    x0, y0, x1, y1 = crop_window(PixelBox(x0=50, y0=50, x1=50 + width, y1=50 + height))

    assert max((x1 - x0) / (y1 - y0), (y1 - y0) / (x1 - x0)) <= MAX_SQUEEZE + 1e-9


def test_square_storage_of_a_narrow_picture_counts_as_its_true_shape():
    x0, _, x1, _ = crop_window(PixelBox(x0=0, y0=0, x1=100, y1=100), aspect=0.75)

    assert x1 - x0 == pytest.approx(112, abs=0.1)


def test_a_flip_mirrors_the_crop():
    image, box = _gradient(100, 100), PixelBox(x0=20, y0=20, x1=80, y1=80)

    plain = cut(image, box, size=50)
    flipped = cut(image, box, size=50, jitter=CropJitter(flip=True))

    assert np.array_equal(plain[:, ::-1], flipped)


def test_a_box_at_the_corner_keeps_its_place_in_the_crop():
    image = Image.new("RGB", (100, 100), (0, 0, 0))

    pixels = cut(image, PixelBox(x0=0, y0=0, x1=30, y1=30), size=56)

    assert (pixels[0] == 255).all()
    assert (pixels[:, 0] == 255).all()
    assert (pixels[10:, 10:] == 0).all()
