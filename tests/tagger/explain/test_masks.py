"""The garment's mask, and how much of a map lies on it."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tagger.boxes import PixelBox
from tagger.explain import Region
from tagger.explain.masks import garment_mask, mask_on_grid, share_on


def test_heat_inside_counts_and_heat_outside_does_not():
    mask = np.zeros((60, 60), dtype=bool)
    mask[:, :30] = True
    sampled = mask_on_grid(mask, (0, 0, 60, 60), image_wh=(60, 60), cells_hw=(6, 6))
    left, right = np.zeros((2, 6, 6), dtype=np.float32)
    left[:, :2] = right[:, 4:] = 1.0

    assert share_on(left, sampled) == pytest.approx(1.0)
    assert share_on(right, sampled) == pytest.approx(0.0)
    assert share_on(np.ones((6, 6), dtype=np.float32), sampled) == pytest.approx(0.5)


def test_what_lies_outside_the_picture_is_no_garment():
    mask = np.ones((60, 60), dtype=bool)

    sampled = mask_on_grid(mask, (-60, 0, 120, 60), image_wh=(60, 60), cells_hw=(6, 6))

    assert sampled[:, 24:].all()
    assert not sampled[:, :24].any()


def test_a_mask_of_another_size_is_read_at_the_same_place():
    small = np.zeros((30, 30), dtype=bool)
    small[:15] = True

    sampled = mask_on_grid(small, (0, 0, 60, 60), image_wh=(60, 60), cells_hw=(2, 2))

    assert sampled[:8].all()
    assert not sampled[8:].any()


def test_without_the_finders_mask_the_foreground_in_the_box_counts():
    pixels = np.full((100, 100, 3), 240, dtype=np.uint8)
    pixels[20:40, 20:40] = pixels[60:80, 60:80] = (180, 20, 20)
    image = Image.fromarray(pixels)

    mask = garment_mask(image, Region(box=PixelBox(x0=10, y0=10, x1=50, y1=50)))

    assert mask[30, 30]
    assert not mask[70, 70]
