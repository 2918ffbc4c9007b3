"""Boxes in pixels, and the percent boxes of Label Studio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ontology.errors import CatalogError

__all__ = ["BoxError", "PixelBox", "from_percent", "to_percent", "whole_image"]

_TOLERANCE_PX = 0.5


class BoxError(CatalogError):
    """A box has no area, no finite edges, or lies outside its image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelBox:
    """Axis-aligned box in image pixels, origin top left, right and bottom edges exclusive."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        """Refuse a box without area; NaN and infinity fail the same comparison."""
        finite = all(abs(edge) < float("inf") for edge in (self.x0, self.y0, self.x1, self.y1))
        if not (finite and self.x0 < self.x1 and self.y0 < self.y1):
            raise BoxError(f"box has no area: {self}; expected finite x0 < x1 and y0 < y1")

    @classmethod
    def from_xywh(cls, x: float, y: float, width: float, height: float) -> PixelBox:
        """Build a box from its top left corner and size in pixels.

        Raises:
            BoxError: If width or height is not positive.
        """
        return cls(x0=x, y0=y, x1=x + width, y1=y + height)

    @property
    def width(self) -> float:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    @property
    def xywh(self) -> tuple[float, float, float, float]:
        """Top left corner and size in pixels, the order of COCO's `bbox`."""
        return (self.x0, self.y0, self.width, self.height)

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom edge in pixels."""
        return (self.x0, self.y0, self.x1, self.y1)

    def intersection(self, other: PixelBox) -> float:
        """Return the area that both boxes cover, in square pixels."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0.0, width) * max(0.0, height)

    def iou(self, other: PixelBox) -> float:
        """Return intersection over union with another box, 0 to 1."""
        shared = self.intersection(other)
        return shared / (self.area + other.area - shared)

    def clip(self, image_wh: tuple[int, int]) -> PixelBox:
        """Cut the box to the image.

        Raises:
            BoxError: If nothing of the box lies inside the image.
        """
        width, height = image_wh
        return PixelBox(
            x0=max(0.0, self.x0),
            y0=max(0.0, self.y0),
            x1=min(float(width), self.x1),
            y1=min(float(height), self.y1),
        )

    def expand(self, share: float) -> PixelBox:
        """Grow the box on each side by a share of its own width and height; not clipped."""
        dx, dy = self.width * share, self.height * share
        return PixelBox(x0=self.x0 - dx, y0=self.y0 - dy, x1=self.x1 + dx, y1=self.y1 + dy)


def whole_image(image_wh: tuple[int, int]) -> PixelBox:
    """Return the box that covers a whole image of the given width and height."""
    return PixelBox(x0=0.0, y0=0.0, x1=float(image_wh[0]), y1=float(image_wh[1]))


def to_percent(box: PixelBox, *, image_wh: tuple[int, int]) -> dict[str, float]:
    """Express a box as Label Studio's `x, y, width, height` in percent of the image.

    Args:
        box: Must lie inside the image, half a pixel of rounding allowed.
        image_wh: Width and height in pixels, after EXIF rotation.

    Returns:
        Percent values, each 0 to 100, `x + width` and `y + height` at most 100.

    Raises:
        BoxError: If the box reaches outside the image by more than half a pixel.
    """
    width, height = image_wh
    outside = max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)
    if outside > _TOLERANCE_PX:
        raise BoxError(f"box {box} reaches outside the image of {width} x {height} px; clip it")
    inside = box.clip(image_wh)
    x, y = 100.0 * inside.x0 / width, 100.0 * inside.y0 / height
    return {
        "x": x,
        "y": y,
        "width": min(100.0 * inside.width / width, 100.0 - x),
        "height": min(100.0 * inside.height / height, 100.0 - y),
    }


def from_percent(value: Mapping[str, float], *, image_wh: tuple[int, int]) -> PixelBox:
    """Read Label Studio's `x, y, width, height` in percent as a box in pixels, clipped.

    Args:
        value: The `value` of a rectangle result; other keys are ignored.
        image_wh: Width and height in pixels, after EXIF rotation.

    Raises:
        BoxError: If a key is missing or no number, or nothing of the box lies in the image.
    """
    width, height = image_wh
    try:
        x, y, w, h = (float(value[key]) for key in ("x", "y", "width", "height"))
    except (KeyError, TypeError, ValueError) as error:
        raise BoxError(
            f"rectangle {dict(value)!r} lacks a number for x, y, width or height"
        ) from error
    box = PixelBox.from_xywh(x * width / 100, y * height / 100, w * width / 100, h * height / 100)
    return box.clip(image_wh)
