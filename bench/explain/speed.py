"""How long thirty maps take, and whether they are the library's."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from torch import nn

from tagger.boxes import whole_image
from tagger.crops import cut
from tagger.explain.gradients import cams_under_attention, cams_under_pooling, scaled_maps
from tagger.model import AttributeModel
from tagger.pipeline import Tagger

NUM_MAPS = 30


class Logits(nn.Module):
    """The value logits alone, as the library wants its models."""

    def __init__(self, model: AttributeModel) -> None:
        """Wrap a model."""
        super().__init__()
        self.model = model

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Map images to value logits."""
        return self.model(images).value_logits  # type: ignore[no-any-return]


def _processor_s(work: Callable[[], object], *, runs: int) -> float:
    """Give the median processor time of some work, which other programs do not lengthen."""
    work()
    times = []
    for _ in range(runs):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def measure_speed(tagger: Tagger, picture: Path, *, runs: int = 9) -> dict[str, Any]:
    """Time one forward pass of one crop, thirty maps with it, and the library value by value."""
    pixels = _pixels(tagger, picture)
    model = tagger.model
    rows = torch.eye(len(model.branches.bias))
    rows = rows[torch.linspace(0, len(rows) - 1, NUM_MAPS).long()]

    def forward() -> None:
        with torch.no_grad():
            model(pixels)

    def over() -> None:
        with torch.no_grad():
            feature_map = model.feature_map(pixels)[0]
        scaled_maps(cams_under_pooling(model, feature_map, rows))

    def under() -> None:
        with torch.no_grad():
            feature_map = model.backbone.forward_features(pixels)[0]  # type: ignore[operator]
        scaled_maps(cams_under_attention(model, feature_map, rows))

    def by_library() -> None:
        with GradCAM(model=Logits(model), target_layers=[model.attention]) as library:
            for row in rows:
                library(pixels, [ClassifierOutputTarget(int(row.argmax()))])

    one = _processor_s(forward, runs=runs)
    seconds = {
        "attention": _processor_s(over, runs=runs),
        "convolution": _processor_s(under, runs=runs),
        "library, attention": _processor_s(by_library, runs=1),
    }
    return {
        "maps": NUM_MAPS,
        "threads": torch.get_num_threads(),
        "forward_s": round(one, 5),
        "seconds": {name: round(value, 5) for name, value in seconds.items()},
        "passes": {name: round(value / one, 2) for name, value in seconds.items()},
    }


def compare_with_library(tagger: Tagger, pictures: list[Path]) -> dict[str, Any]:
    """Give the largest difference between our maps and the library's, drawn at the crop's size."""
    model = tagger.model
    last = model.get_submodule("backbone.bn2")
    worst = dict.fromkeys(("attention", "convolution"), 0.0)
    compared = 0
    rows = torch.eye(len(model.branches.bias))[::25]
    for picture in pictures:
        pixels = _pixels(tagger, picture)
        with torch.no_grad():
            under = model.backbone.forward_features(pixels)  # type: ignore[operator]
            over = model.attention(under)
        ours = {
            "attention": scaled_maps(cams_under_pooling(model, over[0], rows)).numpy(),
            "convolution": scaled_maps(cams_under_attention(model, under[0], rows)).numpy(),
        }
        for name, layer in (("attention", model.attention), ("convolution", last)):
            with GradCAM(model=Logits(model), target_layers=[layer]) as library:
                for row, heat in zip(rows, ours[name], strict=True):
                    [theirs] = library(pixels, [ClassifierOutputTarget(int(row.argmax()))])
                    large = cv2.resize(heat, theirs.shape[::-1])
                    large = (large - large.min()) / (1e-7 + (large - large.min()).max())
                    worst[name] = max(worst[name], float(np.abs(large - theirs).max()))
                    compared += 1
    return {
        "maps": compared,
        "largest_difference": {k: float(f"{v:.1e}") for k, v in worst.items()},
    }


def _pixels(tagger: Tagger, picture: Path) -> torch.Tensor:
    image = Image.open(picture).convert("RGB")
    crop = cut(image, whole_image(image.size), size=tagger.image_size)
    return tagger.scaled([crop])
