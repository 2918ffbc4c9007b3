from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tagger.boxes import PixelBox
from tagger.detect.examples import Example
from tagger.detect.pixels import FILL, Placement, draw_placement, fit_scale, place
from tagger.run_length import encode_mask

CANVAS = (96, 128)
BOX = PixelBox(x0=10, y0=20, x1=50, y1=70)


def _picture() -> Image.Image:
    pixels = np.full((100, 60, 3), 255, dtype=np.uint8)
    pixels[20:70, 10:50] = (200, 10, 10)
    return Image.fromarray(pixels)


def _example(*, masked: bool = True) -> Example:
    mask = np.zeros((100, 60), dtype=bool)
    mask[20:70, 10:50] = True
    return Example(
        image=Path("unread.png"),
        aspect=1.0,
        kind="street",
        boxes=(BOX,),
        labels=(3,),
        masks=(encode_mask(mask) if masked else None,),
    )


def _red_box(pixels: np.ndarray) -> list[int]:
    red = (pixels[..., 0] > 150) & (pixels[..., 1] < 90)
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("shift", [(3.0, 5.0), (20.0, -10.0)])
def test_boxes_and_masks_follow_the_pixels(flip, shift):
    placement = Placement(scale_xy=(1.2, 1.1), shift_xy=shift, flip=flip)

    canvas = place(_picture(), _example(), placement, canvas_wh=CANVAS)

    assert canvas.pixels.shape == (CANVAS[1], CANVAS[0], 3)
    assert canvas.boxes[0] == pytest.approx(_red_box(canvas.pixels), abs=1.5)
    rows, columns = np.nonzero(canvas.masks[0])
    assert [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1] == pytest.approx(
        canvas.boxes[0].tolist(), abs=1.5
    )
    assert canvas.labels.tolist() == [3]


def test_outside_of_the_picture_is_the_fill():
    canvas = place(_picture(), _example(), Placement(scale_xy=(1.0, 1.0)), canvas_wh=CANVAS)

    assert (canvas.pixels[:, 70:] == FILL).all()


def test_a_garment_that_is_mostly_cut_off_is_no_example():
    placement = Placement(scale_xy=(1.0, 1.0), shift_xy=(-40.0, 0.0))

    canvas = place(_picture(), _example(), placement, canvas_wh=CANVAS)

    assert canvas.boxes.shape == (0, 4)
    assert canvas.masks.shape == (0, CANVAS[1], CANVAS[0])


def test_an_unknown_mask_is_marked_as_unknown():
    canvas = place(
        _picture(), _example(masked=False), Placement(scale_xy=(1.0, 1.0)), canvas_wh=CANVAS
    )

    assert canvas.has_mask.tolist() == [False]
    assert canvas.boxes[0].tolist() == list(BOX.xyxy)


def test_placements_keep_catalog_pictures_nearly_whole():
    rng = np.random.default_rng(0)
    for _ in range(200):
        drawn = draw_placement(rng, (224, 224), aspect=0.75, canvas_wh=(288, 448), catalog=True)
        width = 224 * drawn.scale_xy[0]
        height = 224 * drawn.scale_xy[1]
        inside_x = min(288, drawn.shift_xy[0] + width) - max(0, drawn.shift_xy[0])
        inside_y = min(448, drawn.shift_xy[1] + height) - max(0, drawn.shift_xy[1])
        assert inside_x * inside_y >= 0.55 * width * height


def test_a_picture_is_fitted_into_both_limits():
    assert fit_scale((400, 600), short_side=288, long_side=432) == pytest.approx(0.72)
    assert fit_scale((600, 400), short_side=288, long_side=432) == pytest.approx(0.72)
    assert fit_scale((100, 1000), short_side=288, long_side=432) == pytest.approx(0.432)
