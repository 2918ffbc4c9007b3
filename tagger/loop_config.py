"""How long, how fast and on what terms a network is trained."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

__all__ = ["LoopConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """How long and how fast to train.

    Attributes:
        epochs: Passes over as many draws as there are samples.
        batch_size: Samples a step.
        crop_size: Side of the training crops in pixels. Crops of random scale make garments look
            larger than they will be met, so training is done on smaller ones than serving (Touvron
            et al. 2019, https://arxiv.org/abs/1906.06423), which is quicker as well.
        backbone_rate: Peak learning rate of the backbone.
        head_rate: Peak learning rate of attention, category head and branches.
        weight_decay: AdamW's decay of matrices.
        warm_up: Share of all steps over which the rate rises, 0..1.
        frozen_stages: Backbone stages that stay as they came.
        smoothing: Label smoothing of the category, 0..1.
        ema_decay: Decay of the averaged weights, which are what is kept.
        seed: Of order, crops and initial heads.
        checkpoint_s: Seconds between checkpoints.
        workers: Processes that cut crops.
        mix_alpha: How samples are mixed, 0 for not at all; see `tagger.mixing`.
        mix_share: Share of the steps that mix, 0..1.
        map_weight: Weight of the loss that asks maps to be high on the parts that a source names,
            0 for none; steps that mix have none. See `tagger.part_loss`.
        compile_after: Runs of at least so many steps are compiled on a CPU that has a C++ compiler.
    """

    epochs: int = 8
    batch_size: int = 48
    crop_size: int = 176
    backbone_rate: float = 8e-4
    head_rate: float = 2e-3
    weight_decay: float = 0.02
    warm_up: float = 0.1
    frozen_stages: int = 0
    smoothing: float = 0.03
    ema_decay: float = 0.998
    seed: int = 1
    checkpoint_s: float = 180.0
    workers: int = 1
    mix_alpha: float = 0.0
    mix_share: float = 0.75
    map_weight: float = 0.0
    compile_after: int = 300

    def scaled(self, factor: float) -> LoopConfig:
        """Give the same configuration with both learning rates multiplied by `factor`."""
        return replace(
            self,
            backbone_rate=self.backbone_rate * factor,
            head_rate=self.head_rate * factor,
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the plain values for a manifest."""
        return asdict(self)
