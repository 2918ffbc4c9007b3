"""Collect what teaches the detector: street photographs, and catalog photographs of one product.

A set whose samples have boxes gives every picture with all its garments. A set without boxes is a
catalog: a picture counts if its product's box is drawn by hand, or if the foreground finder can be
trusted on it. It can where the background is plain and nothing in the foreground has the colour of
skin, because there a person cannot be part of the foreground.
"""

from __future__ import annotations

import csv
import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import structlog

from ontology.errors import CatalogError
from tagger.boxes import BoxError, PixelBox
from tagger.detect.classes import CoarseClasses
from tagger.foreground import find_foreground, foreground_box, skin_share
from tagger.run_length import encode_mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL.Image import Image

    from tagger.dataset import Sample

__all__ = [
    "DrawnBox",
    "Example",
    "ExampleError",
    "Kind",
    "drawn_examples",
    "flat_examples",
    "read_boxes",
    "scene_examples",
]

log = structlog.get_logger(__name__)

Kind = Literal["street", "flat", "drawn"]
_MAX_SKIN_SHARE = 0.01
_FOREGROUND_SHARES = (0.01, 0.9)


class ExampleError(CatalogError):
    """A file of boxes cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One picture with the garments that the detector shall find in it.

    Attributes:
        image: The picture's file.
        aspect: True width of a pixel of the file relative to its height.
        kind: `street` for every garment of a photograph, `flat` and `drawn` for the one product
            of a catalog picture, from the foreground or by hand.
        boxes: In pixels of the file.
        labels: The class of each box, from 1.
        masks: COCO run lengths of each box, at any size of the whole picture, or None if unknown.
    """

    image: Path
    aspect: float
    kind: Kind
    boxes: tuple[PixelBox, ...]
    labels: tuple[int, ...]
    masks: tuple[Mapping[str, Any] | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnBox:
    """A box drawn by hand around the product of a catalog picture.

    Attributes:
        key: The picture's file name without its ending.
        edges: Left, top, right and bottom, as shares of the picture, 0 to 1.
        worn: Whether a person wears the product.
        use: `train`, or `test` for what may never teach.
    """

    key: str
    edges: tuple[float, float, float, float]
    worn: bool
    use: str

    def on(self, image_wh: tuple[int, int]) -> PixelBox:
        """Give the box in pixels of a picture of some width and height."""
        width, height = image_wh
        x0, y0, x1, y1 = self.edges
        return PixelBox(x0=x0 * width, y0=y0 * height, x1=x1 * width, y1=y1 * height)


def read_boxes(path: Path) -> dict[str, DrawnBox]:
    """Read hand-drawn boxes: a CSV file with id, x0, y0, x1, y1 in percent, worn and use.

    Raises:
        ExampleError: If the file is missing, or a row lacks a column or has no area.
    """
    boxes: dict[str, DrawnBox] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                x0, y0, x1, y1 = (float(row[edge]) / 100 for edge in ("x0", "y0", "x1", "y1"))
                drawn = DrawnBox(
                    key=row["id"],
                    edges=(x0, y0, x1, y1),
                    worn=row["worn"] == "1",
                    use=row["use"],
                )
                drawn.on((100, 100))
                boxes[drawn.key] = drawn
    except (OSError, KeyError, TypeError, ValueError, BoxError) as error:
        raise ExampleError(
            f"{path}: no file of boxes (at {error!r}); expected id,x0,y0,x1,y1,worn,use"
        ) from error
    return boxes


def scene_examples(samples: Iterable[Sample], classes: CoarseClasses) -> list[Example]:
    """Gather the boxed samples of each picture; the class is the source's own label."""
    pictures: dict[Path, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.box is not None and sample.source_labels.get("category") in classes.leaves:
            pictures[sample.image].append(sample)
    return [
        Example(
            image=path,
            aspect=items[0].aspect,
            kind="street",
            boxes=tuple(item.box for item in items if item.box is not None),
            labels=tuple(classes.position(item.source_labels["category"]) for item in items),
            masks=tuple(item.mask for item in items),
        )
        for path, items in sorted(pictures.items())
    ]


def drawn_examples(
    samples: Sequence[Sample], boxes: Mapping[str, DrawnBox], classes: CoarseClasses
) -> list[Example]:
    """Give the catalog pictures with a hand-drawn box that may teach.

    A picture of a product that also has a test box is left out.
    """
    held = _test_groups(samples, boxes)
    examples = []
    for sample in samples:
        drawn = boxes.get(sample.image.stem)
        label = classes.of(sample.label.categories)
        if drawn is None or drawn.use == "test" or sample.group in held or label is None:
            continue
        image = sample.open()
        examples.append(
            Example(
                image=sample.image,
                aspect=sample.aspect,
                kind="drawn",
                boxes=(drawn.on(image.size),),
                labels=(classes.position(label),),
                masks=(None,),
            )
        )
    return examples


def flat_examples(
    samples: Sequence[Sample],
    boxes: Mapping[str, DrawnBox],
    classes: CoarseClasses,
    *,
    limit: int,
    seed: int = 0,
) -> list[Example]:
    """Give catalog pictures whose foreground is the product alone, looking at `limit` pictures."""
    held = _test_groups(samples, boxes)
    order = sorted(samples, key=lambda sample: sample.id)
    random.Random(seed).shuffle(order)  # noqa: S311 - a choice of pictures, no secret
    examples = []
    for sample in order[:limit]:
        label = classes.of(sample.label.categories)
        if sample.group in held or sample.image.stem in boxes or label is None:
            continue
        mask = _product_mask(sample.open())
        if mask is not None:
            examples.append(_flat_example(sample, mask, classes.position(label)))
    log.info("flat_pictures", looked_at=min(limit, len(order)), used=len(examples))
    return examples


def _flat_example(sample: Sample, mask: NDArray[np.bool_], label: int) -> Example:
    image_wh = sample.open().size
    box = foreground_box(mask, image_wh)
    return Example(
        image=sample.image,
        aspect=sample.aspect,
        kind="flat",
        boxes=(box,),
        labels=(label,),
        masks=(encode_mask(mask),),
    )


def _test_groups(samples: Sequence[Sample], boxes: Mapping[str, DrawnBox]) -> set[str]:
    return {
        sample.group
        for sample in samples
        if (drawn := boxes.get(sample.image.stem)) is not None and drawn.use == "test"
    }


def _product_mask(image: Image) -> NDArray[np.bool_] | None:
    found = find_foreground(image)
    low, high = _FOREGROUND_SHARES
    if not found.background.is_plain or not low <= found.mask.mean() <= high:
        return None
    return found.mask if skin_share(image, found.mask) < _MAX_SKIN_SHARE else None
