"""What the middle of a backbone sees of a picture, whatever lies where.

The mean and the standard deviation of each channel over the cells of a feature map tell a weave,
stripes or a print and lose their place: the statistics of style of Huang and Belongie 2017,
https://arxiv.org/abs/1703.06868, section 5. They are taken of the stages whose cells are a
sixteenth of the input wide; the pooled vector of the last stage, which the heads read, has
forgotten much of that.

Legend: B images, T texture statistics: two for each channel of each of these stages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from torch import Tensor, nn

__all__ = ["TextureWatch", "texture_stages"]

_BEFORE, _STRIDE = 8, 16


class TextureWatch:
    """Takes the statistics of what a backbone computes while the watch is open."""

    def __init__(self, backbone: nn.Module) -> None:
        """Watch a timm backbone; one whose stages are not known has no statistics (T = 0)."""
        self._stages = texture_stages(backbone)
        self._seen: dict[int, Tensor] = {}
        self._hooks: list[Any] = []

    def __enter__(self) -> TextureWatch:
        """Open the watch."""
        self._hooks = [
            stage.register_forward_hook(self._hook(at)) for at, stage in enumerate(self._stages)
        ]
        return self

    def __exit__(self, *_: object) -> None:
        """Close it; the backbone is as it was."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = []

    def of_last(self, images: Tensor) -> Tensor:
        """Give (B, T) of the last images (B, 3, S, S) that passed the backbone."""
        found = [self._seen.pop(at) for at in range(len(self._stages))]
        return torch.cat(found, dim=1) if found else images.new_zeros(len(images), 0)

    def _hook(self, at: int) -> Any:
        def take(_stage: nn.Module, _inputs: object, feature_map: Tensor) -> None:
            cells = feature_map.float().flatten(2)
            self._seen[at] = torch.cat([cells.mean(2), cells.std(2)], dim=1)

        return take


def texture_stages(backbone: nn.Module) -> list[nn.Module]:
    """List the numbered stages of a timm backbone from above stride 8 to stride 16."""
    ends = {
        stage["reduction"]: re.fullmatch(r"(.*?)(\d+)", stage["module"])
        for stage in getattr(backbone, "feature_info", ())
    }
    before, last = ends.get(_BEFORE), ends.get(_STRIDE)
    if before is None or last is None or before[1] != last[1]:
        return []
    return [
        backbone.get_submodule(f"{last[1]}{number}")
        for number in range(int(before[2]) + 1, int(last[2]) + 1)
    ]
