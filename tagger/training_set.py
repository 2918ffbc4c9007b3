"""Turn samples into network inputs and encoded targets for training and validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from ontology.labels import CellState
from ontology.targets import encode, layout
from tagger.boxes import PixelBox, whole_image
from tagger.crops import CropJitter, cut, cut_window
from tagger.loss import TargetBatch

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from ontology.labels import GarmentLabel
    from ontology.model import Ontology
    from tagger.dataset import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Augmentation:
    """How far training crops are varied.

    Attributes:
        scale: Lowest and highest factor on the window.
        shift: Largest shift as a share of the window.
        light: Largest relative change of brightness and contrast; small, as colour is a label.
        aspect: Largest relative change of the aspect ratio.
        whole_image_share: Share of crops that ignore the found box, 0..1.
        erase_share: Share of crops that lose a random rectangle, 0..1.
    """

    scale: tuple[float, float] = (0.6, 1.08)
    shift: float = 0.08
    light: float = 0.08
    aspect: float = 0.15
    whole_image_share: float = 0.25
    erase_share: float = 0.2


class Labelled(Protocol):
    """Anything that carries a label."""

    @property
    def label(self) -> GarmentLabel:
        """What is known about it."""


def encode_targets(ontology: Ontology, samples: Sequence[Labelled]) -> TargetBatch:
    """Encode the labels of N samples as tensors of N rows; shapes as in `TargetBatch`."""
    attributes = list(layout(ontology).slices)
    rows = [encode(ontology, sample.label) for sample in samples]
    not_applicable = [
        [row.states[name] is CellState.NOT_APPLICABLE for name in attributes] for row in rows
    ]
    weights = [
        [
            sample.label.cells[name].weight if name in sample.label.cells else 1.0
            for name in attributes
        ]
        for sample in samples
    ]
    return TargetBatch(
        category=torch.tensor([row.category for row in rows], dtype=torch.int8),
        values=torch.tensor([row.values for row in rows], dtype=torch.int8),
        any_of=torch.tensor([row.any_of for row in rows], dtype=torch.int8),
        not_applicable=torch.tensor(not_applicable, dtype=torch.bool),
        weights=torch.tensor(weights, dtype=torch.float32),
        category_weights=torch.tensor(
            [sample.label.category_weight for sample in samples], dtype=torch.float32
        ),
    )


def rows_of(targets: TargetBatch, index: Tensor) -> TargetBatch:
    """Take rows of encoded targets by an index (B,)."""
    return TargetBatch(
        category=targets.category[index],
        values=targets.values[index],
        any_of=targets.any_of[index],
        not_applicable=targets.not_applicable[index],
        weights=targets.weights[index],
        category_weights=(
            targets.category_weights[index] if targets.category_weights is not None else None
        ),
    )


class GarmentSet(Dataset[tuple[Tensor, int, Tensor]]):
    """Square uint8 crops (3, S, S) of samples, with their position in the list of samples.

    The third is the crop's frame (5,): the corners (x0, y0, x1, y1) of its window in pixels of the
    file, and 1 where it is mirrored.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        boxes: Sequence[PixelBox],
        *,
        size: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        """Serve crops of side `size`; without `augmentation` every crop is the plain one."""
        self._samples = samples
        self._boxes = boxes
        self._size = size
        self._augmentation = augmentation
        self._seed = seed
        self.epoch = 0

    def __len__(self) -> int:
        """Count the samples."""
        return len(self._samples)

    def __getitem__(self, key: int | tuple[int, int]) -> tuple[Tensor, int, Tensor]:
        """Cut one crop; a key (position, draw) makes the random changes of that draw."""
        position, draw = key if isinstance(key, tuple) else (key, 0)
        sample, box = self._samples[position], self._boxes[position]
        image = sample.open()
        if self._augmentation is None:
            pixels = cut(image, box, size=self._size, aspect=sample.aspect)
            frame: tuple[float, ...] = (*cut_window(image, box, aspect=sample.aspect), 0.0)
        else:
            random = np.random.default_rng((self._seed, draw, position))
            if sample.box is None and random.random() < self._augmentation.whole_image_share:
                box = whole_image(image.size)
            pixels, frame = self._varied(image, box, sample.aspect, random)
        crop = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)
        return crop, position, torch.tensor(frame, dtype=torch.float32)

    def _varied(
        self, image: Image, box: PixelBox, aspect: float, random: np.random.Generator
    ) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
        plan = self._augmentation
        assert plan is not None  # noqa: S101 - only called with an augmentation
        jitter = CropJitter(
            scale=random.uniform(*plan.scale),
            shift_xy=(
                random.uniform(-plan.shift, plan.shift),
                random.uniform(-plan.shift, plan.shift),
            ),
            flip=bool(random.random() < 0.5),
            brightness=1 + random.uniform(-plan.light, plan.light),
            contrast=1 + random.uniform(-plan.light, plan.light),
        )
        aspect = aspect * (1 + random.uniform(-plan.aspect, plan.aspect))
        pixels = cut(image, box, size=self._size, aspect=aspect, jitter=jitter)
        if random.random() < plan.erase_share:
            pixels = _erase(pixels, random)
        window = cut_window(image, box, aspect=aspect, jitter=jitter)
        return pixels, (*window, float(jitter.flip))


def _erase(pixels: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Blank a random rectangle of 5 to 20 % of the area (Zhong et al. 2017, random erasing)."""
    side = pixels.shape[0]
    area = random.uniform(0.05, 0.2)
    ratio = random.uniform(0.5, 2.0)
    high = int(side * min(1.0, (area * ratio) ** 0.5))
    wide = int(side * min(1.0, (area / ratio) ** 0.5))
    top, left = random.integers(0, side - high + 1), random.integers(0, side - wide + 1)
    pixels = pixels.copy()
    pixels[top : top + high, left : left + wide] = random.integers(0, 256, 3)
    return pixels
