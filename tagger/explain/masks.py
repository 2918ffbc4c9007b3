"""How much of a map lies on the garment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tagger.foreground import find_foreground
from tagger.run_length import decode_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from tagger.explain.maps import Region

__all__ = ["garment_mask", "mask_on_grid", "share_on"]

_FINE = 8  # sampling points along a side of a cell


def garment_mask(image: Image, region: Region) -> NDArray[np.bool_] | None:
    """Give a garment's mask over its picture, at any size.

    The finder's mask where there is one, else the foreground inside the box if the background is
    plain, else None.
    """
    if region.mask is not None:
        return decode_mask(region.mask) > 0
    foreground = find_foreground(image)
    if not foreground.background.is_plain:
        return None
    height, width = foreground.mask.shape
    sx, sy = width / image.width, height / image.height
    inside = np.zeros_like(foreground.mask)
    box = region.box
    rows = slice(max(0, int(box.y0 * sy)), max(0, int(np.ceil(box.y1 * sy))))
    columns = slice(max(0, int(box.x0 * sx)), max(0, int(np.ceil(box.x1 * sx))))
    inside[rows, columns] = foreground.mask[rows, columns]
    return inside


def mask_on_grid(
    mask: NDArray[np.bool_],
    box: tuple[float, float, float, float],
    *,
    image_wh: tuple[int, int],
    cells_hw: tuple[int, int],
) -> NDArray[np.bool_]:
    """Sample a mask of a picture at 8 x 8 points in every cell of a grid.

    Args:
        mask: (H, W) over the whole picture, at any size.
        box: Left, top, width and height of the grid in pixels of the picture.
        image_wh: The picture's size.
        cells_hw: The grid's.

    Returns:
        (8 h, 8 w); what lies outside the picture is no garment.
    """
    height, width = mask.shape
    x, y, wide, high = box
    rows = (np.arange(cells_hw[0] * _FINE) + 0.5) / (cells_hw[0] * _FINE) * high + y
    columns = (np.arange(cells_hw[1] * _FINE) + 0.5) / (cells_hw[1] * _FINE) * wide + x
    at_rows = np.floor(rows * height / image_wh[1]).astype(int)
    at_columns = np.floor(columns * width / image_wh[0]).astype(int)
    inside = ((at_rows >= 0) & (at_rows < height))[:, None] & (
        (at_columns >= 0) & (at_columns < width)
    )
    sampled: NDArray[np.bool_] = mask[
        np.ix_(at_rows.clip(0, height - 1), at_columns.clip(0, width - 1))
    ]
    return sampled & inside


def share_on(heat: NDArray[np.float32], sampled: NDArray[np.bool_]) -> float:
    """Give the share of a map's heat on a sampled mask, 0..1; 0 for an empty map.

    Args:
        heat: (h, w), from 0.
        sampled: What `mask_on_grid` gives for its grid.
    """
    import cv2

    fine = cv2.resize(heat, sampled.shape[::-1], interpolation=cv2.INTER_LINEAR)
    total = float(fine.sum())
    return float(fine[sampled].sum()) / total if total > 0 else 0.0
