"""Noise, enlarging, dashes and light on colours: pixel work of the canvas."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tagger.render.geometry import Points
from tagger.render.items import Panel
from tagger.render.shading import FloatField

__all__ = ["dashes", "enlarge", "lit", "read_noise"]


def lit(colour: FloatField, shade: FloatField, panel: Panel) -> FloatField:
    """Return colours under light; dark cloth shows its folds by a sheen."""
    fabric = panel.fabric
    gain = np.float32(0.95 * fabric.depth)
    factor = np.clip(1.0 + gain * (shade - 1.0), 0.22, 1.3)[..., None]
    sheen = np.clip(shade - np.float32(panel.tone), -0.6, 0.6)[..., None]
    dark = np.float32(1.0) - colour.mean(axis=2, keepdims=True) / 255.0
    lifted = colour * factor + 46.0 * sheen * dark**2 * np.float32(fabric.depth)
    if fabric.gloss > 0.1:
        shine = np.clip(shade - 1.04, 0.0, 0.5)[..., None] ** 1.4
        lifted = lifted + np.float32(420.0 * fabric.gloss) * shine
    return np.asarray(np.clip(lifted, 0.0, 255.0), dtype=np.float32)


def read_noise(tile: FloatField, x: FloatField, y: FloatField, per_cm: float) -> FloatField:
    """Read periodic noise, between its samples by straight lines."""
    size = len(tile)
    column, row = x * np.float32(per_cm), y * np.float32(per_cm)
    c0, r0 = np.floor(column).astype(np.int32), np.floor(row).astype(np.int32)
    fc, fr = column - c0, row - r0
    c0, c1, r0, r1 = c0 % size, (c0 + 1) % size, r0 % size, (r0 + 1) % size
    top = tile[r0, c0] * (1 - fc) + tile[r0, c1] * fc
    bottom = tile[r1, c0] * (1 - fc) + tile[r1, c1] * fc
    return np.asarray(top * (1 - fr) + bottom * fr, dtype=np.float32)


def enlarge(field: FloatField, size: tuple[int, int]) -> FloatField:
    """Enlarge a field to a width and height, smoothly."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR), dtype=np.float32)


def dashes(curve: Points, dash: tuple[float, float] | None, per_cm: float) -> list[Points]:
    """Cut a curve in pixels into stitches given in centimetres."""
    if dash is None:
        return [curve]
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    at = np.concatenate([[0.0], np.cumsum(steps)])
    length, gap = dash[0] * per_cm, dash[1] * per_cm
    pieces = []
    for start in np.arange(0.0, at[-1], length + gap):
        where = np.linspace(start, min(start + length, at[-1]), 3)
        pieces.append(
            np.stack([np.interp(where, at, curve[:, 0]), np.interp(where, at, curve[:, 1])], axis=1)
        )
    return pieces
