"""Turn a panel's shape, folds and wrinkles into light and shade.

Cloth is treated as a height field in centimetres under one lamp at the upper left, so that
neighbouring panels agree about the light and folds look like folds wherever they lie.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatField", "Fold", "Pleats", "blur", "fold_height", "light", "noise_tile", "puff"]

FloatField = NDArray[np.float32]

_LAMP = np.array([-0.38, -0.55, 0.74], dtype=np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A ridge in the cloth, centimetres.

    Attributes:
        start: Where it is highest, x and y.
        end: Where it has run out.
        width: Half its width.
        height: Negative for a valley.
    """

    start: tuple[float, float]
    end: tuple[float, float]
    width: float = 1.2
    height: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pleats:
    """Folds that fan out from a waist to a hem.

    Attributes:
        top: y where they begin.
        bottom: y of the hem.
        half_top: Half the panel's width at the top.
        half_bottom: Half the panel's width at the hem.
        count: Number of folds over the whole width.
        depth: Height at the hem, centimetres.
        sharp: 0 for soft waves, 1 for pressed pleats.
        phase: Moves the folds sideways, radians.
        centre: x of the panel's middle.
    """

    top: float
    bottom: float
    half_top: float
    half_bottom: float
    count: float
    depth: float
    sharp: float = 0.0
    phase: float = 0.0
    centre: float = 0.0

    def height(self, x: FloatField, y: FloatField) -> FloatField:
        """Return the height at (H, W) positions in centimetres."""
        down = np.clip((y - self.top) / (self.bottom - self.top), 0.0, 1.2)
        half = self.half_top + (self.half_bottom - self.half_top) * down
        across = (x - self.centre) / half
        angle = np.pi * self.count * across + self.phase
        if self.sharp > 0.5:
            saw = np.mod(angle / (2 * np.pi), 1.0)
            wave = np.where(saw < 0.85, saw / 0.85, (1.0 - saw) / 0.15) - 0.5
        else:
            wave = 0.6 * np.sin(angle + 0.9 * np.sin(1.7 * across + self.phase)) + 0.4 * np.sin(
                0.53 * angle + 1.3 * self.phase
            )
        ramp = 0.25 * self.sharp + (1 - 0.25 * self.sharp) * np.sqrt(down)
        return (self.depth * ramp * wave).astype(np.float32)


def blur(field: FloatField, radius: float) -> FloatField:
    """Blur with three box filters, close to a Gaussian of the given radius in pixels."""
    size = max(1, round(radius * 0.95))
    if radius < 0.6:
        return field
    for _ in range(3):
        for axis in (0, 1):
            field = _box(field, size, axis)
    return field


def _box(field: FloatField, size: int, axis: int) -> FloatField:
    pad = [(0, 0), (0, 0)]
    pad[axis] = (size + 1, size)
    sums = np.cumsum(np.pad(field, pad), axis=axis, dtype=np.float32)
    width = 2 * size + 1
    if axis == 0:
        return (sums[width:] - sums[:-width]) / np.float32(width)
    return (sums[:, width:] - sums[:, :-width]) / np.float32(width)


def puff(
    mask: FloatField, *, px_per_cm: float, edge: float, height: float, open_end: bool = False
) -> FloatField:
    """Round a panel off towards its edge, as cloth over a body.

    Args:
        mask: (H, W) coverage.
        px_per_cm: Scale of the mask.
        edge: Width of the rounding, centimetres.
        height: How far the middle stands out, centimetres.
        open_end: Whether the lower edge hangs free and is not rounded off.
    """
    radius = edge * px_per_cm * 0.6
    pad = int(3 * radius) + 4  # each of the blurs needs to see what the one before left outside
    if open_end:
        hanging = np.pad(np.maximum.accumulate(mask, axis=0), ((0, pad), (0, 0)), mode="edge")
        padded = np.pad(hanging, ((pad, 0), (pad, pad)))
    else:
        padded = np.pad(mask, pad)
    soft = blur(padded, radius)[pad:-pad, pad:-pad]
    inside = np.clip(2.0 * soft - 1.0, 0.0, 1.0)
    return (height * inside * (1.6 - 0.6 * inside)).astype(np.float32)


def fold_height(folds: tuple[Fold, ...], x: FloatField, y: FloatField) -> FloatField:
    """Sum the heights of folds at (H, W) positions in centimetres."""
    total = np.zeros_like(x)
    for fold in folds:
        (x0, y0), (x1, y1) = fold.start, fold.end
        dx, dy = x1 - x0, y1 - y0
        length = max(1e-6, float(np.hypot(dx, dy)))
        along = ((x - x0) * dx + (y - y0) * dy) / (length * length)
        aside = ((x - x0) * dy - (y - y0) * dx) / length
        inside = np.clip(along, 0.0, 1.0)
        beyond = (along - inside) * length
        distance = (aside**2 + beyond**2) / (fold.width * (0.55 + 0.6 * inside)) ** 2
        total += fold.height * (1.0 - 0.85 * inside) * np.exp(-distance)
    return total


def noise_tile(
    rng: np.random.Generator, *, size: int = 128, cells: tuple[int, int] = (8, 8)
) -> FloatField:
    """Return smooth periodic noise of mean 0 and deviation 1, (size, size)."""
    rows, columns = cells
    spectrum = np.fft.rfft2(rng.standard_normal((size, size)))
    fy = np.fft.fftfreq(size)[:, None] * size / max(1, rows)
    fx = np.fft.rfftfreq(size)[None, :] * size / max(1, columns)
    spectrum *= np.exp(-0.7 * (fx**2 + fy**2))
    field = np.fft.irfft2(spectrum, s=(size, size))
    field -= field.mean()
    return (field / max(1e-9, float(field.std()))).astype(np.float32)


def light(height: FloatField, *, px_per_cm: float) -> tuple[FloatField, FloatField, FloatField]:
    """Return the light on a height field: 1 where it faces the viewer, and its two slopes."""
    slope_y, slope_x = np.gradient(height * np.float32(px_per_cm))
    norm = np.sqrt(1.0 + slope_x**2 + slope_y**2)
    lit = (-slope_x * _LAMP[0] - slope_y * _LAMP[1] + _LAMP[2]) / (norm * _LAMP[2])
    return lit.astype(np.float32), slope_x.astype(np.float32), slope_y.astype(np.float32)
