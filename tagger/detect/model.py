"""The detector: Faster R-CNN or Mask R-CNN on a feature pyramid over any timm backbone.

Region proposals and heads are torchvision's (Ren et al. 2015, https://arxiv.org/abs/1506.01497; He
et al. 2017, https://arxiv.org/abs/1703.06870; Lin et al. 2017, https://arxiv.org/abs/1612.03144).
Pictures come already scaled and padded, so torchvision's own resizing is left out. Garments whose
mask is unknown teach boxes and classes and contribute nothing to the mask loss.

Legend: B pictures of H x W pixels, N garments of one picture, C classes without the background.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork, RPNHead
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelMaxPool

from ontology.errors import CatalogError
from tagger.detect.roi import build_heads

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Detector", "DetectorConfig", "DetectorConfigError"]

_STRIDES = (8, 16, 32)


class DetectorConfigError(CatalogError):
    """A detector configuration names something that cannot be built."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorConfig:
    """Everything that decides the detector's shape besides its number of classes.

    Attributes:
        backbone: A timm model name that gives features at strides 8, 16 and 32.
        heads: `mask-rcnn` for boxes and masks, `faster-rcnn` for boxes alone.
        short_side: The short side that a picture is scaled to, in pixels, at most 384.
        long_side: The long side that it may have then, in pixels.
        pyramid_width: Channels of the feature pyramid.
        box_width: Hidden units of the box head.
        mask_width: Channels of the mask head.
        mask_layers: Convolutions of the mask head.
        anchor_sizes: Two sides, in pixels, of the anchors of each pyramid level, finest first.
        anchor_ratios: Height over width of the anchors.
        proposals_per_image: Regions that the heads look at, per picture.
        samples_per_image: Regions that train the box head, per picture.
        masks_per_image: Regions that train the mask head, per picture.
    """

    backbone: str = "tf_efficientnet_lite0"
    heads: str = "mask-rcnn"
    short_side: int = 288
    long_side: int = 432
    pyramid_width: int = 96
    box_width: int = 256
    mask_width: int = 80
    mask_layers: int = 3
    anchor_sizes: tuple[tuple[int, int], ...] = ((20, 32), (50, 80), (120, 180), (260, 360))
    anchor_ratios: tuple[float, ...] = (0.4, 0.8, 1.5, 2.6)
    proposals_per_image: int = 200
    samples_per_image: int = 80
    masks_per_image: int = 12

    def __post_init__(self) -> None:
        """Refuse what cannot be built."""
        if self.heads not in {"mask-rcnn", "faster-rcnn"}:
            raise DetectorConfigError(
                f"heads {self.heads!r} are unknown; use 'mask-rcnn' or 'faster-rcnn'"
            )
        if not 64 <= self.short_side <= min(384, self.long_side):
            raise DetectorConfigError(
                f"short_side {self.short_side} px is outside 64..384 or above long_side "
                f"{self.long_side} px"
            )
        if len(self.anchor_sizes) != len(_STRIDES) + 1:
            raise DetectorConfigError(
                f"anchor_sizes names {len(self.anchor_sizes)} levels; expected {len(_STRIDES) + 1}"
            )

    def to_dict(self) -> dict[str, Any]:
        """Give the plain values for a manifest."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DetectorConfig:
        """Read what `to_dict` wrote.

        Raises:
            DetectorConfigError: If a key is unknown.
        """
        plain = dict(values)
        for key in ("anchor_sizes", "anchor_ratios"):
            if key in plain:
                plain[key] = tuple(
                    tuple(item) if isinstance(item, list) else item for item in plain[key]
                )
        try:
            return cls(**plain)
        except TypeError as error:
            raise DetectorConfigError(f"detector configuration {plain!r}: {error}") from error


class Detector(nn.Module):
    """Boxes, classes and masks of the garments of scaled and padded pictures."""

    def __init__(self, config: DetectorConfig, num_classes: int) -> None:
        """Build the network for `num_classes` classes, randomly initialised.

        Raises:
            DetectorConfigError: If the backbone is unknown or has no map at stride 8, 16 or 32.
        """
        super().__init__()
        self.config = config
        self.num_classes = num_classes
        self.backbone, channels = _pyramid_backbone(config.backbone)
        self.pyramid = FeaturePyramidNetwork(
            channels, config.pyramid_width, extra_blocks=LastLevelMaxPool()
        )
        self.proposals = _proposal_network(config)
        self.heads = build_heads(config, num_classes, levels=len(_STRIDES))
        self.features: Callable[[Tensor], list[Tensor]] = self.compute_features

    def compute_features(self, images: Tensor) -> list[Tensor]:
        """Give the pyramid's maps, finest first, of scaled pictures (B, 3, H, W)."""
        maps = self.backbone(images)
        named = OrderedDict((str(level), item) for level, item in enumerate(maps))
        return list(self.pyramid(named).values())

    def forward(
        self,
        images: Tensor,
        sizes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Detect, or give the losses while training.

        Args:
            images: (B, 3, H, W), scaled to what the backbone expects; H, W multiples of 32.
            sizes: Height and width of each picture inside its padding, pixels.
            targets: While training, for each picture `boxes` (N, 4) in pixels, `labels` (N,)
                from 1, `masks` (N, H, W) uint8 and `has_mask` (N,) bool.

        Returns:
            Detections (`boxes`, `labels`, `scores` and, with a mask head, `masks` (N, 1, 28, 28)
            of probabilities inside the box), and the losses by name; one of the two is empty.
        """
        maps = self.features(images)
        named = OrderedDict((str(level), item) for level, item in enumerate(maps))
        batch = ImageList(images, sizes)
        regions, losses = self.proposals(batch, named, targets)
        found, head_losses = self.heads(named, regions, sizes, targets)
        return found, {**losses, **head_losses}

    def freeze(self, stages: int) -> None:
        """Fix the backbone's stem and first `stages` stages, and all its batch statistics."""
        self.backbone.eval()
        for module in _first_stages(self.backbone, stages):
            for parameter in module.parameters():
                parameter.requires_grad_(False)

    def train(self, mode: bool = True) -> Detector:
        """Switch to training; the backbone's batch statistics stay as they are."""
        super().train(mode)
        self.backbone.eval()
        return self


def _pyramid_backbone(name: str) -> tuple[nn.Module, list[int]]:
    import timm

    if name not in timm.list_models():
        raise DetectorConfigError(f"backbone {name!r} is not known to timm; see timm.list_models()")
    probe: Any = timm.create_model(name, pretrained=False, features_only=True)
    reductions = probe.feature_info.reduction()
    if any(stride not in reductions for stride in _STRIDES):
        raise DetectorConfigError(
            f"backbone {name!r} gives maps at strides {reductions}; expected {list(_STRIDES)}"
        )
    taps = tuple(reductions.index(stride) for stride in _STRIDES)
    backbone: Any = timm.create_model(name, pretrained=False, features_only=True, out_indices=taps)
    channels: list[int] = backbone.feature_info.channels()
    return backbone, channels


def _first_stages(backbone: nn.Module, count: int) -> list[nn.Module]:
    named = dict(backbone.named_children())
    if count <= 0:
        return []
    if "blocks" not in named:
        raise DetectorConfigError("the backbone has no numbered stages; freeze 0 stages")
    stem = [named[name] for name in ("conv_stem", "bn1") if name in named]
    return stem + list(named["blocks"].children())[:count]


def _proposal_network(config: DetectorConfig) -> RegionProposalNetwork:
    anchors = AnchorGenerator(
        config.anchor_sizes, (config.anchor_ratios,) * len(config.anchor_sizes)
    )
    head = RPNHead(config.pyramid_width, anchors.num_anchors_per_location()[0])
    kept = config.proposals_per_image
    return RegionProposalNetwork(
        anchors,
        head,
        fg_iou_thresh=0.65,
        bg_iou_thresh=0.3,
        batch_size_per_image=128,
        positive_fraction=0.5,
        pre_nms_top_n={"training": 2 * kept, "testing": 2 * kept},
        post_nms_top_n={"training": kept, "testing": kept},
        nms_thresh=0.7,
    )


def padded(size: int) -> int:
    """Round a side in pixels up to a multiple of the coarsest stride."""
    return math.ceil(size / _STRIDES[-1]) * _STRIDES[-1]
