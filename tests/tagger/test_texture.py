"""Which statistics of the backbone's maps are taken, and that taking them changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
import timm
import torch
from PIL import Image

from ontology.load import load_ontology
from ontology.targets import layout
from tagger.boxes import PixelBox
from tagger.loading import half_precision_
from tagger.model import AttributeModel, ModelConfig
from tagger.pipeline import Tagger
from tagger.scoring import Calibration, Scorer
from tagger.texture import TextureWatch, texture_stages
from tagger.views import look_at
from tests.tagger.corrected import NOTHING


@pytest.fixture
def furniture(request):
    return load_ontology(request.config.rootpath / "tests" / "fixtures" / "furniture.yaml")


def _backbone(name):
    torch.manual_seed(0)
    return timm.create_model(name, pretrained=False, num_classes=0, global_pool="").eval()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tf_efficientnet_lite0", ["blocks.3", "blocks.4"]),
        ("mobilenetv3_small_050", ["blocks.2", "blocks.3"]),
        ("resnet18", ["layer3"]),
        ("convnext_atto", ["stages.2"]),
        ("vit_tiny_patch16_224", []),
    ],
)
def test_the_stages_whose_cells_are_a_sixteenth_of_the_picture_are_watched(name, expected):
    backbone = _backbone(name)

    found = texture_stages(backbone)

    assert found == [backbone.get_submodule(module) for module in expected]


def test_a_module_that_is_no_timm_backbone_has_no_stages():
    assert texture_stages(torch.nn.Linear(2, 2)) == []


def test_the_statistics_are_mean_and_spread_of_every_channel():
    backbone, images = _backbone("resnet18"), torch.randn(2, 3, 64, 64)
    with torch.inference_mode(), TextureWatch(backbone) as watch:
        backbone(images)
        texture = watch.of_last(images)
        maps = backbone.layer3(
            backbone.layer2(
                backbone.layer1(
                    backbone.maxpool(backbone.act1(backbone.bn1(backbone.conv1(images))))
                )
            )
        )

    assert texture.shape == (2, 2 * maps.shape[1])
    assert torch.allclose(texture[:, : maps.shape[1]], maps.mean((2, 3)), atol=1e-5)
    assert torch.allclose(texture[:, maps.shape[1] :], maps.std((2, 3)), atol=1e-4)


def test_a_closed_watch_leaves_nothing_behind():
    backbone, images = _backbone("resnet18"), torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        before = backbone(images)
        with TextureWatch(backbone) as watch:
            watched = backbone(images)
            first = watch.of_last(images)
        backbone(torch.zeros_like(images))

    assert torch.equal(before, watched)
    assert not backbone.layer3._forward_hooks
    with pytest.raises(KeyError):
        watch.of_last(images)
    assert first.isfinite().all()


def test_a_backbone_without_such_stages_has_no_statistics():
    backbone, images = _backbone("vit_tiny_patch16_224"), torch.randn(2, 3, 224, 224)
    with torch.inference_mode(), TextureWatch(backbone) as watch:
        backbone(images)

    assert watch.of_last(images).shape == (2, 0)


@pytest.mark.parametrize("mirror", [True, False])
def test_a_tagger_tells_texture_only_if_asked_and_answers_alike(furniture, mirror):
    torch.manual_seed(0)
    config = ModelConfig(image_size=64, mirror=mirror)
    model = half_precision_(AttributeModel(config, layout(furniture))).eval()
    tagger = Tagger(
        model,
        scorer=Scorer(furniture, NOTHING, Calibration()),
        real=NOTHING,
        rendered=NOTHING,
        version="untrained",
    )
    rng = np.random.default_rng(0)
    image = Image.fromarray(rng.integers(0, 256, (80, 90, 3), dtype=np.uint8))
    box = PixelBox(x0=5, y0=5, x1=60, y1=70)
    looks = [look_at(image, box, size=64) for _ in range(18)]  # more than one batch

    plain, told = tagger.run(looks), tagger.run(looks, with_texture=True)

    assert plain.texture is None
    assert told.texture is not None
    assert told.texture.shape == (18, 2 * (80 + 112))
    assert np.allclose(told.texture, told.texture[0], atol=1e-4)
    for name in ("category", "values", "embedding"):
        assert np.array_equal(getattr(plain, name), getattr(told, name))
