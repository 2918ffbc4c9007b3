"""Maps of a garment: where they lie, what they say of themselves, and what they cost."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tagger.boxes import PixelBox
from tagger.explain import Explainer, ExplainError, Region, hesitations, regions_from
from tagger.run_length import encode_mask

CELLS = [("shade", "cone"), ("power", "solar"), ("stand", "base")]


@pytest.fixture(scope="module")
def image():
    random = np.random.default_rng(3)
    return Image.fromarray(random.integers(0, 256, (200, 160, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def region():
    mask = np.zeros((200, 160), dtype=bool)
    mask[60:140, 50:110] = True
    return Region(box=PixelBox(x0=40, y0=50, x1=120, y1=150), mask=encode_mask(mask))


def test_all_maps_of_a_garment_come_from_one_pass_of_the_backbone(tagger, image, region):
    passes = []
    hook = tagger.model.backbone.register_forward_hook(lambda *_: passes.append(1))
    stem = tagger.model.backbone.conv_stem.register_forward_hook(lambda *_: passes.append(1))
    try:
        maps = Explainer(tagger).explain(
            image, region, CELLS, contrasts=[("shade", "cone", "drum")]
        )
    finally:
        hook.remove()
        stem.remove()

    assert len(passes) == 1
    assert [(one.attribute, one.value, one.contrast_with) for one in maps] == [
        *((a, v, None) for a, v in CELLS),
        ("shade", "cone", "drum"),
    ]
    assert all(one.heat.shape == (4, 4) and one.heat.dtype == np.float32 for one in maps)
    assert all(one.heat.min() >= 0 and one.heat.max() <= 1 for one in maps)


def test_no_gradient_reaches_the_backbone_or_stays_on_the_weights(tagger, image, region):
    Explainer(tagger).explain(image, region, CELLS)

    assert all(parameter.grad is None for parameter in tagger.model.parameters())


def test_a_map_covers_the_crop_of_the_garment(tagger, image, region):
    [one] = Explainer(tagger).explain(image, region, CELLS[:1])

    x, y, wide, high = one.box
    assert x < 40 < 120 < x + wide
    assert y < 50 < 150 < y + high


def test_a_product_alone_is_explained_by_the_mirrored_look_at_the_whole_picture(tagger, image):
    whole = Region(box=PixelBox(x0=40, y0=50, x1=120, y1=150), is_alone=True)
    turned = Region(box=PixelBox(x0=40, y0=50, x1=120, y1=150), is_alone=True)

    [one] = Explainer(tagger).explain(image, whole, CELLS[:1])
    mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    [other] = Explainer(tagger).explain(mirrored, turned, CELLS[:1])

    x, y, wide, high = one.box
    assert x <= 0
    assert y <= 0
    assert x + wide >= 160
    assert y + high >= 200
    assert not np.allclose(one.heat, other.heat[:, ::-1])  # the network is not symmetric


def test_the_share_on_the_garment_follows_the_mask(tagger, image, region):
    everything = Region(box=region.box, mask=encode_mask(np.ones((200, 160), dtype=bool)))
    nothing = Region(box=region.box, mask=encode_mask(np.zeros((200, 160), dtype=bool)))
    explainer = Explainer(tagger)

    shares = [
        explainer.explain(image, one, [("shade", "cone")])[0].share_on_garment
        for one in (everything, region, nothing)
    ]

    assert shares[0] == pytest.approx(1.0)
    assert 0.0 < shares[1] < 1.0
    assert shares[2] == 0.0


def test_without_mask_or_plain_background_nothing_is_claimed(tagger, image):
    [one] = Explainer(tagger).explain(
        image, Region(box=PixelBox(x0=40, y0=50, x1=120, y1=150)), CELLS[:1]
    )

    assert one.share_on_garment is None
    assert one.faithfulness is None
    assert one.is_trusted is None


def test_an_empty_map_is_shown_and_not_trusted(tagger, image, region, monkeypatch):
    monkeypatch.setattr(Explainer, "_heats", lambda *_: np.zeros((1, 4, 4), dtype=np.float32))

    [one] = Explainer(tagger).explain(image, region, CELLS[:1], check=CELLS[:1])

    assert one.is_trusted is False
    assert "empty" in one.distrust
    assert one.faithfulness == 0.0


def test_heat_beside_the_garment_is_not_trusted(tagger, image, region, monkeypatch):
    beside = np.zeros((1, 4, 4), dtype=np.float32)
    beside[0, 0, 0] = 1.0
    monkeypatch.setattr(Explainer, "_heats", lambda *_: beside)

    [one] = Explainer(tagger).explain(image, region, CELLS[:1])

    assert one.is_trusted is False
    assert one.distrust == ("off_garment",)


def test_faithfulness_is_measured_only_where_asked(tagger, image, region):
    maps = Explainer(tagger).explain(image, region, CELLS, check=[("power", "solar")])

    assert [one.faithfulness is not None for one in maps] == [False, True, False]
    assert -1.0 <= maps[1].faithfulness <= 1.0


def test_a_value_that_the_ontology_lacks_is_refused_by_name(tagger, image, region):
    with pytest.raises(ExplainError, match="shade: velvet"):
        Explainer(tagger).explain(image, region, [("shade", "velvet")])


def test_a_box_at_the_edge_and_a_picture_smaller_than_the_input_are_explained(tagger):
    small = Image.new("RGB", (20, 12), (200, 10, 10))

    [one] = Explainer(tagger).explain(
        small, Region(box=PixelBox(x0=0, y0=0, x1=20, y1=12), is_alone=True), CELLS[:1]
    )

    assert np.isfinite(one.heat).all()


def test_records_of_a_prediction_make_regions():
    [one] = regions_from([{"box": [1, 2, 30, 40], "mask": None}])

    assert one.box.xywh == (1, 2, 30, 40)
    assert one.is_alone
    with pytest.raises(ExplainError, match="no usable box"):
        regions_from([{"mask": None}])


def test_contrasts_are_between_values_that_the_model_hesitates_over(lamps):
    scores = {
        "shade": {"cone": 0.6, "drum": 0.3, "globe": 0.1},
        "stand": {"base": 0.97, "clamp": 0.03},
        "power": {"mains": 0.6, "battery": 0.5},
    }

    found = hesitations(lamps, scores, [("shade", "cone"), ("stand", "base"), ("power", "mains")])

    assert found == (("shade", "cone", "drum"),)
