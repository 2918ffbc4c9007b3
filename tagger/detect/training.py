"""Train the detector on street and catalog photographs; resumable, with averaged weights."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import structlog
import torch
from torch import Tensor

from ontology.errors import CatalogError
from tagger.backbone import input_scaling
from tagger.detect.draw import ExampleDraw
from tagger.optimiser import parameter_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tagger.detect.examples import Example
    from tagger.detect.model import Detector
    from tagger.detect.pixels import Canvas

__all__ = ["DetectorTrainingError", "Schedule", "start_backbone", "to_input", "train_detector"]

log = structlog.get_logger(__name__)

_LOSS_WEIGHTS = {"loss_mask": 0.6}


class DetectorTrainingError(CatalogError):
    """The detector's training cannot start or resume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How the detector learns.

    Attributes:
        steps: Optimiser steps in all.
        batch_size: Pictures a step.
        rate: Highest learning rate of the heads.
        backbone_rate: That of the backbone, as a share of `rate`.
        warmup: Share of the steps over which the rate rises.
        weight_decay: AdamW's.
        freeze_stages: Stages of the backbone that stay fixed, besides its stem.
        averaging: Decay of the moving average of the weights.
        shares: How often each kind of example is drawn.
        rare: A street picture with a class in fewer than this share of pictures is drawn more
            often, by the root of the ratio (repeat factors, Gupta et al. 2019,
            https://arxiv.org/abs/1908.03195).
        save_seconds: Time between two saved states.
        compiled: Whether backbone and pyramid run compiled and in bfloat16, which halves a step
            on processors that have it.
        seed: Of the examples and their jitter.
    """

    steps: int
    batch_size: int = 8
    rate: float = 1e-3
    backbone_rate: float = 0.3
    warmup: float = 0.04
    weight_decay: float = 0.03
    freeze_stages: int = 3
    averaging: float = 0.998
    shares: tuple[tuple[str, float], ...] = (("street", 0.62), ("drawn", 0.23), ("flat", 0.15))
    rare: float = 0.2
    save_seconds: float = 120.0
    compiled: bool = True
    seed: int = 1


def start_backbone(model: Detector, tensors: Mapping[str, Tensor]) -> int:
    """Give the backbone trained weights, by the attribute model's tensor names.

    Returns:
        The number of tensors taken.

    Raises:
        DetectorTrainingError: If a tensor of the backbone is missing or has another shape.
    """
    wanted = model.backbone.state_dict()
    given = {
        name: tensors[f"backbone.{name}"].float()
        if tensors[f"backbone.{name}"].is_floating_point()
        else tensors[f"backbone.{name}"]
        for name in wanted
        if f"backbone.{name}" in tensors and tensors[f"backbone.{name}"].shape == wanted[name].shape
    }
    absent = sorted(name for name in set(wanted) - set(given) if "num_batches" not in name)
    if absent:
        raise DetectorTrainingError(
            f"the version's backbone lacks {len(absent)} tensors of {model.config.backbone}, first "
            f"{absent[0]}; start from a version with the same backbone"
        )
    model.backbone.load_state_dict(given, strict=False)
    return len(given)


def to_input(canvases: Sequence[Canvas], backbone: str) -> tuple[Tensor, list[dict[str, Tensor]]]:
    """Stack canvases to scaled inputs (B, 3, H, W) and their targets."""
    pixels = torch.from_numpy(np.stack([canvas.pixels for canvas in canvases]))
    scaling = input_scaling(backbone)
    mean = torch.tensor(scaling.mean)[:, None, None] * 255
    std = torch.tensor(scaling.std)[:, None, None] * 255
    images = (pixels.permute(0, 3, 1, 2).float() - mean) / std
    targets = [
        {
            "boxes": torch.from_numpy(canvas.boxes),
            "labels": torch.from_numpy(canvas.labels),
            "masks": torch.from_numpy(canvas.masks),
            "has_mask": torch.from_numpy(canvas.has_mask),
        }
        for canvas in canvases
    ]
    return images.contiguous(memory_format=torch.channels_last), targets


def train_detector(
    model: Detector, examples: Sequence[Example], schedule: Schedule, *, state: Path
) -> dict[str, Tensor]:
    """Train, from the saved state if there is one, and give the averaged weights.

    Args:
        model: The network; its weights are changed.
        examples: What it learns from; may differ from what it learned before the interruption.
        schedule: How.
        state: A folder for `state.pt` (everything to resume), `average.pt` and `log.jsonl`.

    Raises:
        DetectorTrainingError: If the saved state is of another model, or the loss is not finite.
    """
    run = _Run(model, examples, schedule, state)
    run.resume()
    saved = time.monotonic()
    while run.step < schedule.steps:
        run.advance()
        if time.monotonic() - saved > schedule.save_seconds:
            run.save()
            saved = time.monotonic()
    run.save()
    return run.average


class _Run:
    """The state of one training run."""

    def __init__(
        self, model: Detector, examples: Sequence[Example], schedule: Schedule, folder: Path
    ) -> None:
        self.model, self.schedule, self.folder = model, schedule, folder
        self.step = 0
        self.draw = ExampleDraw(examples, shares=schedule.shares, rare=schedule.rare)
        model.freeze(schedule.freeze_stages)
        model.train()
        model.to(memory_format=torch.channels_last)
        model.features = _fast_features(model) if schedule.compiled else model.compute_features
        self.optimiser = torch.optim.AdamW(
            parameter_groups(
                model,
                backbone_rate=schedule.rate * schedule.backbone_rate,
                head_rate=schedule.rate,
                weight_decay=schedule.weight_decay,
            )
        )
        self.average = {k: v.detach().clone() for k, v in model.state_dict().items()}
        self.sums: dict[str, float] = {}
        self.clock = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)

    def advance(self) -> None:
        """Take one optimiser step."""
        schedule = self.schedule
        rng = np.random.default_rng((schedule.seed, self.step))
        canvases = [self.draw.canvas(rng, self.model.config) for _ in range(schedule.batch_size)]
        torch.manual_seed(schedule.seed * 1_000_003 + self.step)
        images, targets = to_input(canvases, self.model.config.backbone)
        sizes = [(images.shape[2], images.shape[3])] * len(canvases)
        _, losses = self.model(images, sizes, targets)
        total = sum(_LOSS_WEIGHTS.get(name, 1.0) * loss for name, loss in losses.items())
        assert isinstance(total, Tensor)  # noqa: S101 - there is always a loss
        if not bool(torch.isfinite(total)):
            raise DetectorTrainingError(
                f"the loss is not finite at step {self.step}; lower the rate {schedule.rate}"
            )
        factor = _rate_factor(self.step / schedule.steps, schedule.warmup)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak_rate"] * factor
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]  # torch's stub
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 10.0)
        self.optimiser.step()
        self.step += 1
        self._average()
        self._note({name: float(loss.detach()) for name, loss in losses.items()})

    def _average(self) -> None:
        decay = min(self.schedule.averaging, (1 + self.step) / (10 + self.step))
        for name, tensor in self.model.state_dict().items():
            if tensor.is_floating_point():
                self.average[name].lerp_(tensor, 1 - decay)
            else:
                self.average[name].copy_(tensor)

    def _note(self, losses: Mapping[str, float], every: int = 25) -> None:
        for name, loss in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + loss / every
        if self.step % every:
            return
        now = time.monotonic()
        row: dict[str, Any] = {name: round(value, 4) for name, value in self.sums.items()}
        row |= {"step": self.step, "seconds_per_step": round((now - self.clock) / every, 3)}
        self.sums, self.clock = {}, now
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        log.info("detector_step", **row, steps=self.schedule.steps)

    def save(self) -> None:
        """Write the state, atomically."""
        content = {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state_dict(),
            "step": self.step,
            "config": self.model.config.to_dict(),
            "schedule": asdict(self.schedule),
        }
        for name, value in (("state.pt", content), ("average.pt", self.average)):
            part = self.folder / f"{name}.part"
            torch.save(value, part)
            part.replace(self.folder / name)

    def resume(self) -> None:
        """Read the saved state, if there is one."""
        file = self.folder / "state.pt"
        if not file.is_file():
            return
        content = torch.load(file, map_location="cpu", weights_only=True)
        if content["config"] != self.model.config.to_dict():
            raise DetectorTrainingError(
                f"{file}: state of another detector; use another folder or remove it"
            )
        self.model.load_state_dict(content["model"])
        self.optimiser.load_state_dict(content["optimiser"])
        self.average, self.step = content["average"], content["step"]
        log.info("detector_resumed", step=self.step)


def _fast_features(model: Detector) -> Callable[[Tensor], list[Tensor]]:
    def features(images: Tensor) -> list[Tensor]:
        with torch.autocast(images.device.type, torch.bfloat16):
            maps = model.compute_features(images)
        return [item.float() for item in maps]

    compiled: Callable[[Tensor], list[Tensor]] = torch.compile(features, dynamic=False)
    return compiled


def _rate_factor(progress: float, warmup: float) -> float:
    """Rise over the warm-up, then fall as half a cosine to 1 % of the highest rate."""
    if progress < warmup:
        return max(0.02, progress / warmup)
    fallen = (progress - warmup) / (1 - warmup)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, fallen)))
