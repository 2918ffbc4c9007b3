"""Cut a garment's square network input out of its photograph.

The input is square and garments are not: a box is squeezed by at most `MAX_SQUEEZE`, then widened
with the picture around it, and only what lies outside the picture is filled with white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from tagger.boxes import PixelBox

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_SQUEEZE = 4 / 3
MARGIN = 0.06
_FILL = (255, 255, 255)


@dataclass(frozen=True, slots=True, kw_only=True)
class CropJitter:
    """A random change of the crop window and of the pixels, drawn by the caller.

    Attributes:
        scale: Factor on the window's sides, around 1.
        shift_xy: Shift of the window as a share of its sides.
        flip: Whether to mirror left and right.
        brightness: Factor on the pixel values, around 1.
        contrast: Factor on the distance from the mean, around 1.
    """

    scale: float = 1.0
    shift_xy: tuple[float, float] = (0.0, 0.0)
    flip: bool = False
    brightness: float = 1.0
    contrast: float = 1.0


def crop_window(
    box: PixelBox, *, aspect: float = 1.0, jitter: CropJitter | None = None
) -> tuple[float, float, float, float]:
    """Give the window (x0, y0, x1, y1), in file pixels, that becomes the square input.

    Args:
        box: The garment, in pixels of the file.
        aspect: True width of a file pixel relative to its height (0.75 for pictures of 3:4 that
            were stored square).
        jitter: Optional random change.

    Returns:
        Corners that may lie outside the picture.
    """
    width, height = (box.x1 - box.x0) * aspect, box.y1 - box.y0
    width, height = width * (1 + 2 * MARGIN), height * (1 + 2 * MARGIN)
    width, height = max(width, height / MAX_SQUEEZE), max(height, width / MAX_SQUEEZE)
    centre_x, centre_y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    if jitter is not None:
        width, height = width * jitter.scale, height * jitter.scale
        centre_x += jitter.shift_xy[0] * width / aspect
        centre_y += jitter.shift_xy[1] * height
    half_w, half_h = width / aspect / 2, height / 2
    return centre_x - half_w, centre_y - half_h, centre_x + half_w, centre_y + half_h


def cut_window(
    image: Image.Image, box: PixelBox, *, aspect: float = 1.0, jitter: CropJitter | None = None
) -> tuple[float, float, float, float]:
    """Give the window that `cut` takes of a picture; see `crop_window`."""
    return crop_window(_whole_if_covering(image, box), aspect=aspect, jitter=jitter)


def cut(
    image: Image.Image,
    box: PixelBox,
    *,
    size: int,
    aspect: float = 1.0,
    jitter: CropJitter | None = None,
) -> NDArray[np.uint8]:
    """Cut and resize one garment.

    Args:
        image: RGB picture.
        box: The garment in pixels of that picture; may touch the borders.
        size: Side of the output in pixels.
        aspect: As in `crop_window`.
        jitter: Optional random change.

    Returns:
        (size, size, 3) RGB.
    """
    window = cut_window(image, box, aspect=aspect, jitter=jitter)
    x0, y0 = max(0.0, window[0]), max(0.0, window[1])
    x1, y1 = min(float(image.width), window[2]), min(float(image.height), window[3])
    scale_x, scale_y = size / (window[2] - window[0]), size / (window[3] - window[1])
    left, top = round((x0 - window[0]) * scale_x), round((y0 - window[1]) * scale_y)
    wide = max(1, min(size - left, round((x1 - x0) * scale_x)))
    high = max(1, min(size - top, round((y1 - y0) * scale_y)))
    part = image.resize((wide, high), Image.Resampling.BILINEAR, box=(x0, y0, x1, y1))
    if (wide, high) == (size, size):
        square = part
    else:
        square = Image.new("RGB", (size, size), _FILL)
        square.paste(part, (left, top))
    pixels = np.asarray(square)
    return _change_pixels(pixels, jitter) if jitter is not None else pixels


def _whole_if_covering(image: Image.Image, box: PixelBox) -> PixelBox:
    """Take the margin off a box that already is the whole picture, so nothing is padded."""
    covers = (box.x1 - box.x0) * (box.y1 - box.y0) >= 0.98 * image.width * image.height
    if not covers:
        return box
    shrink = MARGIN / (1 + 2 * MARGIN)
    dx, dy = shrink * image.width, shrink * image.height
    return PixelBox(x0=dx, y0=dy, x1=image.width - dx, y1=image.height - dy)


def _change_pixels(pixels: NDArray[np.uint8], jitter: CropJitter) -> NDArray[np.uint8]:
    if jitter.flip:
        pixels = pixels[:, ::-1]
    if jitter.brightness == 1.0 and jitter.contrast == 1.0:
        return pixels
    levels = np.arange(256, dtype=np.float32)
    table = ((levels - 128) * jitter.contrast + 128) * jitter.brightness
    return np.clip(table, 0, 255).astype(np.uint8)[pixels]
