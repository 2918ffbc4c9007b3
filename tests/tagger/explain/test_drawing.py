"""Overlays lie on the original picture, at their place."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tagger.boxes import PixelBox
from tagger.explain import CellMap, Region, compose, draw

WHITE = Image.new("RGB", (100, 80), (255, 255, 255))


def _map(*, is_trusted=True, box=(20.0, 10.0, 40.0, 40.0), contrast_with=None):
    heat = np.zeros((2, 2), dtype=np.float32)
    heat[0, 1] = 1.0
    return CellMap(
        attribute="shade",
        value="cone",
        heat=heat,
        box=box,
        is_trusted=is_trusted,
        contrast_with=contrast_with,
    )


def test_the_hottest_pixels_lie_at_the_hottest_cell():
    drawn = np.asarray(draw(WHITE, _map())).astype(int)

    changed = np.abs(255 - drawn).sum(axis=2)
    assert drawn.shape == (80, 100, 3)
    assert changed[11:28, 45:58].min() > changed[35:48, 22:38].max()


def test_nothing_outside_the_grid_changes():
    drawn = np.asarray(draw(WHITE, _map()))

    assert (drawn[:, :20] == 255).all()
    assert (drawn[52:] == 255).all()


def test_a_map_that_is_not_trusted_is_grey():
    trusted = np.asarray(draw(WHITE, _map())).astype(int)
    grey = np.asarray(draw(WHITE, _map(is_trusted=False))).astype(int)

    assert (grey.max(axis=2) == grey.min(axis=2)).all()
    assert (trusted.max(axis=2) != trusted.min(axis=2)).any()


def test_a_grid_that_reaches_outside_the_picture_is_drawn(lamps):
    outside = _map(box=(-50.0, -40.0, 300.0, 300.0))
    region = Region(box=PixelBox(x0=0, y0=0, x1=100, y1=80))

    sheet = compose(WHITE, [(region, [("shade", "cone", 0.9, outside)])], lamps)

    assert draw(WHITE, outside).size == WHITE.size
    assert sheet.width == 1000


def test_the_sheet_grows_with_what_it_shows_and_marks_what_is_not_trusted(lamps):
    region = Region(box=PixelBox(x0=20, y0=10, x1=60, y1=50))
    few = [("shade", "cone", 0.9, _map())]
    many = few * 20
    doubtful = [("shade", "cone", 0.9, _map(is_trusted=False))]

    short, long = (compose(WHITE, [(region, cells)], lamps) for cells in (few, many))
    marked = compose(WHITE, [(region, doubtful)], lamps)

    assert long.height > short.height
    red = np.asarray(marked).astype(int)
    assert ((red[..., 0] - red[..., 1]) > 100).sum() > 50 + (
        (np.asarray(short).astype(int)[..., 0] - np.asarray(short).astype(int)[..., 1]) > 100
    ).sum()


def test_a_picture_without_garments_or_values_still_gives_a_sheet(lamps):
    assert compose(WHITE, [], lamps).width == 1000
