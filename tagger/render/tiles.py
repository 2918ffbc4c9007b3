"""Draw periodic pattern tiles: what leaves one side comes back on the other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from tagger.render.fabric import RGB, Fabric, shaded_tile
from tagger.render.geometry import Points
from tagger.render.shading import FloatField

__all__ = ["PX_PER_CM", "Tile", "from_field", "scattered"]

PX_PER_CM = 18
_FINE = 2


class Tile:
    """A periodic picture in centimetres."""

    def __init__(self, width: float, height: float, ground: RGB) -> None:
        """Begin with an even ground of the given width and height."""
        self.width, self.height = width, height
        self._scale = PX_PER_CM * _FINE
        size = (round(width * PX_PER_CM) * _FINE, round(height * PX_PER_CM) * _FINE)
        self._image = Image.new("RGB", size, _ink(ground))
        self._draw = ImageDraw.Draw(self._image)

    def polygon(self, outline: Points, colour: RGB) -> None:
        """Fill an outline, wrapped around all four sides."""
        low, high = outline.min(axis=0), outline.max(axis=0)
        for dx in (-self.width, 0.0, self.width):
            for dy in (-self.height, 0.0, self.height):
                if high[0] + dx < 0 or low[0] + dx > self.width:
                    continue
                if high[1] + dy < 0 or low[1] + dy > self.height:
                    continue
                moved = (outline + np.array([dx, dy])) * self._scale
                self._draw.polygon([(float(x), float(y)) for x, y in moved], fill=_ink(colour))

    def fabric(self) -> Fabric:
        """Return the finished tile as a cloth."""
        small = self._image.reduce(_FINE)
        return shaded_tile(np.asarray(small, dtype=np.float32), (self.width, self.height))


def _ink(colour: RGB) -> tuple[int, int, int]:
    red, green, blue = (round(channel) for channel in colour)
    return red, green, blue


def from_field(field: NDArray[np.intp], colours: list[RGB], size_cm: tuple[float, float]) -> Fabric:
    """Colour an integer field (H, W) and soften its edges by one pixel."""
    table = np.asarray(colours, dtype=np.float32)
    picture: FloatField = table[field]
    soft = sum(
        np.roll(picture, (dy, dx), axis=(0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)
    ) / np.float32(9.0)
    return shaded_tile(np.asarray(soft, dtype=np.float32), size_cm)


def scattered(
    rng: np.random.Generator, *, width: float, height: float, spacing: float
) -> list[tuple[float, float]]:
    """Return positions with at least `spacing` between them, also across the tile's sides."""
    kept: list[tuple[float, float]] = []
    for x, y in rng.random((int(6 * width * height / spacing**2) + 8, 2)) * (width, height):
        clear = True
        for kx, ky in kept:
            dx = min(abs(x - kx), width - abs(x - kx))
            dy = min(abs(y - ky), height - abs(y - ky))
            if dx * dx + dy * dy < spacing * spacing:
                clear = False
                break
        if clear:
            kept.append((float(x), float(y)))
    return kept
