"""Where the garments of a picture are, and the ids of their regions."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tagger.boxes import BoxError, PixelBox, to_percent

if TYPE_CHECKING:
    from tagger.pipeline import Garment, ImagePrediction

__all__ = ["PREDICTED_PREFIX", "SUGGESTED_PREFIX", "Place", "placed"]

PREDICTED_PREFIX = "w_"
"""How the ids of regions begin that the model found by itself."""

SUGGESTED_PREFIX = "s_"
"""How the ids of regions begin that were drawn by hand and then filled by the model."""

_DECIMALS = 4
_STEP = 10**_DECIMALS


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a garment is in its picture.

    Attributes:
        region_id: The same for the same picture, box and model version.
        geometry: `x, y, width, height` in percent of the picture.
    """

    region_id: str
    geometry: Mapping[str, float]


def placed(
    prediction: ImagePrediction, *, digest: str, model_version: str
) -> Iterator[tuple[Garment, Place | None]]:
    """Give every garment with its place; None for a box that lies outside the picture.

    Args:
        prediction: Boxes in pixels of the upright picture.
        digest: Hash of the picture's bytes.
        model_version: Goes into the ids, so that two versions' regions are told apart.
    """
    taken: set[str] = set()
    for garment in prediction.garments:
        geometry = _percent(garment.box, prediction.image_wh)
        if geometry is None:
            yield garment, None
        else:
            region_id = _region_id(digest, geometry, model_version, taken=taken)
            yield garment, Place(region_id=region_id, geometry=geometry)


def _percent(box: PixelBox, image_wh: tuple[int, int]) -> dict[str, float] | None:
    """Express a box in percent, rounded so that it never reaches beyond the picture."""
    try:
        exact = to_percent(box.clip(image_wh), image_wh=image_wh)
    except BoxError:
        return None
    x, y = (math.floor(exact[key] * _STEP) for key in ("x", "y"))
    width = min(round(exact["width"] * _STEP), 100 * _STEP - x)
    height = min(round(exact["height"] * _STEP), 100 * _STEP - y)
    if width <= 0 or height <= 0:
        return None
    return {"x": x / _STEP, "y": y / _STEP, "width": width / _STEP, "height": height / _STEP}


def _region_id(
    digest: str, geometry: Mapping[str, float], model_version: str, *, taken: set[str]
) -> str:
    """Make the same id for the same picture, box and version; boxes that coincide are numbered."""
    for number in range(len(taken) + 1):
        text = f"{digest}|{model_version}|{_joined(geometry.values())}|{number or ''}"
        region_id = PREDICTED_PREFIX + hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
        if region_id not in taken:
            break
    taken.add(region_id)
    return region_id


def _joined(numbers: Iterable[float]) -> str:
    return ",".join(f"{number:.{_DECIMALS}f}" for number in numbers)
