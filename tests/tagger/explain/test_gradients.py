"""Maps are those of the `grad-cam` library, from one pass."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from tagger.explain.gradients import cams_under_attention, cams_under_pooling, scaled_maps


class _Logits(nn.Module):
    """The value logits alone, as the library wants its models."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, images):
        return self.model(images).value_logits


def _as_the_library_shows(heat, size):
    large = cv2.resize(heat, (size, size))
    large = large - large.min()
    return large / (1e-7 + large.max())


@pytest.mark.parametrize(
    ("layer", "cams_under"),
    [("attention", cams_under_pooling), ("backbone.bn2", cams_under_attention)],
)
def test_every_map_equals_the_librarys(tagger, layer, cams_under):
    model = tagger.model
    images = torch.randn(1, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        convolutional = model.backbone.forward_features(images)
        feature_map = model.attention(convolutional) if layer == "attention" else convolutional
    values = len(model.branches.bias)

    ours = scaled_maps(cams_under(model, feature_map[0], torch.eye(values))).numpy()

    is_empty = []
    with GradCAM(model=_Logits(model), target_layers=[model.get_submodule(layer)]) as library:
        for column in range(0, values, 3):
            [theirs] = library(images, [ClassifierOutputTarget(column)])
            is_empty.append(not theirs.any())
            np.testing.assert_allclose(_as_the_library_shows(ours[column], 96), theirs, atol=2e-4)
    assert not all(is_empty)


def test_a_contrast_is_the_gradient_of_the_difference(tagger):
    model = tagger.model
    feature_map = torch.randn(model.num_channels, 3, 3, generator=torch.Generator().manual_seed(2))
    single = torch.zeros(2, len(model.branches.bias))
    single[0, 0] = single[1, 1] = 1.0

    apart = cams_under_pooling(model, feature_map, single)
    [contrast] = cams_under_pooling(model, feature_map, single[:1] - single[1:])

    torch.testing.assert_close(contrast, apart[0] - apart[1])


def test_maps_are_stretched_and_an_empty_one_stays_empty():
    cams = torch.tensor([[[-1.0, 1.0], [3.0, 0.5]], [[-1.0, -2.0], [-3.0, -4.0]]])

    heats = scaled_maps(cams)

    torch.testing.assert_close(heats[0], torch.tensor([[0.0, 1 / 3], [1.0, 1 / 6]]))
    assert not heats[1].any()
