"""What the detector does with a region of the picture: its class, its box and its mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torchvision.models.detection import roi_heads as tv_roi
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.ops import MultiScaleRoIAlign

if TYPE_CHECKING:
    from tagger.detect.model import DetectorConfig

__all__ = ["PartialMaskHeads", "build_heads"]

_MASK_POOL = 14
_BOX_POOL = 7


class PartialMaskHeads(tv_roi.RoIHeads):  # type: ignore[misc]  # torchvision carries no types
    """torchvision's heads, with a mask loss over those garments alone whose mask is known."""

    masks_per_image: int = 12

    def forward(
        self,
        features: dict[str, Tensor],
        proposals: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]] | None = None,
    ) -> tuple[list[dict[str, Tensor]], dict[str, Tensor]]:
        """Detect, or give the losses while training; see `Detector.forward`."""
        if not self.training or targets is None:
            result: tuple[list[dict[str, Tensor]], dict[str, Tensor]] = super().forward(
                features, proposals, image_shapes
            )
            return result
        regions, matched, labels, goals = self.select_training_samples(proposals, targets)
        pooled = self.box_head(self.box_roi_pool(features, regions, image_shapes))
        logits, deltas = self.box_predictor(pooled)
        class_loss, box_loss = tv_roi.fastrcnn_loss(logits, deltas, labels, goals)
        losses = {"loss_classifier": class_loss, "loss_box_reg": box_loss}
        if self.has_mask():
            losses["loss_mask"] = self._mask_loss(
                features, regions, image_shapes, targets, matched, labels
            )
        return [], losses

    def _mask_loss(
        self,
        features: dict[str, Tensor],
        regions: list[Tensor],
        image_shapes: list[tuple[int, int]],
        targets: list[dict[str, Tensor]],
        matched: list[Tensor],
        labels: list[Tensor],
    ) -> Tensor:
        boxes, owners = [], []
        for region, owner, label, target in zip(regions, matched, labels, targets, strict=True):
            positive = torch.where(label > 0)[0]
            known = positive[target["has_mask"][owner[positive]]] if len(positive) else positive
            known = known[torch.randperm(len(known))[: self.masks_per_image]]
            boxes.append(region[known])
            owners.append(owner[known])
        if not sum(len(owner) for owner in owners):
            return features["0"].sum() * 0.0
        pooled = self.mask_roi_pool(features, boxes, image_shapes)
        logits = self.mask_predictor(self.mask_head(pooled))
        loss: Tensor = tv_roi.maskrcnn_loss(
            logits,
            boxes,
            [target["masks"] for target in targets],
            [target["labels"] for target in targets],
            owners,
        )
        return loss


def _pool(size: int, levels: int) -> MultiScaleRoIAlign:
    names = [str(level) for level in range(levels)]
    return MultiScaleRoIAlign(names, size, 2, canonical_scale=112, canonical_level=4)


def build_heads(config: DetectorConfig, num_classes: int, *, levels: int) -> PartialMaskHeads:
    """Build the heads for `num_classes` classes over the `levels` finest maps of the pyramid."""
    width = config.pyramid_width
    masks: dict[str, Any] = {}
    if config.heads == "mask-rcnn":
        masks = {
            "mask_roi_pool": _pool(_MASK_POOL, levels),
            "mask_head": MaskRCNNHeads(width, (config.mask_width,) * config.mask_layers, 1),
            "mask_predictor": MaskRCNNPredictor(
                config.mask_width, config.mask_width, num_classes + 1
            ),
        }
    heads = PartialMaskHeads(
        _pool(_BOX_POOL, levels),
        TwoMLPHead(width * _BOX_POOL**2, config.box_width),
        FastRCNNPredictor(config.box_width, num_classes + 1),
        fg_iou_thresh=0.5,
        bg_iou_thresh=0.5,
        batch_size_per_image=config.samples_per_image,
        positive_fraction=0.3,
        bbox_reg_weights=None,
        score_thresh=0.02,
        nms_thresh=0.5,
        detections_per_img=60,
        **masks,
    )
    heads.masks_per_image = config.masks_per_image
    return heads
