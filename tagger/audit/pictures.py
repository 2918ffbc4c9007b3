"""What is wrong with a picture itself: small, dark, blurred, cropped, or written over.

Limits were set on photographs and drawings in `python -m bench.audit faults`; `PictureLimits` holds
them, so that a shop with other rules changes numbers, not code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.audit.findings import FindingKind
from tagger.boxes import PixelBox
from tagger.foreground import find_foreground, skin_share

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from tagger.foreground import Foreground

    Grey = NDArray[np.float32]

__all__ = ["PictureLimits", "PictureMarks", "mark_picture", "part_boxes"]

_WORK_SIDE_PX = 512
_SKIN = 0.03
_WORN = 0.15
_TALL = 0.3
_MIN_TOUCH = 0.12
_WHOLE_SIDE = 0.97
_MIN_BORDER = 0.62
_MAX_BORDER_NOISE = 2.0
_EDGE_HEIGHT = 0.12
_MIN_EDGE_PX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureLimits:
    """From where on a picture is at fault.

    Attributes:
        min_side_px: Shorter side of an acceptable picture.
        min_sharpness: Steepness of edges for their height, 0..1.
        min_bright: 95th percentile of lightness, 0..1.
        max_contact: Share of its width or height that a product may have at a side of the picture.
        max_contact_person: The same where a person may be in the picture, at its left and right;
            catalogs cut people off above and below on purpose.
        max_noise: Noise of a background on which strokes can be told, Lab units.
        max_strokes: Share of the background that faint thin strokes may cover, 0..1.
        min_product: Least share of the picture that is not background, 0..1.
    """

    min_side_px: int = 200
    min_sharpness: float = 0.66
    min_bright: float = 0.40
    max_contact: float = 0.4
    max_contact_person: float = 0.75
    max_strokes: float = 0.04
    max_noise: float = 1.0
    min_product: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureMarks:
    """Measures of one picture, named as their limits are.

    Attributes:
        is_plain: Whether the background is plain; strokes are only told then.
        has_skin: Whether a person may be in the picture.
    """

    side_px: int
    sharpness: float
    bright: float
    contact: float
    strokes: float
    noise: float
    product: float
    is_plain: bool
    has_skin: bool

    def faults(self, limits: PictureLimits) -> Iterator[tuple[FindingKind, str]]:
        """Give each fault's kind and a sentence about it."""
        if self.side_px < limits.min_side_px:
            yield (
                FindingKind.SMALL_PICTURE,
                f"shorter side is {self.side_px} px; at least {limits.min_side_px} px are asked",
            )
        if self.bright < limits.min_bright:
            yield (
                FindingKind.DARK_PICTURE,
                f"brightest parts reach {self.bright:.0%} of white; "
                f"at least {limits.min_bright:.0%} are asked",
            )
        elif self.sharpness < limits.min_sharpness:
            yield (
                FindingKind.BLURRED_PICTURE,
                f"edges have a sharpness of {self.sharpness:.2f}; "
                f"at least {limits.min_sharpness:.2f} is asked",
            )
        if self.contact > (limits.max_contact_person if self.has_skin else limits.max_contact):
            yield (
                FindingKind.CROPPED_PICTURE,
                f"the product ends at a side of the picture with {self.contact:.0%} of its extent",
            )
        if self.is_plain and self.noise <= limits.max_noise and self.strokes > limits.max_strokes:
            yield (
                FindingKind.WATERMARK,
                f"faint thin strokes cover {self.strokes:.1%} of the background",
            )


def mark_picture(image: Image, box: PixelBox | None = None) -> PictureMarks:
    """Measure an RGB picture.

    Args:
        image: At its own size.
        box: The product, in pixels; sharpness is measured there. None for the whole picture.
    """
    foreground = find_foreground(image)
    plain = foreground.background.is_plain
    has_skin = skin_share(image, foreground.mask) >= _SKIN
    grey = _grey(image)
    return PictureMarks(
        side_px=min(image.size),
        sharpness=_sharpness(_inside(grey, image.size, box)),
        noise=foreground.background.noise,
        bright=float(np.percentile(grey, 95)),
        contact=_contact(foreground, is_person=has_skin),
        strokes=_strokes(grey, foreground) if plain else 0.0,
        product=float(foreground.mask.mean()),
        is_plain=plain,
        has_skin=has_skin,
    )


def _grey(image: Image) -> Grey:
    """Give lightness 0..1, at most 512 px on the long side."""
    small = image.convert("L")
    if max(small.size) > _WORK_SIDE_PX:
        small.thumbnail((_WORK_SIDE_PX, _WORK_SIDE_PX), reducing_gap=2.0)
    return np.asarray(small, dtype=np.float32) / 255.0


def _inside(grey: Grey, image_wh: tuple[int, int], box: PixelBox | None) -> Grey:
    if box is None:
        return grey
    x, y = grey.shape[1] / image_wh[0], grey.shape[0] / image_wh[1]
    part = grey[
        max(0, int(box.y0 * y)) : int(box.y1 * y) + 1, max(0, int(box.x0 * x)) : int(box.x1 * x) + 1
    ]
    return part if min(part.shape) >= 16 else grey


def _sharpness(grey: Grey) -> float:
    """Give how steep edges are for their height, 1 for a step from one pixel to the next.

    Texture plays no part, so that plain cloth on a plain background is no blurred picture.
    """
    import cv2

    around = np.ones((13, 13), np.uint8)
    height = np.asarray(cv2.dilate(grey, around) - cv2.erode(grey, around), dtype=np.float32)
    steps = [np.abs(cv2.Sobel(grey, cv2.CV_32F, x, 1 - x, ksize=3)) / 4 for x in (0, 1)]
    steepest = cv2.dilate(np.maximum(*steps), around)
    edges = height > _EDGE_HEIGHT
    if edges.sum() < _MIN_EDGE_PX:
        edges = height >= np.percentile(height, 95)
    return float(np.percentile((steepest / np.maximum(height, 1e-3))[edges], 75))


def _contact(foreground: Foreground, *, is_person: bool) -> float:
    """Give which share of its width or height the product has, in one piece, at one side.

    A product that was cut through is there about as wide as anywhere. Several such sides, or one
    that is touched from end to end, are a floor or a wall; 0 for these, and for people above and
    below. What the product covers of the border says nothing against the background, which has to
    fit the rest of it.
    """
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(foreground.mask.astype(np.uint8))
    if count < 2:
        return 0.0
    product = labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    width, height = int(product.any(axis=0).sum()), int(product.any(axis=1).sum())
    sides = (
        (product[:2].any(axis=0), width),
        (product[-2:].any(axis=0), width),
        (product[:, :2].any(axis=1), height),
        (product[:, -2:].any(axis=1), height),
    )
    covered = sum(int(edge.sum()) for edge, _ in sides) / (2 * sum(product.shape))
    if (
        foreground.background.share + covered < _MIN_BORDER
        or foreground.background.noise > _MAX_BORDER_NOISE
    ):
        return 0.0
    touched = [at for at, (edge, _) in enumerate(sides) if float(edge.mean()) >= _MIN_TOUCH]
    if len(touched) != 1 or (is_person and touched[0] < 2):
        return 0.0
    edge, extent = sides[touched[0]]
    return 0.0 if float(edge.mean()) >= _WHOLE_SIDE else _longest(edge) / extent


def _longest(edge: NDArray[np.bool_]) -> int:
    """Give the length of the longest run of True."""
    ends = np.flatnonzero(np.diff(np.concatenate(([False], edge, [False])).astype(np.int8)))
    return int((ends[1::2] - ends[::2]).max(initial=0))


def _strokes(grey: Grey, foreground: Foreground) -> float:
    """Give the share of the background under faint strokes that are thinner than a few pixels.

    What lies between parts of the product is no background: pale cloth on a person is not told
    from white.
    """
    import cv2

    size = (grey.shape[1], grey.shape[0])
    mask = np.asarray(
        cv2.resize(foreground.mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count > 1:  # small things are strokes themselves, not the product
        largest = stats[1:, cv2.CC_STAT_AREA].max()
        for at in range(1, count):
            if stats[at, cv2.CC_STAT_AREA] < 0.05 * largest:
                mask[labels == at] = 0
    if mask.any():
        cv2.fillConvexPoly(mask, cv2.convexHull(cv2.findNonZero(mask)), 1)
    around = cv2.dilate(mask, np.ones((13, 13), np.uint8)) == 0
    if around.mean() < 0.05:
        return 0.0
    smooth = cv2.GaussianBlur(grey, (0, 0), 0.8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))
    thin = np.maximum(
        cv2.morphologyEx(smooth, cv2.MORPH_TOPHAT, kernel),
        cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, kernel),
    )
    return float((thin[around] > 0.03).mean())


def part_boxes(image: Image, *, min_part: float = 0.25) -> list[PixelBox]:
    """Give the boxes of separate things on a plain background, in pixels; none on any other.

    Where much of it may be skin, these are what stands side by side, small things aside: pale
    clothes on white leave a head, two arms and trousers, and several garments that one person wears
    are no separate things.

    Args:
        image: RGB.
        min_part: Least area relative to the largest, 0..1.
    """
    import cv2

    foreground = find_foreground(image)
    if not foreground.background.is_plain:
        return []
    mask = cv2.morphologyEx(
        foreground.mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
    )
    count, labels = cv2.connectedComponents(mask)
    parts = [labels == at for at in range(1, count) if not _fills_a_side(labels == at)]
    if skin_share(image, foreground.mask) >= _WORN:
        parts = _side_by_side(parts)
    largest = max((part.sum() for part in parts), default=0)
    x, y = image.width / mask.shape[1], image.height / mask.shape[0]
    parts = [part for part in parts if part.sum() >= min_part * largest]
    boxes = [cv2.boundingRect(part.astype(np.uint8)) for part in parts]
    return [
        PixelBox.from_xywh(left * x, top * y, wide * x, high * y) for left, top, wide, high in boxes
    ]


def _side_by_side(parts: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
    """Join parts one above the other; give those at least 30 % as tall as the tallest."""
    joined: list[NDArray[np.bool_]] = []
    for part in sorted(parts, key=lambda one: int(one.any(axis=0).argmax())):
        if joined and (joined[-1].any(axis=0) & part.any(axis=0)).any():
            joined[-1] = joined[-1] | part
        else:
            joined.append(part)
    heights = [float(np.ptp(np.flatnonzero(one.any(axis=1)))) for one in joined]
    tallest = max(heights, default=0.0)
    return [one for one, height in zip(joined, heights, strict=True) if height >= _TALL * tallest]


def _fills_a_side(thing: NDArray[np.bool_]) -> bool:
    """Tell whether something covers a side of the picture from end to end, as a floor does."""
    return any(
        float(edge.mean()) >= _WHOLE_SIDE
        for edge in (thing[0], thing[-1], thing[:, 0], thing[:, -1])
    )
