"""What a panel is made of: a periodic colour tile, a weave and how it takes the light."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tagger.render.shading import FloatField, noise_tile

__all__ = ["RGB", "Fabric", "Weave", "plain", "shaded_tile"]

RGB = tuple[float, float, float]
Weave = Literal["plain", "denim", "knit", "rib", "leather", "satin", "canvas", "fleece", "metal"]

_GRAIN = noise_tile(np.random.default_rng(11), size=256, cells=(90, 90))
_FIBRE = noise_tile(np.random.default_rng(12), size=256, cells=(20, 110))
_BLOTCH = noise_tile(np.random.default_rng(13), size=256, cells=(10, 10))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fabric:
    """A cloth.

    Attributes:
        tile: (h, w, 3) float32, 0 to 255, repeats in both directions.
        tile_cm: Width and height of the tile in centimetres.
        weave: Fine structure that is laid over the colours.
        gloss: 0 for matt cotton, 1 for patent leather.
        depth: How strongly folds darken it, 1 for common cloth.
    """

    tile: NDArray[np.float32]
    tile_cm: tuple[float, float] = (1.0, 1.0)
    weave: Weave = "plain"
    gloss: float = 0.05
    depth: float = 1.0

    def sample(self, u: FloatField, v: FloatField) -> FloatField:
        """Return the colours at (H, W) positions in centimetres along the weave, (H, W, 3)."""
        height, width = self.tile.shape[:2]
        if height == width == 1:
            colours = np.broadcast_to(self.tile[0, 0], (*u.shape, 3))
        else:
            column = np.floor(u * (width / self.tile_cm[0])).astype(np.int32) % width
            row = np.floor(v * (height / self.tile_cm[1])).astype(np.int32) % height
            colours = self.tile[row, column]
        return np.asarray(colours * _weave(self.weave, u, v)[..., None], dtype=np.float32)

    def mean(self) -> RGB:
        """The average colour, 0 to 255."""
        red, green, blue = self.tile.reshape(-1, 3).mean(axis=0)
        return float(red), float(green), float(blue)

    def toned(self, factor: float) -> Fabric:
        """The same cloth, darker below 1, lighter above."""
        return replace(self, tile=np.clip(self.tile * np.float32(factor), 0.0, 255.0))

    def woven(self, weave: Weave, *, gloss: float | None = None) -> Fabric:
        """The same colours in another weave."""
        return replace(self, weave=weave, gloss=self.gloss if gloss is None else gloss)


def plain(
    colour: RGB, *, weave: Weave = "plain", gloss: float = 0.05, depth: float = 1.0
) -> Fabric:
    """Return a cloth of one colour."""
    tile = np.asarray(colour, dtype=np.float32).reshape(1, 1, 3)
    return Fabric(tile=tile, weave=weave, gloss=gloss, depth=depth)


def shaded_tile(tile: NDArray[np.float32], size_cm: tuple[float, float]) -> Fabric:
    """Return a cloth that repeats a picture of the given size."""
    return Fabric(tile=np.ascontiguousarray(tile, dtype=np.float32), tile_cm=size_cm)


def _look_up(tile: FloatField, u: FloatField, v: FloatField, per_cm: float) -> FloatField:
    size = len(tile)
    column = np.floor(u * per_cm).astype(np.int32) % size
    row = np.floor(v * per_cm).astype(np.int32) % size
    read: FloatField = tile[row, column]
    return read


def _weave(weave: Weave, u: FloatField, v: FloatField) -> FloatField:
    """Return a brightness factor around 1 for the fine structure."""
    one = np.float32(1.0)
    if weave == "denim":
        twill = np.sin((u + v) * np.float32(2 * np.pi / 0.42))
        blotch = _look_up(_BLOTCH, u, v, 6.0)
        factor = one + 0.05 * _look_up(_FIBRE, u, v, 14.0) + 0.03 * twill + 0.035 * blotch
        return _float(factor)
    if weave == "rib":
        ridge = np.sin(u * np.float32(2 * np.pi / 0.62))
        return _float(one + 0.10 * ridge + 0.02 * _look_up(_GRAIN, u, v, 14.0))
    if weave == "knit":
        across = np.abs(np.mod(u / np.float32(0.9), 1.0) - 0.5)
        stitch = np.sin((v / np.float32(0.62) + 0.9 * across) * np.float32(2 * np.pi))
        groove = np.cos(across * np.float32(4 * np.pi))
        factor = one + 0.055 * stitch - 0.05 * groove + 0.02 * _look_up(_GRAIN, u, v, 14.0)
        return _float(factor)
    if weave == "leather":
        return _float(
            one + 0.03 * _look_up(_BLOTCH, u, v, 9.0) + 0.02 * _look_up(_GRAIN, u, v, 10.0)
        )
    if weave == "canvas":
        warp = np.sin(u * np.float32(2 * np.pi / 0.3)) + np.sin(v * np.float32(2 * np.pi / 0.3))
        return _float(one + 0.018 * warp + 0.03 * _look_up(_GRAIN, u, v, 14.0))
    if weave == "fleece":
        return _float(
            one + 0.035 * _look_up(_GRAIN, u, v, 9.0) + 0.02 * _look_up(_BLOTCH, u, v, 12.0)
        )
    if weave in ("satin", "metal"):
        return _float(one + 0.008 * _look_up(_GRAIN, u, v, 14.0))
    return _float(one + 0.018 * _look_up(_GRAIN, u, v, 14.0) + 0.012 * _look_up(_FIBRE, u, v, 12.0))


def _float(factor: NDArray[Any]) -> FloatField:
    return np.asarray(factor, dtype=np.float32)
