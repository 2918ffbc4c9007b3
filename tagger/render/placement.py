"""Where a drawing goes in the picture, and what painting it gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tagger.render.geometry import Points
from tagger.render.shading import FloatField

__all__ = ["Placement", "Sprite"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a drawing goes in the picture.

    Attributes:
        px_per_cm: Scale in the final picture.
        origin: Pixel of the drawing's (0, 0).
        degrees: Clockwise turn.
        mirrored: Whether left and right are exchanged.
    """

    px_per_cm: float
    origin: tuple[float, float]
    degrees: float = 0.0
    mirrored: bool = False

    def matrix(self) -> Points:
        """Return the 2 x 2 matrix from centimetres to final pixels."""
        angle = np.deg2rad(self.degrees)
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        flip = np.diag([-1.0 if self.mirrored else 1.0, 1.0])
        matrix: Points = self.px_per_cm * flip @ turn
        return matrix

    def to_pixels(self, points: Points) -> Points:
        """Map centimetres to final pixels."""
        mapped: Points = points @ self.matrix() + self.origin
        return mapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprite:
    """A painted drawing.

    Attributes:
        rgb: (h, w, 3) float32, 0 to 255.
        alpha: (h, w) float32, 0 to 1.
        corner: Pixel of the picture where the sprite's top left pixel goes.
    """

    rgb: FloatField
    alpha: FloatField
    corner: tuple[int, int]
