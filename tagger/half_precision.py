"""Weights on disk: floating-point tensors in half precision, everything else as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tagger.registry import ModelStoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor, nn

__all__ = ["load_weights", "rounded", "write_weights"]


def write_weights(file: Path, weights: Mapping[str, Tensor]) -> None:
    """Write tensors of any device to a safetensors file."""
    from safetensors.torch import save_file

    tensors = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous().cpu()
        for name, tensor in weights.items()
    }
    save_file(tensors, file)


def load_weights(network: nn.Module, file: Path) -> None:
    """Load a file's tensors, the floating-point ones as float32, into a network.

    Raises:
        ModelStoreError: If a tensor is missing, unknown or of another shape.
    """
    from safetensors.torch import load_file

    tensors = {
        name: tensor.float() if tensor.is_floating_point() else tensor
        for name, tensor in load_file(file).items()
    }
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelStoreError(f"weights {file} do not fit their manifest: {error}") from error


def rounded(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give tensors in their own types with the values that they will have after a round trip."""
    return {
        name: tensor.half().to(tensor.dtype) if tensor.is_floating_point() else tensor
        for name, tensor in weights.items()
    }
