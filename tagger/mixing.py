"""Mix the samples of a batch in pairs (mixup, Zhang et al. 2018, https://arxiv.org/abs/1710.09412).

A few thousand pictures are soon known by heart; mixtures are not.
The loss of a mixed sample is the mixed loss of both samples' own targets, so that a label that is
missing on one side stays missing there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["draw_share", "mixed"]


def draw_share(alpha: float, share_of_steps: float) -> float:
    """Draw how much of each sample its mixture keeps, 0.5..1; 1 if this step does not mix.

    Args:
        alpha: Both parameters of the Beta distribution; 0 never mixes.
        share_of_steps: Share of the steps that mix, 0..1.
    """
    if alpha <= 0 or float(torch.rand(())) >= share_of_steps:
        return 1.0
    drawn = float(torch.distributions.Beta(alpha, alpha).sample())
    return max(drawn, 1.0 - drawn)


def mixed(images: Tensor, share: float) -> Tensor:
    """Mix scaled images (B, 3, S, S) with the same batch in reverse order; `share` stays."""
    if share >= 1:
        return images
    together = share * images + (1 - share) * images.flip(0)
    return together.contiguous(memory_format=torch.channels_last)
