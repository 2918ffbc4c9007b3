"""Run a trained detector on pictures of any size, and store it inside a version directory.

A version that has a detector holds `detector.safetensors` (half precision) and, in its manifest,
a block `detector` with the configuration, the classes as sets of leaf categories, the score above
which a garment is shown, and how it was trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ontology.model import CategoryId
from tagger.backbone import input_scaling
from tagger.boxes import PixelBox
from tagger.detect.classes import CoarseClasses
from tagger.detect.model import Detector, DetectorConfig, padded
from tagger.detect.pixels import FILL, fit_scale
from tagger.half_precision import load_weights, write_weights
from tagger.registry import DETECTOR
from tagger.run_length import encode_patch

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["Detection", "GarmentDetector", "load_detector", "write_detector"]

_FLOOR = 0.02
_CROSS_CLASS_IOU = 0.7
_SAME_PLACE_IOU = 0.3
_NESTED_SHARE = 0.85  # one shoe inside the box of the pair is that product again
_MAX_ENLARGEMENT = 1.3  # small files gain no detail from more, and the boxes get looser


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One garment that the detector sees.

    Attributes:
        box: In pixels of the picture.
        name: Its coarse class.
        leaves: The leaf categories of that class.
        score: 0 to 1, the class's probability.
        mask: COCO run lengths over the whole picture; None without a mask head.
        word: Best score of each coarse class that it sees at this place, its own among them.
    """

    box: PixelBox
    name: str
    leaves: frozenset[CategoryId]
    score: float
    mask: Mapping[str, Any] | None
    word: Mapping[str, float] = field(default_factory=dict)

    def is_shown_by(self, box: PixelBox, name: str) -> bool:
        """Tell whether a box of a class shows this garment again, or a part of it."""
        if box.iou(self.box) > _CROSS_CLASS_IOU:
            return True
        smaller = min(box.area, self.box.area)
        return name == self.name and box.intersection(self.box) > _NESTED_SHARE * smaller


class GarmentDetector:
    """A loaded detector. Not for concurrent callers: give it one thread."""

    def __init__(
        self, model: Detector, classes: CoarseClasses, *, threshold: float, device: str = "cpu"
    ) -> None:
        """Serve a trained network; `load_detector` makes one from a version directory.

        Args:
            model: The network.
            classes: What its outputs stand for.
            threshold: Score above which a garment of a street photograph is shown.
            device: A torch device.
        """
        self._device = torch.device(device)
        self._model = model.eval().to(self._device)
        self._model.to(memory_format=torch.channels_last)
        self.classes = classes
        self.threshold = threshold
        scaling = input_scaling(model.config.backbone)
        self._mean = np.array(scaling.mean, dtype=np.float32) * 255
        self._std = np.array(scaling.std, dtype=np.float32) * 255

    def weights(self) -> dict[str, torch.Tensor]:
        """Give the network's tensors by name, to go on training from."""
        return self._model.state_dict()

    @property
    def config(self) -> DetectorConfig:
        """The network's configuration."""
        return self._model.config

    def detect(
        self,
        image: Image,
        *,
        pixel_aspect: float = 1.0,
        threshold: float | None = None,
        limit: int = 20,
        with_masks: bool = True,
    ) -> list[Detection]:
        """Find garments in an RGB picture, best first.

        Args:
            image: RGB, any size from 8 px.
            pixel_aspect: True width of a pixel relative to its height.
            threshold: Least score; the detector's own if None, and 0.02 at least.
            limit: Most garments to give.
            with_masks: Whether to write the masks down, which takes a few milliseconds each.

        Returns:
            Each garment once: of two boxes whose intersection over union exceeds 0.7, and of two
            of one class with 85 % of the smaller inside the larger, the better one stays.
        """
        least = max(_FLOOR, self.threshold if threshold is None else threshold)
        found = self._run(image, pixel_aspect)
        kept: list[Detection] = []
        for at in found["scores"].argsort(descending=True).tolist():
            score = float(found["scores"][at])
            box = _inside(found["boxes"][at].tolist(), image.size)
            if score < least or len(kept) >= limit:
                break
            name = self._name(found, at)
            if box is None or any(other.is_shown_by(box, name) for other in kept):
                continue
            kept.append(self._detection(found, at, box, image, with_masks=with_masks))
        return kept

    def raw(self, image: Image, *, pixel_aspect: float = 1.0) -> list[Detection]:
        """Give every answer of every class, overlapping ones too, as COCO's AP counts them."""
        found = self._run(image, pixel_aspect)
        answers = []
        for at in range(len(found["scores"])):
            box = _inside(found["boxes"][at].tolist(), image.size)
            if box is not None:
                answers.append(self._detection(found, at, box, image, with_masks=True))
        return answers

    def _name(self, found: Mapping[str, torch.Tensor], at: int) -> str:
        return self.classes.names[int(found["labels"][at]) - 1]

    def _detection(
        self,
        found: Mapping[str, torch.Tensor],
        at: int,
        box: PixelBox,
        image: Image,
        *,
        with_masks: bool,
    ) -> Detection:
        name = self._name(found, at)
        patch = found["masks"][at, 0].numpy() if with_masks and "masks" in found else None
        return Detection(
            box=box,
            name=name,
            leaves=self.classes.leaves[name],
            score=round(float(found["scores"][at]), 4),
            mask=None if patch is None else _paste(patch, box, image.size),
            word=self._word(found, at),
        )

    def _word(self, found: Mapping[str, torch.Tensor], at: int) -> dict[str, float]:
        """Give the best score of each class among the answers at one answer's place."""
        from torchvision.ops import box_iou

        [overlaps] = box_iou(found["boxes"][at : at + 1], found["boxes"])
        word: dict[str, float] = {}
        for near in (overlaps >= _SAME_PLACE_IOU).nonzero().flatten().tolist():
            name, score = self._name(found, near), round(float(found["scores"][near]), 4)
            word[name] = max(score, word.get(name, 0.0))
        return word

    @torch.inference_mode()
    def _run(self, image: Image, pixel_aspect: float) -> dict[str, torch.Tensor]:
        pixels, scale_xy = self._scaled(image, pixel_aspect)
        height, width = pixels.shape[:2]
        canvas = np.full((padded(height), padded(width), 3), FILL, dtype=np.float32)
        canvas[:height, :width] = pixels
        tensor = torch.from_numpy((canvas - self._mean) / self._std).permute(2, 0, 1)[None]
        tensor = tensor.to(self._device).contiguous(memory_format=torch.channels_last)
        [found], _ = self._model(tensor, [(height, width)])
        found = {name: value.float().cpu() for name, value in found.items()}
        found["boxes"] = found["boxes"] / torch.tensor([*scale_xy, *scale_xy])
        return found

    def _scaled(
        self, image: Image, pixel_aspect: float
    ) -> tuple[NDArray[np.uint8], tuple[float, float]]:
        import cv2

        config = self._model.config
        true_wh = (image.width * pixel_aspect, float(image.height))
        fit = fit_scale(true_wh, short_side=config.short_side, long_side=config.long_side)
        scale = min(fit, _MAX_ENLARGEMENT)
        size = (max(1, round(true_wh[0] * scale)), max(1, round(true_wh[1] * scale)))
        if min(image.width / size[0], image.height / size[1]) > 4:
            image = image.reduce(int(min(image.width / size[0], image.height / size[1]) // 2))
        shrinks = size[0] < image.width and size[1] < image.height
        way = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        pixels = cv2.resize(np.asarray(image.convert("RGB")), size, interpolation=way)
        full = (true_wh[0] / pixel_aspect, true_wh[1])
        return np.asarray(pixels, dtype=np.uint8), (size[0] / full[0], size[1] / full[1])


def _inside(edges: Sequence[float], image_wh: tuple[int, int]) -> PixelBox | None:
    width, height = image_wh
    x0, y0, x1, y1 = edges
    x0, x1 = max(0.0, x0), min(float(width), x1)
    y0, y1 = max(0.0, y0), min(float(height), y1)
    return PixelBox(x0=x0, y0=y0, x1=x1, y1=y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None


def _paste(
    patch: NDArray[np.float32], box: PixelBox, image_wh: tuple[int, int]
) -> Mapping[str, Any]:
    """Stretch the network's square of probabilities over its box and cut at one half."""
    import cv2

    left, top = int(box.x0), int(box.y0)
    right = min(image_wh[0], max(left + 1, round(box.x1)))
    bottom = min(image_wh[1], max(top + 1, round(box.y1)))
    drawn = cv2.resize(patch, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)
    return encode_patch(drawn > 0.5, left_top=(left, top), image_wh=image_wh)


def load_detector(path: Path, block: Mapping[str, Any], *, device: str = "cpu") -> GarmentDetector:
    """Load the detector of a version directory.

    Args:
        path: The version directory.
        block: The manifest's entry `detector`.
        device: A torch device.

    Raises:
        ModelStoreError: If the file does not fit the entry. `tagger.registry.verify` has compared
            its hash by then.
    """
    classes = CoarseClasses(
        leaves={
            str(entry["name"]): frozenset(CategoryId(leaf) for leaf in entry["leaves"])
            for entry in block["classes"]
        }
    )
    model = Detector(DetectorConfig.from_dict(block["config"]), len(classes.names))
    load_weights(model, path / DETECTOR)
    return GarmentDetector(model, classes, threshold=float(block["threshold"]), device=device)


def write_detector(
    folder: Path,
    weights: Mapping[str, torch.Tensor],
    *,
    config: DetectorConfig,
    classes: CoarseClasses,
    threshold: float,
    training: Mapping[str, Any],
) -> dict[str, Any]:
    """Write `detector.safetensors` into a folder and give the manifest's entry `detector`."""
    write_weights(folder / DETECTOR, weights)
    return {
        "config": config.to_dict(),
        "classes": [
            {"name": name, "leaves": sorted(leaves)} for name, leaves in classes.leaves.items()
        ],
        "threshold": threshold,
        "training": dict(training),
    }
