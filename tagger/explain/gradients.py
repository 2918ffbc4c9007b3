"""Grad-CAM of many targets after one forward pass.

Grad-CAM (Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391) weights the channels of a map by
the gradient of a score, averaged over the map's cells, and keeps what is positive.
Everything after the map is small, so that the gradients of all targets are one batched
vector-Jacobian product and none of them enters the backbone.

A target is a row of coefficients over the value logits: one 1 for a value, 1 and -1 for a contrast.

Legend: N targets, V values, C channels, h x w cells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from tagger.model import AttributeModel

__all__ = ["cams_under_attention", "cams_under_pooling", "scaled_maps"]

_TINY = 1e-7  # the same as in the `grad-cam` library, so that maps are equal to its


def cams_under_pooling(model: AttributeModel, feature_map: Tensor, targets: Tensor) -> Tensor:
    """Give the weighted sums of the map that enters global average pooling, before the ReLU.

    The gradient of a logit is the same in every cell: the heads' Jacobian at the pooled vector,
    divided by the number of cells.

    Args:
        model: In evaluation mode.
        feature_map: (C, h, w), what `AttributeModel.feature_map` gives.
        targets: (N, V).

    Returns:
        (N, h, w).
    """
    _, height, width = feature_map.shape
    pooled = feature_map.detach().mean(dim=(1, 2)).expand(len(targets), -1)
    with torch.enable_grad():
        pooled = pooled.clone().requires_grad_()
        total = (model.heads(pooled).value_logits * targets).sum()
        (jacobian,) = torch.autograd.grad(total, pooled)
    return torch.einsum("nc,chw->nhw", jacobian / (height * width), feature_map.detach())


def cams_under_attention(model: AttributeModel, feature_map: Tensor, targets: Tensor) -> Tensor:
    """Give the weighted sums of the convolutional map that enters the attention block.

    Args:
        model: In evaluation mode.
        feature_map: (C, h, w), the backbone's output.
        targets: (N, V).

    Returns:
        (N, h, w), before the ReLU.
    """
    maps = feature_map.detach().expand(len(targets), -1, -1, -1)
    with torch.enable_grad():
        maps = maps.clone().requires_grad_()
        pooled = model.attention(maps).mean(dim=(2, 3))
        total = (model.heads(pooled).value_logits * targets).sum()
        (gradient,) = torch.autograd.grad(total, maps)
    return torch.einsum("nc,chw->nhw", gradient.mean(dim=(2, 3)), feature_map.detach())


def scaled_maps(cams: Tensor) -> Tensor:
    """Keep what is positive of (N, h, w) and stretch each map to 0..1; an empty one stays 0."""
    positive = cams.clamp(min=0)
    flat = positive.flatten(1)
    lowest, highest = flat.min(dim=1).values, flat.max(dim=1).values
    spread = (highest - lowest)[:, None, None]
    return (positive - lowest[:, None, None]) / (spread + _TINY)
