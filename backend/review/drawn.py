"""Encode what reviewers see as JPEG and PNG."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backend.review.items import ReviewError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["masks_png", "to_jpeg"]

_QUALITY = 86
_MASK_RGBA = (31, 111, 235, 110)
_LONGEST_PX = 1200


def to_jpeg(image: Image, side: int | None) -> bytes:
    """Encode a picture, made smaller if its longer side exceeds `side` pixels; None keeps it."""
    small = image.convert("RGB")
    if side is not None and max(small.size) > side:
        small = small.copy()
        small.thumbnail((side, side), reducing_gap=2.0)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=_QUALITY)
    return stream.getvalue()


def masks_png(masks: Sequence[Mapping[str, Any] | None]) -> bytes:
    """Draw COCO masks of one picture over each other as a transparent PNG.

    Args:
        masks: As `weft predict` gives them; None for a garment without.

    Raises:
        ReviewError: If there is no mask among them.
    """
    from PIL import Image as Pictures

    from tagger.run_length import decode_mask

    decoded = [decode_mask(mask) for mask in masks if mask]
    if not decoded:
        raise ReviewError("no region of this item has a mask")
    union = np.zeros_like(decoded[0])
    for mask in decoded:
        if mask.shape == union.shape:
            union |= mask
    rgba = np.zeros((*union.shape, 4), dtype=np.uint8)
    rgba[union > 0] = _MASK_RGBA
    image = Pictures.fromarray(rgba)
    if max(image.size) > _LONGEST_PX:
        image.thumbnail((_LONGEST_PX, _LONGEST_PX))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
