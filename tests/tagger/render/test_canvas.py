from __future__ import annotations

import numpy as np
import pytest

from tagger.render.canvas import Placement, paint
from tagger.render.fabric import plain
from tagger.render.geometry import line, rectangle
from tagger.render.items import Button, Drawing, Panel, Stroke

RED = plain((200.0, 30.0, 30.0))


def drawing(*extra) -> Drawing:
    panel = Panel(outline=rectangle(0, 0, 20, 10), fabric=RED, part="body")
    return Drawing(category="x", attributes={}, items=(panel, *extra))


def test_a_panel_covers_its_area_in_pixels():
    sprite = paint(
        drawing(), Placement(px_per_cm=4.0, origin=(30.0, 20.0)), np.random.default_rng(0)
    )
    rows, columns = np.nonzero(sprite.alpha > 0.5)

    assert sprite.alpha.sum() == pytest.approx(20 * 10 * 16, rel=0.01)
    assert columns.min() + sprite.corner[0] == pytest.approx(30, abs=1)
    assert rows.max() + 1 + sprite.corner[1] == pytest.approx(60, abs=1)


@pytest.mark.parametrize("degrees", [0.0, 30.0, -75.0])
@pytest.mark.parametrize("mirrored", [False, True])
def test_placement_and_painting_agree(degrees, mirrored):
    placement = Placement(px_per_cm=5.0, origin=(100.0, 90.0), degrees=degrees, mirrored=mirrored)
    sprite = paint(drawing(), placement, np.random.default_rng(0))
    corners = placement.to_pixels(rectangle(0, 0, 20, 10))
    rows, columns = np.nonzero(sprite.alpha > 0.5)

    assert columns.min() + sprite.corner[0] == pytest.approx(corners[:, 0].min(), abs=1.5)
    assert rows.max() + 1 + sprite.corner[1] == pytest.approx(corners[:, 1].max(), abs=1.5)


def test_cloth_keeps_its_colour_under_the_light():
    sprite = paint(drawing(), Placement(px_per_cm=6.0, origin=(0, 0)), np.random.default_rng(0))

    middle = sprite.rgb[30:36, 60:66].mean(axis=(0, 1))
    assert middle == pytest.approx((200, 30, 30), abs=25)


def test_stitches_never_reach_beyond_the_cloth():
    stitch = Stroke(curve=line((-5, 5), (25, 5)), width=0.8, colour=(255, 255, 255), opacity=1.0)
    placement = Placement(px_per_cm=4.0, origin=(40.0, 20.0))

    bare = paint(drawing(), placement, np.random.default_rng(0))
    sewn = paint(drawing(stitch), placement, np.random.default_rng(0))

    assert sewn.alpha.sum() == pytest.approx(bare.alpha.sum(), rel=0.01)
    assert (sewn.rgb[..., 1] > 150).sum() > (bare.rgb[..., 1] > 150).sum()


def test_a_raised_cord_and_a_button_cover_what_is_under_them():
    cord = Stroke(curve=line((-5, 5), (25, 5)), width=1.0, colour=(20, 20, 220), raised=True)
    button = Button(centre=(10, 2), radius=1.5, colour=(20, 220, 20))
    placement = Placement(px_per_cm=6.0, origin=(0.0, 0.0))

    sprite = paint(drawing(cord, button), placement, np.random.default_rng(0))
    x, y = (np.array([60, 30]) - sprite.corner).tolist()

    assert sprite.rgb[y, x].argmax() == 2
    assert sprite.rgb[y - 18, x + 5].argmax() == 1
    assert sprite.alpha.sum() > 20 * 10 * 36
