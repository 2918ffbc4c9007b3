"""Bring pictures and their garments to the detector's input: scaled, padded, and jittered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.run_length import decode_mask

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from tagger.detect.examples import Example

    FloatArray = NDArray[np.float32]

__all__ = ["FILL", "Canvas", "Placement", "draw_placement", "fit_scale", "place"]

FILL = 127  # what padding looks like, before scaling
_MIN_VISIBLE = 0.35
_MIN_SIDE_PX = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How a picture is laid onto the canvas.

    Attributes:
        scale_xy: Canvas pixels per file pixel.
        shift_xy: Where the picture's top left corner lies on the canvas, in pixels.
        flip: Whether the canvas is mirrored in the end.
        gain: Factor on each colour channel.
        contrast: Factor on the distance from the mean.
    """

    scale_xy: tuple[float, float]
    shift_xy: tuple[float, float] = (0.0, 0.0)
    flip: bool = False
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """What the network sees of one example.

    Attributes:
        pixels: (H, W, 3) uint8 RGB.
        boxes: (N, 4) edges in canvas pixels.
        labels: (N,) classes from 1.
        masks: (N, H, W) uint8; all 0 where unknown.
        has_mask: (N,) whether the mask is known.
    """

    pixels: NDArray[np.uint8]
    boxes: FloatArray
    labels: NDArray[np.int64]
    masks: NDArray[np.uint8]
    has_mask: NDArray[np.bool_]


def fit_scale(true_wh: tuple[float, float], *, short_side: int, long_side: int) -> float:
    """Give the factor that fits a picture's true width and height into both limits."""
    return min(short_side / min(true_wh), long_side / max(true_wh))


def draw_placement(
    rng: np.random.Generator,
    image_wh: tuple[int, int],
    *,
    aspect: float,
    canvas_wh: tuple[int, int],
    catalog: bool,
) -> Placement:
    """Draw a random placement: scale, crop, mirror, colour; catalog pictures stay nearly whole."""
    width, height = canvas_wh
    true_w, true_h = image_wh[0] * aspect, float(image_wh[1])
    fit = min(width / true_w, height / true_h)
    low, high = (0.7, 1.12) if catalog else (0.75, 1.6)
    scale = fit * float(np.exp(rng.uniform(np.log(low), np.log(high))))
    # Served pictures may come as the shop stored them, squeezed: the network learns both shapes.
    squeeze = float(rng.uniform(1.0, 1.0 / aspect)) if rng.random() < 0.5 else 1.0
    stretch = squeeze * float(np.exp(rng.uniform(-0.12, 0.12)))
    scale_xy = (scale * aspect * stretch, scale)
    room = (width - image_wh[0] * scale_xy[0], height - image_wh[1] * scale_xy[1])
    shift = tuple(float(rng.uniform(min(0.0, gap), max(0.0, gap))) for gap in room)
    tint = rng.uniform(0.93, 1.07, size=3) * rng.uniform(0.8, 1.2)
    return Placement(
        scale_xy=scale_xy,
        shift_xy=(shift[0], shift[1]),
        flip=bool(rng.random() < 0.5),
        gain=(float(tint[0]), float(tint[1]), float(tint[2])),
        contrast=float(rng.uniform(0.8, 1.2)),
    )


def place(
    image: Image, example: Example, placement: Placement, *, canvas_wh: tuple[int, int]
) -> Canvas:
    """Lay a picture and its garments onto a canvas; garments that are mostly cut off go."""
    import cv2

    (sx, sy), (dx, dy) = placement.scale_xy, placement.shift_xy
    pixels = np.asarray(image)
    if min(sx, sy) < 0.5:  # or the finest patterns of large files alias
        half = (max(1, round(image.width * sx * 2)), max(1, round(image.height * sy * 2)))
        pixels = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
    drawn = _warp(pixels, placement, image.size, canvas_wh, fill=FILL)
    drawn = _recolour(drawn, placement)
    boxes, labels, masks, known = [], [], [], []
    for box, label, rle in zip(example.boxes, example.labels, example.masks, strict=True):
        edges = np.array([box.x0 * sx + dx, box.y0 * sy + dy, box.x1 * sx + dx, box.y1 * sy + dy])
        kept, mask = _visible(edges, rle, placement, image.size, canvas_wh)
        if kept is not None:
            boxes.append(kept)
            labels.append(label)
            masks.append(mask)
            known.append(rle is not None)
    width, height = canvas_wh
    canvas = Canvas(
        pixels=drawn,
        boxes=np.array(boxes, dtype=np.float32).reshape(-1, 4),
        labels=np.array(labels, dtype=np.int64),
        masks=np.stack(masks) if masks else np.zeros((0, height, width), dtype=np.uint8),
        has_mask=np.array(known, dtype=bool),
    )
    return _mirror(canvas) if placement.flip else canvas


def _visible(
    edges: NDArray[np.float64],
    rle: object,
    placement: Placement,
    image_wh: tuple[int, int],
    canvas_wh: tuple[int, int],
) -> tuple[NDArray[np.float64] | None, NDArray[np.uint8]]:
    width, height = canvas_wh
    empty = np.zeros((height, width), dtype=np.uint8)
    inside = np.clip(edges, 0, [width, height, width, height])
    sides = inside[2:] - inside[:2]
    area = float(np.prod(edges[2:] - edges[:2]))
    if sides.min() < _MIN_SIDE_PX or float(np.prod(sides)) < _MIN_VISIBLE * area:
        return None, empty
    if rle is None:
        return inside, empty
    mask = _warp(decode_mask(rle), placement, image_wh, canvas_wh, fill=0)  # type: ignore[arg-type]
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if len(rows) < _MIN_SIDE_PX or len(columns) < _MIN_SIDE_PX:
        return None, empty
    if bool(
        (inside != edges).any()
    ):  # cut off: what is left may be smaller than the rest of the box
        inside = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], dtype=np.float64)
    return inside, mask


def _warp(
    pixels: NDArray[np.uint8],
    placement: Placement,
    image_wh: tuple[int, int],
    canvas_wh: tuple[int, int],
    *,
    fill: int,
) -> NDArray[np.uint8]:
    """Warp an array that shows the whole picture, at whatever size, onto the canvas."""
    import cv2

    height, width = pixels.shape[:2]
    sx = placement.scale_xy[0] * image_wh[0] / width
    sy = placement.scale_xy[1] * image_wh[1] / height
    dx, dy = placement.shift_xy
    # Pixel centres lie at halves: the matrix maps centres onto centres.
    matrix = np.array([[sx, 0, dx + 0.5 * sx - 0.5], [0, sy, dy + 0.5 * sy - 0.5]])
    colour = pixels.ndim == 3
    warped = cv2.warpAffine(
        pixels,
        matrix,
        canvas_wh,
        flags=cv2.INTER_LINEAR if colour else cv2.INTER_NEAREST,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(fill,) * 3 if colour else fill,
    )
    return np.asarray(warped, dtype=np.uint8)


def _recolour(pixels: NDArray[np.uint8], placement: Placement) -> NDArray[np.uint8]:
    if placement.gain == (1.0, 1.0, 1.0) and placement.contrast == 1.0:
        return pixels
    import cv2

    levels = np.arange(256, dtype=np.float32)
    tables = [((levels - FILL) * placement.contrast + FILL) * gain for gain in placement.gain]
    table = np.clip(np.stack(tables, axis=-1), 0, 255).astype(np.uint8)[None]
    return np.asarray(cv2.LUT(pixels, table), dtype=np.uint8)


def _mirror(canvas: Canvas) -> Canvas:
    width = canvas.pixels.shape[1]
    boxes = canvas.boxes.copy()
    boxes[:, [0, 2]] = width - canvas.boxes[:, [2, 0]]
    return Canvas(
        pixels=np.ascontiguousarray(canvas.pixels[:, ::-1]),
        boxes=boxes,
        labels=canvas.labels,
        masks=np.ascontiguousarray(canvas.masks[:, :, ::-1]),
        has_mask=canvas.has_mask,
    )
