"""Which samples an epoch draws, and in which order."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler


class DrawSampler(Sampler[tuple[int, int]]):
    """Weighted draws of one epoch, the same for the same seed, startable in the middle."""

    def __init__(
        self, weights: Tensor, *, num_draws: int, seed: int, epoch: int, start: int
    ) -> None:
        """Draw `num_draws` positions with replacement, skipping the first `start`."""
        generator = torch.Generator().manual_seed(seed * 100_003 + epoch)
        draws = torch.multinomial(weights, num_draws, replacement=True, generator=generator)
        base = epoch * num_draws
        self._keys = [(int(at), base + n) for n, at in enumerate(draws)][start:]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Give (position, draw number) keys for `GarmentSet`."""
        return iter(self._keys)

    def __len__(self) -> int:
        """Count the draws left."""
        return len(self._keys)
