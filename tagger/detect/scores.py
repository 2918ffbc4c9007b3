"""Measure a detector: COCO's average precision, and how tight catalog boxes are.

Average precision is COCO's (Lin et al. 2014, https://arxiv.org/abs/1405.0312), computed by
`faster-coco-eval`. A set whose description names `scored_classes` is scored on those alone: other
classes count neither for nor against.
"""

from __future__ import annotations

import contextlib
import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.images import ImageError

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

    from tagger.boxes import PixelBox
    from tagger.dataset import DatasetDescription, Sample
    from tagger.detect.examples import DrawnBox
    from tagger.detect.serving import Detection, GarmentDetector

__all__ = ["BoxAgreement", "box_agreement", "coco_scores", "score_detector"]

_GOOD_IOU = 0.8


def score_detector(
    detector: GarmentDetector | None,
    samples: Sequence[Sample],
    description: DatasetDescription,
    *,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any] | None:
    """Score a detector on the boxed samples of one data set.

    Args:
        detector: What to score; None gives None.
        samples: Garments with boxes; several may share a picture.
        description: Says which classes count.
        watch: Called with (done, all) pictures.

    Returns:
        The block `detection` of `weft evaluate --json`, or None if no sample has a box.

    """
    pictures: dict[Path, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.box is not None and sample.source_labels.get("category"):
            pictures[sample.image].append(sample)
    if detector is None or not pictures:
        return None
    truth, answers = [], []
    for at, (_, items) in enumerate(sorted(pictures.items())):
        try:
            image = items[0].open()
        except ImageError:
            continue
        truth.append(
            [(i.source_labels["category"], i.box, i.mask) for i in items if i.box is not None]
        )
        answers.append(detector.raw(image, pixel_aspect=items[0].aspect))
        watch(at + 1, len(pictures))
    names = description.scored_classes or list(detector.classes.names)
    return coco_scores(truth, answers, names=names)


def coco_scores(
    truth: Sequence[Sequence[tuple[str, PixelBox, Mapping[str, Any] | None]]],
    answers: Sequence[Sequence[Detection]],
    *,
    names: Sequence[str],
) -> dict[str, Any]:
    """Give COCO's figures of some pictures' detections.

    Args:
        truth: For each picture, its garments: class, box in pixels and mask.
        answers: For each picture, what was detected.
        names: The classes that count. Those without a garment here have no figure.

    Returns:
        `images`, `garments`, `classes` (per class `n`, `ap`, `ap50`, and `mask_ap` with masks),
        and the means over classes `box_ap`, `box_ap50`, `box_ap75`, `mask_ap`, `mask_ap50` and
        `mask_ap75` (None where masks are missing). `box_ap_f1` is None: no set with boxes has
        labelled attributes.

    """
    numbers = {name: at + 1 for at, name in enumerate(names)}
    data = _coco_data(truth, numbers)
    rows = _coco_rows(answers, numbers)
    counts = {
        name: sum(row["category_id"] == number for row in data["annotations"])
        for name, number in numbers.items()
    }
    box = _precision(data, rows, "bbox", list(numbers.values()))
    masked = all("segmentation" in row for row in data["annotations"]) and all(
        "segmentation" in row for row in rows
    )
    mask = _precision(data, rows, "segm", list(numbers.values())) if masked else None
    classes = {
        name: {
            "n": counts[name],
            "ap": _mean(box[:, :, at]),
            "ap50": _mean(box[0, :, at]),
            "mask_ap": None if mask is None else _mean(mask[:, :, at]),
        }
        for at, name in enumerate(numbers)
    }
    return {
        "images": len(truth),
        "garments": sum(counts.values()),
        "classes": classes,
        **_means("box", box),
        **_means("mask", mask),
        "box_ap_f1": None,
    }


def _means(prefix: str, precision: np.ndarray[Any, Any] | None) -> dict[str, float | None]:
    parts = {"ap": slice(None), "ap50": slice(0, 1), "ap75": slice(5, 6)}
    return {
        f"{prefix}_{name}": None if precision is None else _class_mean(precision[part])
        for name, part in parts.items()
    }


def _class_mean(precision: np.ndarray[Any, Any]) -> float | None:
    """Mean over classes that have a garment, of (thresholds, recalls, classes)."""
    values = [_mean(precision[:, :, at]) for at in range(precision.shape[2])]
    known = [value for value in values if value is not None]
    return round(float(np.mean(known)), 4) if known else None


def _mean(precision: np.ndarray[Any, Any]) -> float | None:
    return round(float(precision.mean()), 4) if (precision > -1).all() else None


def _coco_data(
    truth: Sequence[Sequence[tuple[str, PixelBox, Mapping[str, Any] | None]]],
    numbers: Mapping[str, int],
) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image, garments in enumerate(truth):
        for name, box, mask in garments:
            if name in numbers:
                row = {
                    "id": len(annotations) + 1,
                    "image_id": image + 1,
                    "category_id": numbers[name],
                    "bbox": list(box.xywh),
                    "area": box.area,
                    "iscrowd": 0,
                }
                annotations.append(row if mask is None else {**row, "segmentation": dict(mask)})
    return {
        "info": {},
        "images": [{"id": at + 1, "width": 1, "height": 1} for at in range(len(truth))],
        "annotations": annotations,
        "categories": [{"id": number, "name": name} for name, number in numbers.items()],
    }


def _coco_rows(
    answers: Sequence[Sequence[Detection]], numbers: Mapping[str, int]
) -> list[dict[str, Any]]:
    rows = []
    for image, found in enumerate(answers):
        for item in found:
            if item.name in numbers:
                row = {
                    "image_id": image + 1,
                    "category_id": numbers[item.name],
                    "bbox": list(item.box.xywh),
                    "score": item.score,
                }
                rows.append(row if item.mask is None else {**row, "segmentation": dict(item.mask)})
    return rows


def _precision(
    data: Mapping[str, Any], rows: list[dict[str, Any]], kind: str, numbers: list[int]
) -> np.ndarray[Any, Any]:
    """Give precision (10 thresholds, 101 recalls, classes); -1 where a class has no garment."""
    from faster_coco_eval import COCO, COCOeval_faster

    if not rows:
        counted = {row["category_id"] for row in data["annotations"]}
        empty = np.zeros((10, 101, len(numbers)))
        empty[:, :, [number not in counted for number in numbers]] = -1.0
        return empty
    with contextlib.redirect_stdout(io.StringIO()):  # the library reports its progress there
        coco = COCO(data)
        run = COCOeval_faster(coco, coco.loadRes(rows), iouType=kind)
        run.params.catIds = numbers
        run.evaluate()
        run.accumulate()
    precision: np.ndarray[Any, Any] = run.eval["precision"][:, :, :, 0, 2]
    return precision


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxAgreement:
    """How a finder's primary boxes agree with hand-drawn ones.

    Attributes:
        ious: By the picture's key, intersection over union.
        worn: Keys of the pictures on which a person wears the product.
    """

    ious: Mapping[str, float]
    worn: frozenset[str]

    def reached(self, *, worn: bool | None = None) -> tuple[int, int]:
        """Count the pictures that reach 0.8, and all of them; worn, lying, or both (None)."""
        chosen = [
            iou for key, iou in self.ious.items() if worn is None or (key in self.worn) == worn
        ]
        return sum(iou >= _GOOD_IOU for iou in chosen), len(chosen)

    def to_dict(self) -> dict[str, Any]:
        """Give the counts, the mean and every picture's value."""
        blocks = {"all": None, "worn": True, "lying": False}
        return {
            "reached": {
                name: dict(zip(("iou_0.8", "n"), self.reached(worn=worn), strict=True))
                for name, worn in blocks.items()
            },
            "mean_iou": round(float(np.mean(list(self.ious.values()))), 4) if self.ious else None,
            "iou": {key: round(value, 4) for key, value in sorted(self.ious.items())},
        }


def box_agreement(
    find: Callable[[Image, float], PixelBox],
    samples: Sequence[Sample],
    boxes: Mapping[str, DrawnBox],
    *,
    use: str = "test",
) -> BoxAgreement:
    """Compare a finder with hand-drawn boxes.

    Args:
        find: Gives the primary box, in pixels, of an RGB picture and its pixels' aspect.
        samples: Pictures; those without a box of that use are left out.
        boxes: By the picture's file name without ending.
        use: Which boxes to compare with.
    """
    ious = {}
    for sample in samples:
        drawn = boxes.get(sample.image.stem)
        if drawn is not None and drawn.use == use:
            image = sample.open()
            ious[drawn.key] = drawn.on(image.size).iou(find(image, sample.aspect))
    return BoxAgreement(ious=ious, worn=frozenset(key for key in ious if boxes[key].worn))
