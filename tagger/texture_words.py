"""Learn what one source writes from the texture of its pictures, for all of its columns at once.

A small network with one hidden layer; what a source calls striped, checked or printed is no linear
function of the statistics of `tagger.texture`.

Legend: N samples, T texture statistics, H hidden units, W words of a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.reading import Reading

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor, nn

__all__ = ["TextureLayer", "fit_texture_words"]

_HIDDEN = 96
_DROPOUT = 0.3
_WEIGHT_DECAY = 0.1
_PEAK_RATE = 4e-3
_EPOCHS = 40
_BATCH = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class TextureLayer:
    """The hidden layer of one source's network.

    Attributes:
        source: Name of the data set.
        inner: F = T, W = H; its outputs pass a GELU (Hendrycks and Gimpel 2016).
    """

    source: str
    inner: Reading

    def hidden(self, texture: NDArray[np.float32]) -> NDArray[np.float64]:
        """Map statistics (N, T) to hidden units (N, H)."""
        from scipy.special import erf

        inner = self.inner.scores(texture)
        units: NDArray[np.float64] = inner * (1 + erf(inner / np.sqrt(2))) / 2
        return units

    def to_dict(self) -> dict[str, Any]:
        """Give plain values."""
        return {"source": self.source, **self.inner.to_dict()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> TextureLayer:
        """Read what `to_dict` wrote."""
        return cls(source=plain["source"], inner=Reading.from_dict(plain))


def fit_texture_words(
    source: str,
    texture: NDArray[np.float32],
    columns: Mapping[str, NDArray[np.int64]],
    *,
    seed: int = 0,
) -> tuple[TextureLayer, dict[str, Reading]]:
    """Train the network of one source.

    Args:
        source: Name of the data set.
        texture: (N, T) of its training rows, T > 0.
        columns: For each column, (N,) positions of its words; -1 where a row has none.
        seed: Decides the start, the order and the dropout.

    Returns:
        The layer, and for each column how its words are read from it.
    """
    import torch
    from torch import nn

    mean, spread = texture.mean(axis=0), texture.std(axis=0) + 1e-3
    inputs = torch.from_numpy((texture - mean) / spread)
    truth = {key: torch.from_numpy(words) for key, words in columns.items()}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        enter = nn.Linear(texture.shape[1], _HIDDEN)
        trunk = nn.Sequential(nn.Dropout(_DROPOUT / 2), enter, nn.GELU(), nn.Dropout(_DROPOUT))
        leave = {key: nn.Linear(_HIDDEN, int(words.max()) + 1) for key, words in columns.items()}
        _train(trunk, leave, inputs, truth)

    def plain(tensor: Tensor) -> NDArray[np.float64]:
        return tensor.detach().numpy().astype(np.float64)

    # Reads statistics as they come; rounded as it is stored, so that the bias fits it.
    weight = (plain(enter.weight) / spread).astype(np.float16).astype(np.float64)
    inner = Reading(weight=weight, bias=plain(enter.bias) - weight @ mean)
    return TextureLayer(source=source, inner=inner), {
        key: Reading(weight=plain(part.weight), bias=plain(part.bias))
        for key, part in leave.items()
    }


def _train(
    trunk: nn.Module, leave: Mapping[str, nn.Linear], inputs: Tensor, truth: Mapping[str, Tensor]
) -> None:
    """Fit by the sum of the columns' mean cross-entropies; a row counts where it has a word."""
    import torch
    from torch import nn

    network = nn.ModuleList([trunk, *leave.values()])
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=_WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, _PEAK_RATE, epochs=_EPOCHS, steps_per_epoch=-(-len(inputs) // _BATCH)
    )
    for _ in range(_EPOCHS):
        for rows in torch.split(torch.randperm(len(inputs)), _BATCH):
            units = trunk(inputs[rows])
            losses = [
                nn.functional.cross_entropy(leave[key](units), words[rows], ignore_index=-1)
                for key, words in truth.items()
                if (words[rows] >= 0).any()
            ]
            if losses:
                optimiser.zero_grad()
                torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]  # torch's stub
                optimiser.step()
            schedule.step()
