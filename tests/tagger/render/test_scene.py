from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from ontology import default_ontology_path, load_ontology
from tagger.boxes import PixelBox
from tagger.finder import find_garments
from tagger.render.backdrop import BACKDROPS, draw_backdrop
from tagger.render.canvas import Placement, paint
from tagger.render.cloth import Chooser
from tagger.render.scene import compose
from tagger.render.wardrobe import WARDROBE

ONTOLOGY = load_ontology(default_ontology_path())
WH = (240, 320)


def draw(name: str, seed: int = 0):
    return WARDROBE[name](Chooser(ONTOLOGY, name, np.random.default_rng(seed)))


@pytest.mark.parametrize("name", sorted(WARDROBE))
def test_every_garment_is_wholly_inside_the_picture(name):
    scene = compose([draw(name)], np.random.default_rng(1), image_wh=WH)

    [seen] = scene.seen
    x, y, width, height = seen.box
    assert scene.rgb.shape == (320, 240, 3)
    assert x > 0
    assert y > 0
    assert x + width < 240
    assert y + height < 320
    assert max(width / 240, height / 320) > 0.4


@pytest.mark.parametrize("upper", ["tshirt", "blazer", "kurti"])
@pytest.mark.parametrize("lower", ["jeans", "skirt"])
def test_worn_together_the_one_in_front_hides_part_of_the_other(upper, lower):
    garments = [draw(lower), draw(upper)]

    scene = compose(garments, np.random.default_rng(3), image_wh=WH)

    assert [seen.drawing.category for seen in scene.seen] == [lower, upper]
    assert not (scene.seen[0].mask & scene.seen[1].mask).any()
    assert scene.seen[0].hidden or scene.seen[1].hidden


@pytest.mark.parametrize("kind", sorted(BACKDROPS))
def test_backdrops_fill_the_picture_and_follow_the_seed(kind):
    first = draw_backdrop(kind, WH, np.random.default_rng(2))
    second = draw_backdrop(kind, WH, np.random.default_rng(2))

    assert first.shape == (320, 240, 3)
    assert (first == second).all()
    assert 40 < first.mean() <= 255


@pytest.mark.parametrize(
    "name",
    ["tshirt", "shirt", "kurta", "dress", "skirt", "jeans", "hoodie", "blazer", "boots", "heels"],
)
def test_the_finder_boxes_a_drawn_garment_on_white(name):
    placement = Placement(px_per_cm=2.0, origin=(160.0, 110.0))
    sprite = paint(draw(name, 7), placement, np.random.default_rng(0))
    canvas = np.full((460, 330, 3), 255.0, np.float32)
    x, y = sprite.corner
    height, width = sprite.alpha.shape
    cover = sprite.alpha[..., None]
    part = canvas[y : y + height, x : x + width]
    canvas[y : y + height, x : x + width] = part * (1 - cover) + sprite.rgb * cover
    rows, columns = np.nonzero(sprite.alpha > 0.5)
    truth = PixelBox(
        x0=float(columns.min() + x),
        y0=float(rows.min() + y),
        x1=float(columns.max() + 1 + x),
        y1=float(rows.max() + 1 + y),
    )

    [found] = find_garments(Image.fromarray(canvas.astype(np.uint8)))

    assert found.source == "foreground"
    assert found.box.iou(truth) >= 0.9
