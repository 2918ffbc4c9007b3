"""Which of the network's two looks at a garment is explained.

The answer is the mean of two looks; see `tagger.views`. Of a product that is alone in its picture
the mirrored look at the whole picture is explained: it has the same say as the close one, and a
garment's edges are not on the map's edge, where the network's answers rarely come from (measured:
`python -m bench.explain --show`). Of one among several, the close look is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tagger.boxes import whole_image
from tagger.crops import cut_window
from tagger.views import Look, look_at

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from tagger.explain.maps import Region
    from tagger.model import ModelConfig

    Window = tuple[float, float, float, float]

__all__ = ["View", "view_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The explained look and the other one.

    Attributes:
        crop: (S, S, 3) RGB that is explained, not mirrored.
        window: Corners, in pixels of the picture, of what it shows.
        is_mirrored: Whether the network sees it in a mirror.
        other: (S, S, 3) the close look, where the wide one is explained; else None.
        other_window: What `other` shows.
    """

    crop: NDArray[np.uint8]
    window: Window
    is_mirrored: bool
    other: NDArray[np.uint8] | None
    other_window: Window

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the window, in pixels of the picture."""
        x0, y0, x1, y1 = self.window
        return x0, y0, x1 - x0, y1 - y0

    def changed(self, crop: NDArray[np.uint8], mask: NDArray[np.bool_]) -> Look:
        """Give what the network is shown when the explained crop changes where a mask says so.

        Args:
            crop: (S, S, 3) after the change.
            mask: (S, S).
        """
        if self.other is None:
            return Look(close=crop)
        return Look(close=self._carried_over(self.other, crop, mask), wide=crop)

    def _carried_over(
        self, other: NDArray[np.uint8], crop: NDArray[np.uint8], mask: NDArray[np.bool_]
    ) -> NDArray[np.uint8]:
        """Make the same change in the other look."""
        import cv2

        (x0, y0, x1, y1), (left, top, right, bottom) = self.window, self.other_window
        size = len(crop)
        # Pixel centres of the other look in pixels of this one.
        scale_x, scale_y = (right - left) / (x1 - x0), (bottom - top) / (y1 - y0)
        shift_x, shift_y = (left - x0) / (x1 - x0) * size, (top - y0) / (y1 - y0) * size
        place = np.array(
            [
                [scale_x, 0, shift_x + 0.5 * scale_x - 0.5],
                [0, scale_y, shift_y + 0.5 * scale_y - 0.5],
            ]
        )
        how: dict[str, Any] = {
            "dsize": (size, size),
            "flags": cv2.WARP_INVERSE_MAP | cv2.INTER_LINEAR,
        }
        moved = cv2.warpAffine(crop, place, **how)
        is_moved = cv2.warpAffine(mask.astype(np.float32), place, **how) >= 0.5
        return np.where(is_moved[..., None], moved, other).astype(np.uint8)


def view_of(image: Image, region: Region, config: ModelConfig) -> View:
    """Choose the look that is explained.

    Args:
        image: RGB picture.
        region: The garment.
        config: Of the model; without its mirror there is only the close look.
    """
    is_wide = region.is_alone and config.mirror
    look = look_at(image, region.box, size=config.image_size, is_alone=is_wide)
    close = cut_window(image, region.box)
    if look.wide is None:
        return View(
            crop=look.close, window=close, is_mirrored=False, other=None, other_window=close
        )
    return View(
        crop=look.wide,
        window=cut_window(image, whole_image(image.size)),
        is_mirrored=True,
        other=look.close,
        other_window=close,
    )
