"""Find pictures that were uploaded for more than one product.

Two pictures are the same if their perceptual hashes (64 bits of a cosine transform, library
`imagehash`) differ in few bits and small copies of them differ by little of their contrast: product
photographs on white of two sandals, or of one shirt in two colours, have the same hash. Mirrored
copies are not looked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["Fingerprint", "fingerprint", "same_pictures"]

_MAX_BITS = 6
_MAX_DIFFERENCE = 0.13
_NUM_BANDS = _MAX_BITS + 2
_SIDE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What a picture is recognised by.

    Attributes:
        bits: (64,) perceptual hash.
        colours: (32, 32, 3) mean RGB of a grid over the picture, 0..255.
    """

    bits: NDArray[np.bool_]
    colours: NDArray[np.uint8]

    def is_same(self, other: Fingerprint) -> bool:
        """Tell whether two pictures show the same, up to size and compression."""
        return (
            int((self.bits != other.bits).sum()) <= _MAX_BITS
            and self._difference(other) <= _MAX_DIFFERENCE
        )

    def _difference(self, other: Fingerprint) -> float:
        """Give the mean difference of colours over their mean distance to the median colour."""
        mine, theirs = (one.colours.astype(np.float32) for one in (self, other))
        contrasts = [np.abs(one - np.median(one, axis=(0, 1))).mean() for one in (mine, theirs)]
        return float(np.abs(mine - theirs).mean() / max(float(np.mean(contrasts)), 1.0))


def fingerprint(image: Image) -> Fingerprint:
    """Give the fingerprint of an RGB picture."""
    import imagehash
    from PIL import Image as Pillow

    grid = image.convert("RGB").resize((_SIDE, _SIDE), Pillow.Resampling.BOX, reducing_gap=4.0)
    return Fingerprint(
        bits=np.asarray(imagehash.phash(image).hash, dtype=bool).reshape(-1),
        colours=np.asarray(grid, dtype=np.uint8),
    )


def same_pictures(prints: Mapping[str, Fingerprint]) -> dict[str, tuple[str, ...]]:
    """Give, for each picture that has any, the others that show the same.

    Hashes that differ in at most six bits agree in one of eight bands of eight bits, so only
    pictures that share a band are compared.
    """
    buckets: dict[tuple[int, bytes], list[str]] = defaultdict(list)
    for name, print_ in prints.items():
        for band, part in enumerate(np.split(print_.bits, _NUM_BANDS)):
            buckets[band, part.tobytes()].append(name)
    pairs: set[tuple[str, str]] = set()
    for names in buckets.values():
        if len(names) < 2:
            continue
        bits = np.stack([prints[name].bits for name in names])
        for at, name in enumerate(names[:-1]):
            near = np.flatnonzero((bits[at + 1 :] != bits[at]).sum(axis=1) <= _MAX_BITS)
            pairs.update(
                (name, names[at + 1 + int(other)])
                for other in near
                if prints[name].is_same(prints[names[at + 1 + int(other)]])
            )
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in sorted(pairs):
        found[one].append(other)
        found[other].append(one)
    return {name: tuple(sorted(set(others))) for name, others in found.items()}
