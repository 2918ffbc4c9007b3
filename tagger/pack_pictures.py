"""Cut what a pack keeps of a picture: the garment and all that varied crops of it can show.

The window of the plain crop is stored at `side` by `side` pixels, never larger than it is in the
file, together with as much of the picture around it as varied crops can reach. Pictures of samples
without a box of their own are stored whole, because training also shows them whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from tagger.boxes import PixelBox
from tagger.crops import CropJitter, crop_window, cut_window
from tagger.training_set import Augmentation

if TYPE_CHECKING:
    from tagger.dataset import Sample

__all__ = ["Stored", "reach", "store"]

_MIN_SIDE_PX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A picture as it is stored, and where the garment is in it.

    Attributes:
        image: RGB.
        box: The garment in pixels of `image`.
        aspect: True width of a pixel of `image` relative to its height.
    """

    image: Image.Image
    box: PixelBox
    aspect: float


def reach() -> dict[str, float]:
    """Give the largest `scale`, `shift` and `aspect` of `Augmentation` that a pack allows for."""
    plan = Augmentation()
    return {"scale": max(1.0, plan.scale[1]), "shift": plan.shift, "aspect": plan.aspect}


def store(sample: Sample, box: PixelBox, *, side: int) -> Stored:
    """Cut what a pack keeps of a sample's picture.

    Args:
        sample: Its own box decides whether the picture is kept whole.
        box: Its garment in pixels of the file.
        side: Side in pixels at which the window of the plain crop is stored.
    """
    image = sample.open()
    window = cut_window(image, box, aspect=sample.aspect)
    region = (
        (0, 0, image.width, image.height)
        if sample.box is None
        else _region(image, box, aspect=sample.aspect)
    )
    wide, high = region[2] - region[0], region[3] - region[1]
    size = (
        max(1, round(wide * min(1.0, side / (window[2] - window[0])))),
        max(1, round(high * min(1.0, side / (window[3] - window[1])))),
    )
    size = (max(size[0], min(wide, _MIN_SIDE_PX)), max(size[1], min(high, _MIN_SIDE_PX)))
    scale_x, scale_y = size[0] / wide, size[1] / high
    return Stored(
        image=image.resize(size, Image.Resampling.LANCZOS, box=region),
        box=PixelBox(
            x0=(box.x0 - region[0]) * scale_x,
            y0=(box.y0 - region[1]) * scale_y,
            x1=(box.x1 - region[0]) * scale_x,
            y1=(box.y1 - region[1]) * scale_y,
        ),
        aspect=sample.aspect * scale_y / scale_x,
    )


def _region(image: Image.Image, box: PixelBox, *, aspect: float) -> tuple[int, int, int, int]:
    """Give the part of the picture, in whole pixels, that any varied crop can show."""
    most = reach()
    windows = [
        crop_window(
            box,
            aspect=aspect * (1 + change),
            jitter=CropJitter(scale=most["scale"], shift_xy=(shift, shift)),
        )
        for change in (-most["aspect"], 0.0, most["aspect"])
        for shift in (-most["shift"], most["shift"])
    ]
    x0, x1 = _span(min(w[0] for w in windows), max(w[2] for w in windows), image.width)
    y0, y1 = _span(min(w[1] for w in windows), max(w[3] for w in windows), image.height)
    return x0, y0, x1, y1


def _span(start: float, end: float, limit: int) -> tuple[int, int]:
    """Round outwards to whole pixels inside the picture, and to no fewer than can be read."""
    low, high = max(0, int(start)), min(limit, int(end) + 1)
    missing = max(0, _MIN_SIDE_PX - (high - low))
    low = max(0, low - missing)
    return low, min(limit, max(high, low + _MIN_SIDE_PX))
