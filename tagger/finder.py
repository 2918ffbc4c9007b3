"""Find the garments of a picture: several in a street photograph, one in a catalog photograph.

The rule of `auto`:

1. A plain background (`tagger.foreground.PlainBackground`) makes a catalog photograph, which has
   exactly one garment. Where the foreground has no colour of skin, no person can be part of it: the
   foreground's box is the product's. Else the detector's best box counts, and the foreground's box
   takes its place where the two agree, because it is tighter.
2. Any other background makes a street photograph: every garment that the detector is sure of, a
   pair of shoes as one (`tagger.detect.pairs`). The primary one has the highest product of score,
   square root of its share of the picture and nearness to the centre.
3. Without a detector, or where it sees nothing, a plain background gives the foreground, any other
   one the whole image.

`detect` asks the detector on any background, and tries the foreground where there is none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ontology.errors import CatalogError
from tagger.boxes import PixelBox, whole_image
from tagger.detect.pairs import join_pairs
from tagger.foreground import Foreground, find_foreground, foreground_box, skin_share
from tagger.run_length import encode_mask

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from tagger.detect.serving import Detection, GarmentDetector

__all__ = [
    "FinderError",
    "FinderMode",
    "FoundGarment",
    "find_garments",
    "is_street",
    "primary_box",
]

FinderMode = Literal["auto", "detect", "whole"]

_WHOLE_IMAGE_SCORE = 0.5
_MIN_AREA_SHARE = 0.004
_MAX_SKIN_SHARE = 0.01
_AGREEMENT_IOU = 0.7
_CATALOG_SCORE = 0.05
_MIN_SIDE_PX = 8


class FinderError(CatalogError):
    """The finder was asked for something that it does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundGarment:
    """One garment in a picture.

    Attributes:
        box: In pixels of the picture, edges right and bottom exclusive.
        score: 0 to 1, how far the box is to be trusted. The whole image gets 0.5.
        primary: Whether this is the product that is sold.
        source: How the box was found; `given` if the caller named it.
        mask: COCO run lengths over the whole picture, or None.
        detection: What the detector saw, if the garment's class is its word: in street
            photographs.
    """

    box: PixelBox
    score: float
    primary: bool
    source: Literal["foreground", "detector", "whole-image", "given"]
    mask: Mapping[str, Any] | None = None
    detection: Detection | None = None


def find_garments(
    image: Image,
    *,
    mode: FinderMode = "auto",
    detector: GarmentDetector | None = None,
    pixel_aspect: float = 1.0,
    with_masks: bool = True,
) -> list[FoundGarment]:
    """Find the garments of a picture, by the rule that this module states.

    Args:
        image: RGB, any size from 1 px.
        mode: `auto` tells catalog from street photographs; `detect` treats every picture as a
            street photograph; `whole` does not look.
        detector: The model version's detector, if it has one.
        pixel_aspect: True width of a pixel relative to its height.
        with_masks: Whether to write the masks down, which takes a few milliseconds each.

    Returns:
        At least one garment, exactly one of them primary.

    Raises:
        FinderError: If the mode is none of the three.
    """
    if mode not in ("auto", "detect", "whole"):
        raise FinderError(f"unknown region mode {mode!r}; expected auto, detect or whole")
    if mode == "whole" or min(image.size) < _MIN_SIDE_PX:
        return [_whole(image)]
    if mode == "detect" and detector is not None:
        return _street(image, detector, pixel_aspect, with_masks) or [_whole(image)]
    foreground = find_foreground(image)
    if mode == "detect":
        return [_foreground(image, foreground, with_masks) or _whole(image)]
    if foreground.background.is_plain:
        return [_product(image, foreground, detector, pixel_aspect, with_masks)]
    if detector is None:
        return [_whole(image)]
    return _street(image, detector, pixel_aspect, with_masks) or [_whole(image)]


def is_street(image: Image) -> bool:
    """Tell whether `auto` takes an RGB picture for a street photograph."""
    if min(image.size) < _MIN_SIDE_PX:
        return False
    return not find_foreground(image).background.is_plain


def primary_box(
    image: Image, *, detector: GarmentDetector | None = None, pixel_aspect: float = 1.0
) -> PixelBox:
    """Give the box, in pixels, of the product that an RGB picture is about."""
    found = find_garments(image, detector=detector, pixel_aspect=pixel_aspect, with_masks=False)
    return next(item.box for item in found if item.primary)


def _whole(image: Image) -> FoundGarment:
    return FoundGarment(
        box=whole_image(image.size), score=_WHOLE_IMAGE_SCORE, primary=True, source="whole-image"
    )


def _foreground(image: Image, foreground: Foreground, with_masks: bool) -> FoundGarment | None:
    if foreground.mask.mean() < _MIN_AREA_SHARE:
        return None
    return FoundGarment(
        box=foreground_box(foreground.mask, image.size),
        score=foreground.score,
        primary=True,
        source="foreground",
        mask=_full_mask(foreground.mask, image.size) if with_masks else None,
    )


def _product(
    image: Image,
    foreground: Foreground,
    detector: GarmentDetector | None,
    pixel_aspect: float,
    with_masks: bool,
) -> FoundGarment:
    """Give the one product of a catalog photograph."""
    lying = _foreground(image, foreground, with_masks)
    if detector is None:
        return lying or _whole(image)
    if lying is not None and skin_share(image, foreground.mask) < _MAX_SKIN_SHARE:
        return lying
    seen = detector.detect(
        image,
        pixel_aspect=pixel_aspect,
        threshold=_CATALOG_SCORE,
        limit=1,
        with_masks=with_masks,
    )
    if not seen:
        return lying or _whole(image)
    if lying is not None and lying.box.iou(seen[0].box) >= _AGREEMENT_IOU:
        return lying
    return FoundGarment(
        box=seen[0].box,
        score=seen[0].score,
        primary=True,
        source="detector",
        mask=seen[0].mask,
    )


def _street(
    image: Image, detector: GarmentDetector, pixel_aspect: float, with_masks: bool
) -> list[FoundGarment]:
    seen = join_pairs(detector.detect(image, pixel_aspect=pixel_aspect, with_masks=with_masks))
    first = _primary(seen, image.size)
    return [
        FoundGarment(
            box=item.box,
            score=item.score,
            primary=at == first,
            source="detector",
            mask=item.mask,
            detection=item,
        )
        for at, item in enumerate(seen)
    ]


def _primary(seen: Sequence[Detection], image_wh: tuple[int, int]) -> int:
    """Give the position of the most probable, largest and most central garment; 0 if none."""
    width, height = image_wh

    def worth(item: Detection) -> float:
        x = (item.box.x0 + item.box.x1) / 2 / width - 0.5
        y = (item.box.y0 + item.box.y1) / 2 / height - 0.5
        size = math.sqrt(item.box.area / (width * height))
        return item.score * size * (1.0 - math.hypot(x, y))

    return max(range(len(seen)), key=lambda at: worth(seen[at]), default=0)


def _full_mask(mask: NDArray[np.bool_], image_wh: tuple[int, int]) -> Mapping[str, Any]:
    """Encode a mask at the picture's own size."""
    import cv2
    import numpy as np

    full = cv2.resize(mask.astype(np.uint8), image_wh, interpolation=cv2.INTER_NEAREST)
    return encode_mask(full > 0)
