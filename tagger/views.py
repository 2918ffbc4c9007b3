"""The two looks that the network takes at a garment, and what the detector adds to them.

The close look is the garment's crop.
The wide one is seen in a mirror: of a product that is alone in its picture, the whole picture, so
that a box that cut too much off does little harm; of one among several, the same crop again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tagger.boxes import PixelBox, whole_image
from tagger.crops import cut

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray
    from PIL.Image import Image

    from ontology.model import CategoryId

__all__ = ["Look", "detector_logits", "look_at"]

# How much of the detector's word counts. Both networks have seen the same pixels, so that they err
# together: as independent witnesses (1.0) they were worse than the crop alone.
_TRUST = 0.45
_FLOOR = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What the network is shown of one garment.

    Attributes:
        close: (S, S, 3) crop of the garment, RGB.
        wide: (S, S, 3) what is shown mirrored; None for the crop itself.
    """

    close: NDArray[np.uint8]
    wide: NDArray[np.uint8] | None = None


def look_at(
    image: Image, box: PixelBox, *, size: int, aspect: float = 1.0, is_alone: bool = False
) -> Look:
    """Cut what the network is shown of one garment.

    Args:
        image: RGB picture.
        box: The garment in pixels of that picture.
        size: Side of the network's input in pixels.
        aspect: True width of a pixel of the picture relative to its height.
        is_alone: Whether the picture shows no other garment.
    """
    close = cut(image, box, size=size, aspect=aspect)
    if not is_alone:
        return Look(close=close)
    wide = cut(image, whole_image(image.size), size=size, aspect=aspect)
    return Look(close=close, wide=wide)


def detector_logits(
    categories: Sequence[CategoryId],
    word: Mapping[str, float],
    leaves: Mapping[str, Collection[CategoryId]],
) -> NDArray[np.float32]:
    """Give what a detector's word adds to the category's logits.

    Args:
        categories: K leaf categories.
        word: Score, 0 to 1, of each coarse class that the detector sees at the garment's place.
        leaves: The leaf categories of every coarse class.

    Returns:
        (K,) the logarithm of each leaf's best class score, floored and tempered.
    """
    scores = np.zeros(len(categories), dtype=np.float32)
    for name, score in word.items():
        inside = np.array([category in leaves[name] for category in categories])
        scores = np.maximum(scores, np.where(inside, np.float32(score), np.float32(0)))
    added: NDArray[np.float32] = (_TRUST * np.log(scores + _FLOOR)).astype(np.float32)
    return added
