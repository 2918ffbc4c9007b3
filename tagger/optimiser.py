"""How a network with a pretrained backbone is optimised: what learns how fast, and what decays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

__all__ = ["parameter_groups"]


def parameter_groups(
    network: nn.Module, *, backbone_rate: float, head_rate: float, weight_decay: float
) -> list[dict[str, Any]]:
    """Sort what is not frozen into AdamW's groups.

    Args:
        network: Its backbone is called `backbone`.
        backbone_rate: Highest learning rate of the backbone.
        head_rate: Highest learning rate of everything else.
        weight_decay: Of matrices and kernels; biases and norms do not decay.

    Returns:
        Groups with a rate of 0 and the highest one as `peak_rate`, for the loop's schedule.
    """
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            key = (name.startswith("backbone."), parameter.ndim > 1)
            groups.setdefault(key, []).append(parameter)
    return [
        {
            "params": parameters,
            "lr": 0.0,
            "peak_rate": backbone_rate if in_backbone else head_rate,
            "weight_decay": weight_decay if is_matrix else 0.0,
        }
        for (in_backbone, is_matrix), parameters in groups.items()
    ]
