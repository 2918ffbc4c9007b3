"""Cells lie where the network looks."""

from __future__ import annotations

import pytest
import torch

from tagger.explain.grid import grid_over, grid_span
from tagger.model import ModelConfig


@pytest.mark.parametrize("size", [1504, 1520])
def test_a_cells_place_is_the_middle_of_what_it_can_see(make_tagger, size):
    model = make_tagger().model
    strip = torch.randn(1, 3, 64, size, generator=torch.Generator().manual_seed(0))
    strip.requires_grad_()
    feature_map = model.backbone.forward_features(strip)
    cells = feature_map.shape[-1]
    middle = cells // 2

    (gradient,) = torch.autograd.grad(feature_map[:, :, :, middle].sum(), strip)
    seen = torch.nonzero(gradient.abs().sum(dim=(0, 1, 2)))

    first, last = grid_span(ModelConfig(image_size=size), cells=cells)
    expected = size * (first + (middle + 0.5) / cells * (last - first))
    assert 0 < int(seen.min()) < int(seen.max()) < size - 1
    assert float(seen.min() + seen.max() + 1) / 2 == pytest.approx(expected, abs=4.0)


def test_other_backbones_cover_the_input_evenly():
    assert grid_span(ModelConfig(backbone="resnet50", image_size=240), cells=8) == (0.0, 1.0)


def test_a_mirrored_look_reaches_over_the_other_edge():
    window, span = (10.0, 20.0, 110.0, 220.0), (0.0, 1.25)

    plain = grid_over(window, span, is_mirrored=False)
    mirrored = grid_over(window, span, is_mirrored=True)

    assert plain.box == pytest.approx((10.0, 20.0, 125.0, 250.0))
    assert mirrored.box == pytest.approx((-15.0, 20.0, 125.0, 250.0))
