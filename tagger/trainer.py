"""The training loop: seeded, resumable at any batch, indifferent to who watches."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from tagger.draw_sampler import DrawSampler
from tagger.loss import LossWeights, TargetBatch, total_loss
from tagger.mixing import draw_share, mixed
from tagger.optimiser import parameter_groups
from tagger.part_loss import PartTargets, cells_on, part_loss
from tagger.training_set import GarmentSet, rows_of

if TYPE_CHECKING:
    from tagger.backbone import InputScaling
    from tagger.loop_config import LoopConfig
    from tagger.model import AttributeModel, Outputs

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a watcher is told after a step: counts, the running loss and images a second."""

    epoch: int
    step: int
    num_steps: int
    loss: float
    images_per_s: float


class Trainer:
    """Fits one model to one training set; every state change goes through `step`."""

    def __init__(
        self,
        model: AttributeModel,
        training: GarmentSet,
        targets: TargetBatch,
        *,
        parts: PartTargets = (),
        draw_weights: Tensor,
        loss_weights: LossWeights,
        scaling: InputScaling,
        config: LoopConfig,
        device: torch.device,
        checkpoint: Path,
    ) -> None:
        """Prepare optimiser and averaged weights; resume from `checkpoint` if it is there.

        `parts` has one entry a sample, or none where no source names parts.
        """
        from timm.utils.model_ema import ModelEmaV3

        self.model = model.to(device).to(memory_format=torch.channels_last)
        self.model.freeze_stages(config.frozen_stages)
        self._config, self._device, self._checkpoint = config, device, checkpoint
        self._training, self._targets = training, targets
        self._parts = parts if config.map_weight > 0 else ()
        self._draw_weights, self._loss_weights = draw_weights, loss_weights.to(device)
        self._mean = torch.tensor(scaling.mean, device=device).view(1, 3, 1, 1) * 255
        self._std = torch.tensor(scaling.std, device=device).view(1, 3, 1, 1) * 255
        self._owner = model.branches.get_buffer("owner")
        self._ema = ModelEmaV3(self.model, decay=config.ema_decay, use_warmup=True)
        self._optimizer = torch.optim.AdamW(
            parameter_groups(
                self.model,
                backbone_rate=config.backbone_rate,
                head_rate=config.head_rate,
                weight_decay=config.weight_decay,
            )
        )
        self.steps_per_epoch = math.ceil(len(training) / config.batch_size)
        self.num_steps = self.steps_per_epoch * config.epochs
        self._feature_map = _compiled(self.model, device, num_steps=self.num_steps, config=config)
        self.step_number = 0
        if checkpoint.exists():
            self._restore()

    @property
    def averaged(self) -> AttributeModel:
        """The model with averaged weights, in evaluation mode."""
        module: AttributeModel = self._ema.module.eval()
        return module

    def start_from(self, model: AttributeModel) -> None:
        """Take over another model's weights, for the averaged ones too, before the first step."""
        self.model.load_state_dict(model.state_dict())
        self._ema.module.load_state_dict(self.model.state_dict())

    def run(
        self,
        *,
        watch: Callable[[Progress], None],
        after_epoch: Callable[[int], None],
        stop_after_s: float | None = None,
    ) -> bool:
        """Train to the end.

        Args:
            watch: Called after every step.
            after_epoch: Called with the number of finished epochs.
            stop_after_s: Stop with a checkpoint once this many seconds have passed.

        Returns:
            Whether training reached its last step.
        """
        started = saved = time.monotonic()
        while self.step_number < self.num_steps:
            epoch = self.step_number // self.steps_per_epoch
            for images, positions, frames in self._batches(epoch):
                loss = self.step(images, positions, frames)
                now = time.monotonic()
                watch(
                    self._progress(
                        epoch, loss, images_per_s=len(images) / max(now - self._at, 1e-9)
                    )
                )
                if now - saved > self._config.checkpoint_s:
                    self.save()
                    saved = time.monotonic()
                if stop_after_s is not None and now - started > stop_after_s:
                    self.save()
                    return False
            self.save()
            after_epoch(epoch + 1)
        return True

    def step(self, images: Tensor, positions: Tensor, frames: Tensor) -> float:
        """Take one optimiser step on uint8 crops (B, 3, S, S) of the samples at `positions`.

        `frames` (B, 5) says what of the picture each crop shows, as `GarmentSet` gives it.
        """
        self._at = time.monotonic()
        self._set_rates()
        self.model.train()
        for module in self.model.frozen_modules(self._config.frozen_stages):
            module.eval()
        targets = rows_of(self._targets, positions).to(self._device)
        with torch.autocast("cuda", dtype=torch.bfloat16, enabled=self._device.type == "cuda"):
            share = draw_share(self._config.mix_alpha, self._config.mix_share)
            scaled = mixed(self._scaled(images), share)
            feature_map = self._feature_map(scaled)
            outputs = self.model.heads(feature_map.mean(dim=(2, 3)))
        loss = self.loss(scaled, outputs, targets)
        if share < 1:
            others = rows_of(self._targets, positions.flip(0)).to(self._device)
            loss = share * loss + (1 - share) * self.loss(scaled, outputs, others)
        elif self._parts:
            loss = loss + self._config.map_weight * self._part_loss(feature_map, positions, frames)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self._optimizer.step()
        self.step_number += 1
        self._ema.update(self.model, step=self.step_number)
        return float(loss.detach())

    def loss(self, scaled: Tensor, outputs: Outputs, targets: TargetBatch) -> Tensor:
        """Give what a step lowers, a scalar, for scaled crops (B, 3, S, S) and their outputs."""
        return total_loss(
            outputs.category_logits,
            outputs.value_logits,
            targets,
            self._owner,
            weights=self._loss_weights,
            smoothing=self._config.smoothing,
        )

    def _part_loss(self, feature_map: Tensor, positions: Tensor, frames: Tensor) -> Tensor | float:
        asked = cells_on(
            self._parts,
            positions,
            frames,
            cells=feature_map.shape[-1],
        )
        return part_loss(self.model, feature_map, asked) if asked is not None else 0.0

    def save(self) -> None:
        """Write a checkpoint atomically."""
        state = {
            "model": self.model.state_dict(),
            "averaged": self._ema.module.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "step": self.step_number,
            "num_steps": self.num_steps,
            "torch_random": torch.get_rng_state(),
        }
        self._checkpoint.parent.mkdir(parents=True, exist_ok=True)
        partial = self._checkpoint.with_suffix(".partial")
        torch.save(state, partial)
        os.replace(partial, self._checkpoint)  # noqa: PTH105 - atomic on one file system

    def _restore(self) -> None:
        state = torch.load(self._checkpoint, map_location=self._device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self._ema.module.load_state_dict(state["averaged"])
        self._optimizer.load_state_dict(state["optimizer"])
        self.step_number = int(state["step"])
        torch.set_rng_state(state["torch_random"].cpu())
        log.info("training_resumed", step=self.step_number, num_steps=self.num_steps)

    def _batches(self, epoch: int) -> DataLoader[Any]:
        start = (self.step_number - epoch * self.steps_per_epoch) * self._config.batch_size
        sampler = DrawSampler(  # full batches only: a compiled network is made for one shape
            self._draw_weights,
            num_draws=self.steps_per_epoch * self._config.batch_size,
            seed=self._config.seed,
            epoch=epoch,
            start=start,
        )
        return DataLoader(
            self._training,
            batch_size=self._config.batch_size,
            sampler=sampler,
            num_workers=self._config.workers,
            prefetch_factor=4 if self._config.workers else None,
            generator=torch.Generator().manual_seed(self._config.seed),
        )

    def _scaled(self, images: Tensor) -> Tensor:
        moved = images.to(self._device).to(memory_format=torch.channels_last)
        return (moved.float() - self._mean) / self._std

    def _set_rates(self) -> None:
        done = self.step_number / max(1, self.num_steps)
        warm = self._config.warm_up
        factor = (
            done / warm
            if done < warm
            else 0.5 * (1 + math.cos(math.pi * (done - warm) / (1 - warm)))
        )
        for group in self._optimizer.param_groups:
            group["lr"] = group["peak_rate"] * max(factor, 1e-3)

    def _progress(self, epoch: int, loss: float, *, images_per_s: float) -> Progress:
        return Progress(
            epoch=epoch,
            step=self.step_number,
            num_steps=self.num_steps,
            loss=loss,
            images_per_s=images_per_s,
        )


def _compiled(
    model: AttributeModel, device: torch.device, *, num_steps: int, config: LoopConfig
) -> Callable[[Tensor], Tensor]:
    """Compile the pass up to the pooling where that pays; weights stay shared with `model`."""
    has_compiler = any(shutil.which(name) for name in ("g++", "clang++", "c++"))
    if device.type != "cpu" or num_steps < config.compile_after or not has_compiler:
        return model.feature_map
    # A next stage with crops of another size would be compiled for any size: over 14 minutes.
    compiled: Callable[[Tensor], Tensor] = torch.compile(model.feature_map, dynamic=False)
    return compiled
