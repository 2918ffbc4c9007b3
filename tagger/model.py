"""The attribute model: backbone, attention, global average pooling, one branch per attribute.

The shape follows the attention-based multi-branch design for fashion attributes that the
architecture
notes describe: the convolutional map passes one transformer encoder block (Vaswani et al. 2017,
https://arxiv.org/abs/1706.03762), is average-pooled, and every attribute reads the pooled vector
through a small branch of its own. All branches are computed as one product ("fused").

Legend: B images, C backbone channels, K leaf categories, V values over all attributes, A
attributes.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn

from ontology.errors import CatalogError
from tagger.backbone import create_backbone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ontology.targets import HeadLayout


class ModelConfigError(CatalogError):
    """A model configuration names something that cannot be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """Everything that decides the network's shape besides the ontology.

    Attributes:
        backbone: A timm model name.
        image_size: Side of the square input, in pixels.
        attention: `transformer` for one encoder block over the map, `none` for identity.
        attention_width: Width inside the attention, divisible by `attention_heads`.
        attention_heads: Number of heads.
        branch_width: Hidden units of each attribute's branch.
        dropout: Probability applied to the pooled vector while training, 0..1.
        mirror: Whether a second look is taken, in a mirror, and the mean of both counts; see
            `tagger.views`.
    """

    backbone: str = "tf_efficientnet_lite0"
    image_size: int = 208
    attention: str = "transformer"
    attention_width: int = 256
    attention_heads: int = 8
    branch_width: int = 16
    dropout: float = 0.2
    mirror: bool = True

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.attention not in {"transformer", "none"}:
            raise ModelConfigError(
                f"attention {self.attention!r} is unknown; use 'transformer' or 'none'"
            )
        if self.attention_width % self.attention_heads:
            raise ModelConfigError(
                f"attention_width {self.attention_width} is not divisible by "
                f"attention_heads {self.attention_heads}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Give the plain values for a manifest."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelConfig:
        """Read what `to_dict` wrote.

        Raises:
            ModelConfigError: If a key is unknown.
        """
        try:
            return cls(**values)
        except TypeError as error:
            raise ModelConfigError(f"model configuration {dict(values)!r}: {error}") from error


class Outputs(NamedTuple):
    """What a forward pass gives.

    Attributes:
        category_logits: (B, K), to be read through a softmax.
        value_logits: (B, V), to be read through a sigmoid.
        embedding: (B, C), the pooled vector that all heads read.
    """

    category_logits: Tensor
    value_logits: Tensor
    embedding: Tensor


class MapAttention(nn.Module):
    """One pre-norm transformer encoder block over the cells of a feature map.

    The block works at a reduced width and its output projections start at zero, so that an
    untrained block passes the pretrained map through unchanged.
    """

    def __init__(self, channels: int, *, width: int, heads: int) -> None:
        """Build the block for maps of `channels` channels."""
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.enter = nn.Linear(channels, width)
        self.attend = nn.MultiheadAttention(width, heads, batch_first=True)
        self.norm_inner = nn.LayerNorm(width)
        self.feed = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.leave = nn.Linear(width, channels)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, feature_map: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        batch, channels, height, width = feature_map.shape
        cells = feature_map.flatten(2).transpose(1, 2)
        inner = self.enter(self.norm(cells) + _positions(height, width, channels, cells))
        attended, _ = self.attend(inner, inner, inner, need_weights=False)
        inner = inner + attended
        inner = inner + self.feed(self.norm_inner(inner))
        cells = cells + self.leave(inner)
        mapped: Tensor = cells.transpose(1, 2).reshape(batch, channels, height, width)
        return mapped


def _positions(height: int, width: int, channels: int, like: Tensor) -> Tensor:
    """Give the fixed sine/cosine position code of a map's cells, (1, h*w, C)."""
    quarter = channels // 4
    rates = torch.exp(
        torch.arange(quarter, device=like.device, dtype=torch.float32) * (-math.log(1e4) / quarter)
    )
    rows = torch.arange(height, device=like.device, dtype=torch.float32)[:, None] * rates
    columns = torch.arange(width, device=like.device, dtype=torch.float32)[:, None] * rates
    code = torch.cat(
        [
            torch.cat([rows.sin(), rows.cos()], dim=1)[:, None, :].expand(height, width, -1),
            torch.cat([columns.sin(), columns.cos()], dim=1)[None].expand(height, width, -1),
        ],
        dim=2,
    ).reshape(1, height * width, 4 * quarter)
    padding = channels - 4 * quarter
    return nn.functional.pad(code, (0, padding)).to(like.dtype)


class Branches(nn.Module):
    """All attribute branches as one hidden layer and one row of weights per value."""

    def __init__(self, channels: int, *, width: int, attribute_of_value: list[int]) -> None:
        """Build branches; `attribute_of_value` gives each value's attribute position."""
        super().__init__()
        self.width = width
        self.num_attributes = max(attribute_of_value, default=-1) + 1
        self.hidden = nn.Linear(channels, self.num_attributes * width)
        self.rows = nn.Parameter(torch.empty(len(attribute_of_value), width))
        # Most values do not hold: starting near p = 0.05 spares the first steps from learning that.
        self.bias = nn.Parameter(torch.full((len(attribute_of_value),), -3.0))
        self.direct = nn.Linear(channels, len(attribute_of_value), bias=False)
        self.owner: Tensor
        self.register_buffer("owner", torch.tensor(attribute_of_value), persistent=False)
        nn.init.normal_(self.rows, std=0.1 / math.sqrt(width))
        nn.init.zeros_(self.direct.weight)

    def forward(self, pooled: Tensor) -> Tensor:
        """Map pooled vectors (B, C) to value logits (B, V)."""
        hidden = nn.functional.gelu(self.hidden(pooled))
        hidden = hidden.view(len(pooled), self.num_attributes, self.width)
        logits = (hidden[:, self.owner] * self.rows).sum(-1)
        total: Tensor = logits + self.direct(pooled) + self.bias
        return total


class AttributeModel(nn.Module):
    """Category and attribute-value logits of garment crops."""

    def __init__(self, config: ModelConfig, layout: HeadLayout) -> None:
        """Build the network for an ontology's head layout, randomly initialised."""
        super().__init__()
        self.config = config
        self.backbone = create_backbone(config.backbone)
        channels = int(getattr(self.backbone, "num_features"))  # noqa: B009 - timm's attribute
        self.num_channels = channels
        self.attention: nn.Module = (
            MapAttention(channels, width=config.attention_width, heads=config.attention_heads)
            if config.attention == "transformer"
            else nn.Identity()
        )
        self.dropout = nn.Dropout(config.dropout)
        self.category = nn.Linear(channels, len(layout.categories))
        owners = {attribute: at for at, attribute in enumerate(layout.slices)}
        self.branches = Branches(
            channels,
            width=config.branch_width,
            attribute_of_value=[owners[attribute] for attribute, _ in layout.values],
        )

    def feature_map(self, images: Tensor) -> Tensor:
        """Give the map that enters pooling, (B, C, h, w), of images (B, 3, S, S) already scaled."""
        forward = getattr(self.backbone, "forward_features")  # noqa: B009 - timm's method
        return self.attention(forward(images))  # type: ignore[no-any-return]  # Module calls are Any

    def heads(self, embedding: Tensor) -> Outputs:
        """Read pooled vectors (B, C) through the category head and the branches."""
        dropped = self.dropout(embedding)
        return Outputs(self.category(dropped), self.branches(dropped), embedding)

    def forward(self, images: Tensor) -> Outputs:
        """Map scaled images (B, 3, S, S) to logits and embeddings."""
        return self.heads(self.feature_map(images).mean(dim=(2, 3)))

    def freeze_stages(self, count: int) -> None:
        """Fix the backbone's stem and first `count` stages: no gradient, statistics kept.

        Raises:
            ModelConfigError: If the backbone has no stages to freeze.
        """
        if count <= 0:
            return
        for module in self.frozen_modules(count):
            module.eval()
            for parameter in module.parameters():
                parameter.requires_grad_(False)

    def frozen_modules(self, count: int) -> list[nn.Module]:
        """List the stem and the first `count` stages of a backbone named as timm names them."""
        if count <= 0:
            return []
        named = dict(self.backbone.named_children())
        if "blocks" not in named:
            raise ModelConfigError(
                f"backbone {self.config.backbone!r} has no numbered stages; use freeze_stages 0"
            )
        stages = list(named["blocks"].children())[:count]
        return [named[name] for name in ("conv_stem", "bn1") if name in named] + stages
