"""Between the size at which the model sees a picture and its own, and what is remembered of it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from tagger.boxes import PixelBox

if TYPE_CHECKING:
    from PIL.Image import Image

    from tagger.pipeline import ImagePrediction

__all__ = ["at_full_size", "estimate_bytes", "only_what_is_sent", "shrink"]

# Larger pictures are scaled down before the model sees them: it looks at crops of a few hundred
# pixels, and hundreds of full-size pictures in memory would be gigabytes.
_MAX_SIDE_PX = 2048


def shrink(image: Image) -> Image:
    """Scale a picture down to what the model needs; a small one is given back itself."""
    if max(image.size) <= _MAX_SIDE_PX:
        return image
    small = image.copy()
    small.thumbnail((_MAX_SIDE_PX, _MAX_SIDE_PX), reducing_gap=2.0)
    return small


def at_full_size(prediction: ImagePrediction, image_wh: tuple[int, int]) -> ImagePrediction:
    """Scale boxes back to the full picture."""
    x, y = (full / seen for full, seen in zip(image_wh, prediction.image_wh, strict=True))
    garments = tuple(
        dataclasses.replace(
            garment,
            box=PixelBox(
                x0=garment.box.x0 * x,
                y0=garment.box.y0 * y,
                x1=garment.box.x1 * x,
                y1=garment.box.y1 * y,
            ),
        )
        for garment in prediction.garments
    )
    return dataclasses.replace(prediction, image_wh=image_wh, garments=garments)


def only_what_is_sent(prediction: ImagePrediction) -> ImagePrediction:
    """Drop what Label Studio is not sent, so that many predictions can be remembered."""
    garments = tuple(
        dataclasses.replace(garment, mask=None, scores={}, embedding=None, category_scores={})
        for garment in prediction.garments
    )
    return dataclasses.replace(prediction, garments=garments)


def estimate_bytes(prediction: ImagePrediction) -> int:
    """Estimate memory from measured object sizes; rounded up rather than down."""
    num_cells = sum(len(garment.attributes) for garment in prediction.garments)
    num_answers = sum(
        len(answers) for garment in prediction.garments for answers in garment.attributes.values()
    )
    return 600 + 1000 * len(prediction.garments) + 150 * num_cells + 120 * num_answers
